//! What `SLOWLOG`, `INFO commandstats` and `LATENCY` of the server show of work outside commands.

use std::time::Instant;

use crate::harness::waiting::wait_until;
use crate::harness::{Client, Server, mini};

/// The time of all calls of a command in microseconds, by the server.
fn counted_us(client: &mut Client, command: &str) -> u128 {
    let stats = client.info("commandstats");
    let of = stats.get(&format!("cmdstat_{command}")).expect("a command that was called");
    of.split("usec=").nth(1).and_then(|rest| rest.split(',').next()?.parse().ok()).expect("microseconds")
}

#[test]
fn the_time_of_an_assessment_on_a_worker_is_the_time_of_its_command() {
    let server = Server::with(&["slowlog-log-slower-than 1000", "assess.slice-us 50"]);
    server.write("wide.csv", mini::wide_table(1000));
    let mut client = server.client();
    client.ask("MODEL.LOAD wide IO FILE wide.csv").good();
    client.await_ready("wide");
    // A request may wait for a core before it is computed, and that is not its time: one of several has most of it.
    let mut before = 0;
    wait_until("most of the time for the client is that of the command", || {
        let begin = Instant::now();
        client.ask("ASSESS.GET wide R01 S1 PATHS 1000 NOCACHE").good();
        let took = begin.elapsed().as_micros();
        let counted = counted_us(&mut client, "assess.get");
        let own = counted - std::mem::replace(&mut before, counted);
        own > took / 2
    });
    let slow = client
        .ask("SLOWLOG GET -1")
        .array()
        .iter()
        .any(|entry| entry.array()[3].texts().first().is_some_and(|command| command == "ASSESS.GET"));
    assert!(slow, "SLOWLOG does not show the command");
}

#[test]
fn a_long_slice_is_an_event_of_the_latency_monitor_if_it_is_on() {
    let server = Server::with_environment(&[], &[("ASSESS_TEST_HOOKS", "1")]);
    let mut client = server.client();
    let mut slow = |threshold: u64| {
        client.ask(&format!("CONFIG SET latency-monitor-threshold {threshold}")).good();
        let before = client.info_number("assess", "slices_over_1ms");
        client.ask("ASSESS.SABOTAGE slice").good();
        wait_until("the slice is counted", || client.info_number("assess", "slices_over_1ms") > before);
        client.ask("LATENCY HISTORY assess-slice").array().len()
    };
    assert_eq!(slow(0), 0, "the monitor is off");
    assert_eq!(slow(1_000_000), 0, "below the threshold");
    assert_eq!(slow(1), 1);
}
