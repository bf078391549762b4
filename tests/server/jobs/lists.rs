//! `JOB.LIST` and `JOB.PURGE` of long queues: filters, pages, and slices between which other clients are served.

use std::collections::BTreeSet;

use super::{STATES, one_of_each, served};
use crate::harness::{Client, Reply, wait_until};

fn ids(client: &mut Client, line: &str) -> Vec<String> {
    client.ask(line).good().array().iter().map(|job| job.map()["job_id"].text()).collect()
}

fn submit(client: &mut Client, count: usize, job_type: &str) {
    let words = [&["JOB.SUBMITMANY", "q", "100"][..], &[job_type; 200]].concat();
    let commands = vec![words; count / 100];
    for part in commands.chunks(50) {
        client.batch(part).into_iter().for_each(|reply| _ = reply.good());
    }
}

#[test]
fn a_list_is_newest_first_and_filtered() {
    let (_server, mut client) = served();
    let of_states = one_of_each(&mut client);
    for (state, id) in STATES.iter().zip(&of_states) {
        let listed = ids(&mut client, &format!("JOB.LIST q STATUS {state}"));
        assert!(listed.contains(id), "{state}: {listed:?}");
        assert_eq!(ids(&mut client, &format!("JOB.LIST q STATUS {state} TYPE {state}")), std::slice::from_ref(id));
    }
    client.ask("DEL q").good();
    for i in 0..10 {
        client.ask(&format!("JOB.SUBMIT q t{} p ID {i} GROUP g{}", i % 2, i % 3)).good();
    }
    assert_eq!(ids(&mut client, "JOB.LIST q"), ["9", "8", "7", "6", "5", "4", "3", "2", "1", "0"]);
    assert_eq!(ids(&mut client, "JOB.LIST q OFFSET 2 LIMIT 3"), ["7", "6", "5"]);
    assert_eq!(ids(&mut client, "JOB.LIST q TYPE t1 GROUP g0"), ["9", "3"]);
    assert_eq!(ids(&mut client, "JOB.LIST q TYPE t1 OFFSET 4 LIMIT 9"), ["1"]);
    assert_eq!(ids(&mut client, "JOB.LIST q OFFSET 1000000000").len(), 0);
    assert_eq!(ids(&mut client, "JOB.LIST none").len(), 0);
    let job = client.ask("JOB.LIST q LIMIT 1").array()[0].map();
    assert!(!job.contains_key("result") && !job.contains_key("metadata") && job.contains_key("status"));
}

#[test]
fn pages_cover_a_long_queue_once() {
    let (_server, mut client) = served();
    submit(&mut client, 2_500, "t");
    let pages: Vec<String> =
        (0..3).flat_map(|i| ids(&mut client, &format!("JOB.LIST q LIMIT 1000 OFFSET {}", i * 1000))).collect();
    let distinct: BTreeSet<&String> = pages.iter().collect();
    assert_eq!((pages.len(), distinct.len()), (2_500, 2_500));
}

#[test]
fn a_long_list_and_a_long_purge_run_in_slices() {
    let (server, mut client) = served();
    client.ask("JOB.SUBMIT q first p ID first").good();
    submit(&mut client, 100_000, "t");
    for line in ["JOB.LIST q TYPE first", "JOB.LIST q OFFSET 99990", "JOB.PURGE q pending"] {
        let slices = client.info_number("assess", "slices");
        let mut slow = server.client();
        slow.send_line(line);
        client.ask("PING").good();
        let reply = slow.receive().good();
        match line.split(' ').next() {
            Some("JOB.PURGE") => assert_eq!(reply, Reply::Integer(100_001)),
            _ => assert!(!reply.array().is_empty(), "{line}"),
        }
        let used = client.info_number("assess", "slices") - slices;
        // Other clients are served between the slices, whatever the speed of the machine.
        assert!(used >= 5, "{line}: {used} slices");
    }
    // A slice that is much longer would be one that does not stop: all together need many more than these.
    let info = client.info("assess");
    let long: i64 = info["slices_over_1ms"].parse().expect("a number");
    let all: i64 = info["slices"].parse().expect("a number");
    assert!(long * 5 <= all, "{long} of {all} slices took over a millisecond");
    assert_eq!(client.queue_number("total_jobs"), 0);
}

#[test]
fn where_a_client_cannot_wait_a_long_list_is_refused() {
    let (_server, mut client) = served();
    submit(&mut client, 100_000, "t");
    let replies = client.pipeline(&["MULTI", "JOB.LIST q TYPE none", "JOB.LIST q LIMIT 5", "EXEC"]);
    let results = replies[3].array();
    assert_eq!(results[0].code(), "BUSY", "{:?}", results[0]);
    assert_eq!(results[1].array().len(), 5);
    let script = "return redis.call('JOB.LIST','q','TYPE','none')";
    assert!(client.call(&["EVAL", script, "0"]).error().contains("cannot wait"));
}

#[test]
fn a_list_whose_queue_changes_meanwhile_is_answered() {
    let (server, mut client) = served();
    for ends in ["DEL q", "RENAME q other", "SET q text", "FLUSHALL", "JOB.PURGE q pending", "DEBUG RELOAD"] {
        client.ask("FLUSHALL").good();
        submit(&mut client, 30_000, "t");
        let (mut list, mut purge) = (server.client(), server.client());
        list.send_line("JOB.LIST q TYPE none");
        purge.send_line("JOB.PURGE q pending");
        client.ask(ends).good();
        for reply in [list.receive(), purge.receive()] {
            // While it reloads, redis 8 refuses commands that arrive meanwhile.
            assert!(["", "WRONGTYPE", "LOADING"].contains(&reply.code()), "{ends}: {reply:?}");
        }
    }
    // The client of a long request is disconnected.
    submit(&mut client, 30_000, "t");
    let mut list = server.client();
    let id = list.id();
    list.send_line("JOB.LIST q TYPE none");
    client.ask(&format!("CLIENT KILL ID {id}"));
    wait_until("no client waits", || client.info_number("assess", "blocked") == 0);
    super::assert_healthy(&mut client);
}
