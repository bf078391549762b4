//! Tenants: one with many jobs does not delay another's first.

use super::{Claimed, served};
use crate::harness::Client;

/// Submits jobs of a group, a hundred at a time.
fn submit(client: &mut Client, group: &str, count: usize) {
    let jobs = ["t", group].repeat(100);
    let words: Vec<&str> = ["JOB.SUBMITMANY", "q", "100"].into_iter().chain(jobs).chain(["GROUP", group]).collect();
    for _ in 0..count / 100 {
        client.call(&words).good();
    }
}

/// Claims one job, and returns it with its group.
fn next(client: &mut Client) -> Option<(Claimed, String)> {
    let reply = client.ask("JOB.CLAIM q 1 t LEASE 3600000");
    let payload = reply.array().first()?.map()["payload"].text();
    Some((super::claimed(&reply).remove(0), payload))
}

#[test]
fn the_first_job_of_a_small_tenant_starts_after_at_most_maxpergroup_claims() {
    for limit in [1, 2, 4] {
        let (_server, mut client) = served();
        client.ask(&format!("JOB.CONFIG q MAXRUNNING 100 MAXPERGROUP {limit}")).good();
        submit(&mut client, "large", 10_000);
        // The large one has had its turns already.
        let held: Vec<Claimed> = std::iter::from_fn(|| next(&mut client)).map(|(job, _)| job).collect();
        assert_eq!(held.len(), limit);
        submit(&mut client, "small", 100);
        let mut claims = 0;
        while let Some((_, group)) = next(&mut client) {
            claims += 1;
            if group == "small" {
                break;
            }
        }
        assert!(claims <= limit, "{claims} claims with MAXPERGROUP {limit}");
        // Neither group runs more than its limit, and both go on as their jobs end.
        while next(&mut client).is_some() {}
        let running = client.ask("JOB.LIST q STATUS running");
        let of = |group: &str| running.array().iter().filter(|job| job.map()["group"].text() == group).count();
        assert_eq!((of("large"), of("small")), (limit, limit));
        for job in held {
            client.complete(&job, "").good();
            assert_eq!(next(&mut client).expect("a place is free").1, "large");
        }
    }
}

#[test]
fn without_a_limit_claims_alternate_between_groups() {
    let (_server, mut client) = served();
    client.ask("JOB.CONFIG q MAXRUNNING 1000").good();
    submit(&mut client, "a", 300);
    submit(&mut client, "b", 100);
    submit(&mut client, "c", 100);
    let order: Vec<String> = (0..30).filter_map(|_| next(&mut client)).map(|(_, group)| group).collect();
    for group in ["a", "b", "c"] {
        assert_eq!(order.iter().filter(|of| *of == group).count(), 10, "{order:?}");
    }
}

#[test]
fn waiting_workers_are_served_within_the_limits_of_groups() {
    let (server, mut client) = served();
    client.ask("JOB.CONFIG q MAXRUNNING 100 MAXPERGROUP 1").good();
    let mut workers: Vec<Client> =
        (0..4).map(|_| super::waiting(&server, "JOB.CLAIM q 1 t BLOCK 0 LEASE 3600000")).collect();
    submit(&mut client, "a", 100);
    submit(&mut client, "b", 100);
    let first = super::claimed(&workers[0].receive()).remove(0);
    super::claimed(&workers[1].receive());
    assert_eq!(client.queue_number("running"), 2);
    client.complete(&first, "").good();
    super::claimed(&workers[2].receive());
    client.ask("JOB.CONFIG q MAXPERGROUP 2").good();
    super::claimed(&workers[3].receive());
    assert_eq!(client.queue_number("running"), 3);
}

#[test]
fn low_jobs_are_not_starved() {
    let (_server, mut client) = served();
    client.ask("JOB.CONFIG q MAXRUNNING 100000 AGEING 20").good();
    client.ask("JOB.SUBMIT q t low PRIORITY low").good();
    let mut claims = 0;
    // There is always a critical job.
    loop {
        client.ask("JOB.SUBMIT q t critical PRIORITY critical").good();
        let (_, payload) = next(&mut client).expect("a job");
        claims += 1;
        if payload == "low" {
            break;
        }
        assert!(claims < 100_000, "the job is starved");
    }
}
