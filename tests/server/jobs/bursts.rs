//! Much that is due at the same time is done in slices, between which other clients are served.

use super::{Claimed, assert_healthy, claimed, served, waiting};
use crate::harness::{Client, Server, wait_until};

/// The number of jobs: far more than one slice handles.
const MANY: usize = 30_000;

/// Submits `MANY` jobs in a few writes.
fn submit(client: &mut Client, options: &[&str]) {
    let words = [&["JOB.SUBMITMANY", "q", "100"][..], &["t"; 200], options].concat();
    for _ in 0..MANY / 100 / 50 {
        client.batch(&vec![words.clone(); 50]).into_iter().for_each(|reply| _ = reply.good());
    }
}

/// Asserts that `work` took many slices, few of them long.
#[track_caller]
fn in_slices(server: &Server, work: impl FnOnce(&mut Client)) {
    let mut client = server.client();
    let numbers = |client: &mut Client| ["slices", "slices_over_1ms"].map(|field| client.info_number("assess", field));
    let [slices, long] = numbers(&mut client);
    work(&mut client);
    let [slices_after, long_after] = numbers(&mut client);
    let (all, long) = (slices_after - slices, long_after - long);
    assert!(all > 20 && long * 4 <= all, "{long} of {all} slices took over a millisecond");
    assert_healthy(&mut client);
}

#[test]
fn delays_that_end_at_the_same_time() {
    let (server, mut client) = served();
    let at = client.ask("TIME").texts()[0].parse::<u64>().expect("a time") * 1000 + 8_000;
    submit(&mut client, &["AT", &at.to_string()]);
    in_slices(&server, |client| {
        wait_until("every job is pending", || client.queue_number("pending") == MANY as i64);
    });
}

#[test]
fn jobs_that_are_dropped_at_the_same_time() {
    let (server, mut client) = served();
    client.ask("JOB.CONFIG q KEEP cancelled 3600").good();
    submit(&mut client, &[]);
    let ids: Vec<String> = (0..MANY / 1000)
        .flat_map(|page| {
            let reply = client.ask(&format!("JOB.LIST q LIMIT 1000 OFFSET {}", page * 1000));
            reply.array().iter().map(|job| job.map()["job_id"].text()).collect::<Vec<_>>()
        })
        .collect();
    for part in ids.chunks(1000) {
        let cancels: Vec<Vec<&str>> = part.iter().map(|id| vec!["JOB.CANCEL", "q", id.as_str()]).collect();
        client.batch(&cancels).into_iter().for_each(|reply| _ = reply.good());
    }
    in_slices(&server, |client| {
        client.ask("JOB.CONFIG q MAXJOBS 10").good();
        wait_until("the oldest are dropped", || client.queue_number("cancelled") == 10);
    });
}

#[test]
fn runs_that_a_failover_ends() {
    let (master, mut client) = served();
    client.ask(&format!("JOB.CONFIG q MAXRUNNING {MANY}")).good();
    submit(&mut client, &[]);
    let claims = vec![["JOB.CLAIM", "q", "1", "t", "COUNT", "100", "LEASE", "3600000"].to_vec(); 50];
    let mut last: Option<Claimed> = None;
    for _ in 0..MANY / 100 / 50 {
        for reply in client.batch(&claims) {
            last = claimed(&reply).pop();
        }
    }
    let replica = Server::start();
    replica.follow(&master);
    let last = last.expect("a job was claimed");
    in_slices(&replica, |client| {
        client.ask("REPLICAOF NO ONE").good();
        // In the middle of it: the tokens are refused from the beginning.
        let reply = client.complete(&last, "late");
        assert_eq!(reply.code(), "LEASELOST", "{reply:?}");
        wait_until("no job of the former master runs", || client.queue_number("pending") == MANY as i64);
    });
}

#[test]
fn leases_that_end_at_the_same_time_while_workers_wait() {
    let (server, mut client) = served();
    client.ask(&format!("JOB.CONFIG q MAXRUNNING {MANY}")).good();
    submit(&mut client, &["RETRIES", "100"]);
    let claims = vec![["JOB.CLAIM", "q", "1", "t", "COUNT", "100", "LEASE", "6000"].to_vec(); 50];
    for _ in 0..MANY / 100 / 50 {
        client.batch(&claims).into_iter().for_each(|reply| _ = reply.good());
    }
    let mut workers: Vec<Client> =
        (0..50).map(|_| waiting(&server, "JOB.CLAIM q 1 t BLOCK 0 COUNT 3 LEASE 3600000")).collect();
    in_slices(&server, |client| {
        wait_until("every lease has ended", || client.queue_number("running") <= 150);
        for worker in &mut workers {
            assert!((1..=3).contains(&claimed(&worker.receive()).len()));
        }
    });
}
