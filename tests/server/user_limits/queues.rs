//! The queues of results and of histories: bounded, and a user who fills one loses its own.

use super::connection;
use crate::harness::{Client, Server, mini};

/// Different assessments of the mini table: each is a result of its own.
fn assess_many(client: &mut Client, count: usize, options: &str) {
    let queries = (0..=32).flat_map(|layers| (1..=200).map(move |top| (layers, top)));
    let lines: Vec<String> = queries
        .take(count)
        .map(|(layers, top)| format!("ASSESS.GET icio USA C10 LAYERS {layers} TOP {top} {options}"))
        .collect();
    for batch in lines.chunks(500) {
        let batch: Vec<&str> = batch.iter().map(String::as_str).collect();
        client.pipeline(&batch).into_iter().for_each(|reply| _ = reply.good());
    }
}

#[test]
fn given_a_user_with_more_results_than_the_queue_holds_then_those_of_others_are_stored() {
    let (server, mut admin) = Server::with_mini(&[]);
    let (mut greedy, mut other) = (connection(&server, "greedy"), connection(&server, "other"));
    // Nothing is stored meanwhile, as when the server has no time for it.
    admin.ask("CLIENT PAUSE 600000 WRITE").good();
    other.ask("ASSESS.GET icio CHN C10").good();
    assess_many(&mut greedy, 5000, "");
    assert_eq!(admin.info_number("assess", "pending"), 4096);
    assert_eq!(admin.info_number("assess", "not_stored"), 5001 - 4096);
    admin.ask("CLIENT UNPAUSE").good();
    admin.await_key("assessment:{icio}:CHN:C10:indicator=risk");
}

#[test]
fn given_a_user_who_fills_the_queue_of_histories_then_those_of_others_are_logged() {
    let server = Server::start();
    server.write("mini.csv", mini::TABLE);
    let mut admin = server.client();
    admin.ask("MODEL.LOAD icio IO FILE mini.csv HISTORY 10000").good();
    admin.await_ready("icio");
    let (mut greedy, mut other) = (connection(&server, "greedy"), connection(&server, "other"));
    admin.ask("CLIENT PAUSE 600000 WRITE").good();
    for _ in 0..2 {
        assess_many(&mut greedy, 5100, "NOCACHE TENANT greedy");
    }
    let dropped = admin.info_number("assess", "history_dropped");
    assert!(dropped > 0, "the queue is full");
    other.ask("ASSESS.GET icio USA C10 NOCACHE TENANT other").good();
    assert_eq!(admin.info_number("assess", "history_dropped"), dropped + 1, "the oldest of the other user");
    admin.ask("CLIENT UNPAUSE").good();
    assert_eq!(admin.ask("ASSESS.HISTORY icio TENANT other").array().len(), 1);
}
