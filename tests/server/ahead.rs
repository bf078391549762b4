//! What is refreshed or fetched before a client waits for it: `REFRESH .. QUEUE`, `PREFETCH`, assessments in their grace.

use std::collections::BTreeMap;

use crate::harness::{Client, Reply, Server, wait_until};

/// The jobs of a queue: type, payload and status, the oldest first.
fn jobs(client: &mut Client, queue: &str) -> Vec<(String, String)> {
    let listed = client.ask(&format!("JOB.LIST {queue}"));
    let of = |job: &Reply| {
        let job: BTreeMap<String, Reply> = job.map();
        (job["job_type"].text(), job["job_id"].text())
    };
    listed.array().iter().rev().map(of).collect()
}

fn claim(client: &mut Client, queue: &str, job_type: &str) -> BTreeMap<String, Reply> {
    let claimed = client.ask(&format!("JOB.CLAIM {queue} 1 {job_type} BLOCK 10000"));
    claimed.array().first().unwrap_or_else(|| panic!("no job {job_type} in {queue}")).map()
}

#[test]
fn a_key_that_is_read_in_its_last_part_is_submitted_once() {
    let server = Server::start();
    let mut client = server.client();
    // The last part is the whole time to live.
    client.ask("TIER.SET pages PATTERN page:* TTL 3600 REFRESH 100 QUEUE refreshes").good();
    client.ask("CACHE.SET page:1 old").good();
    for _ in 0..3 {
        assert_eq!(client.ask("CACHE.GET page:1"), Reply::bulk("old"));
        assert_eq!(client.ask("CACHE.MGET page:1").array(), [Reply::bulk("old")]);
        // No reader is asked to refresh what a job refreshes.
        assert_eq!(client.ask("CACHE.FETCH page:1").texts(), ["hit", "old"]);
    }
    let job = claim(&mut client, "refreshes", "refresh");
    assert_eq!(job["payload"].text(), r#"{"key":"page:1"}"#);
    // A worker refreshes it: the key is fresh again, and its next last part is a new job.
    client.ask("CACHE.SET page:1 new").good();
    client.ask(&format!("JOB.COMPLETE refreshes {} {} done", job["id"].text(), job["token"].text())).good();
    assert_eq!(jobs(&mut client, "refreshes").len(), 1);
    wait_until("a second refresh", || {
        assert_eq!(client.ask("CACHE.GET page:1"), Reply::bulk("new"));
        jobs(&mut client, "refreshes").len() == 2
    });
}

#[test]
fn without_a_queue_a_reader_refreshes() {
    let server = Server::start();
    let mut client = server.client();
    client.ask("TIER.SET pages PATTERN page:* TTL 3600 REFRESH 100").good();
    client.ask("CACHE.SET page:1 old").good();
    assert_eq!(client.ask("CACHE.GET page:1"), Reply::bulk("old"));
    assert_eq!(client.ask("CACHE.FETCH page:1").array()[0], Reply::bulk("refresh"));
}

#[test]
fn the_key_that_usually_follows_is_fetched_ahead() {
    let server = Server::start();
    let mut client = server.client();
    client.ask("TIER.SET pages PATTERN page:* TTL 3600 PREFETCH 2 QUEUE ahead").good();
    client.ask("CACHE.SET page:1 one").good();
    for _ in 0..4 {
        client.ask("CACHE.GET page:1");
        client.ask("CACHE.GET page:2");
    }
    let job = claim(&mut client, "ahead", "prefetch");
    assert_eq!(job["payload"].text(), r#"{"key":"page:2"}"#);
    client.ask("CACHE.SET page:2 two").good();
    client.ask(&format!("JOB.COMPLETE ahead {} {} done", job["id"].text(), job["token"].text())).good();
    client.ask("CACHE.GET page:1");
    assert_eq!(client.ask("CACHE.GET page:2"), Reply::bulk("two"));
    assert_eq!(client.info_number("assess", "prefetched_used"), 1);
    // What is there already is not fetched.
    client.ask("CACHE.GET page:1");
    client.ask("PING");
    assert!(jobs(&mut client, "ahead").iter().all(|(job_type, _)| job_type == "prefetch"));
}

#[test]
fn after_a_swap_of_databases_nothing_is_fetched_for_the_other_keys() {
    let server = Server::start();
    let mut client = server.client();
    client.ask("TIER.SET pages PATTERN page:* TTL 3600 PREFETCH 2 QUEUE ahead").good();
    client.ask("TIER.SET marks PATTERN mark:* TTL 3600 REFRESH 100 QUEUE ahead").good();
    // The second key exists, so that it is learned and not fetched.
    client.ask("CACHE.SET page:2 two").good();
    for _ in 0..4 {
        client.ask("CACHE.GET page:1");
        client.ask("CACHE.GET page:2");
    }
    client.ask("SWAPDB 0 1").good();
    client.ask("CACHE.SET mark:1 m").good();
    client.ask("CACHE.GET mark:1");
    let job = claim(&mut client, "ahead", "refresh");
    client.ask(&format!("JOB.COMPLETE ahead {} {} done", job["id"].text(), job["token"].text())).good();
    // A key is not wanted twice in a second. The second refresh is wanted after everything that page:1 could want.
    wait_until("a second refresh", || {
        client.ask("CACHE.GET page:1");
        client.ask("CACHE.GET mark:1");
        let types: Vec<String> = jobs(&mut client, "ahead").into_iter().map(|(job_type, _)| job_type).collect();
        assert!(types.iter().all(|job_type| job_type == "refresh"), "{types:?}");
        types.len() == 2
    });
}

#[test]
fn an_assessment_is_served_in_its_grace_and_computed_again() {
    let (server, mut client) = Server::with_mini(&[]);
    client.ask("TIER.SET assessment PATTERN assessment:* PTTL 100 GRACE 3600").good();
    let mut other = server.client();
    let first = client.ask("ASSESS.GET icio USA C10");
    let key = client.ask("ASSESS.KEY icio USA C10").text();
    client.await_key(&key);
    let state = |client: &mut Client| client.ask(&format!("CACHE.TTL {key}")).map()["stale"].integer();
    wait_until("it is stale", || state(&mut other) == 1);
    let misses = client.info_number("assess", "misses");
    assert_eq!(client.ask("ASSESS.GET icio USA C10"), first);
    wait_until("it is fresh again", || state(&mut other) == 0);
    assert_eq!(client.info_number("assess", "misses"), misses, "no client waited for a computation");
    assert_eq!(client.info_number("assess", "cache_stale_hits"), 1);
}

#[test]
fn the_assessment_that_usually_follows_is_computed_ahead() {
    let (_server, mut client) = Server::with_mini(&[]);
    client.ask("TIER.SET assessment PATTERN assessment:* TTL 3600 PREFETCH 1").good();
    for _ in 0..4 {
        client.ask("ASSESS.GET icio USA C10").good();
        client.ask("ASSESS.GET icio CHN C10").good();
    }
    let next = client.ask("ASSESS.KEY icio CHN C10").text();
    client.await_key(&next);
    client.ask(&format!("DEL {next}"));
    wait_until("it is computed ahead", || {
        client.ask("ASSESS.GET icio USA C10").good();
        client.exists(&next)
    });
    let misses = client.info_number("assess", "misses");
    client.ask("ASSESS.GET icio CHN C10").good();
    assert_eq!(client.info_number("assess", "misses"), misses);
}
