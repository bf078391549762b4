//! Restarts: the queue is equal, running jobs keep their tokens, timers go on.

use std::collections::BTreeMap;

use super::{Claimed, STATES, assert_healthy, claimed, one_of_each};
use crate::harness::random::{Random, seed};
use crate::harness::{Client, Reply, Server, wait_until};

const ALWAYS: [&str; 2] = ["appendonly yes", "appendfsync always"];

/// A queue with everything in it, and its running job.
fn filled(client: &mut Client) -> Claimed {
    one_of_each(client);
    client.ask("JOB.CONFIG q MAXRUNNING 20 MAXPERGROUP 3 RATE 1000/1 AGEING 1000 MAXJOBS 100 KEEP dead 60").good();
    client.ask("JOB.PAUSE q x").good();
    client.ask("JOB.SCHEDULE q every EVERY 3600000 t p METADATA {}").good();
    client.call(&["JOB.SCHEDULE", "q", "cron", "CRON", "0 3 * * *", "TZ", "Asia/Tokyo", "t", "p"]).good();
    client.call(&[
        "JOB.SUBMIT",
        "q",
        "t",
        "\0\r\n\u{ff}",
        "ID",
        "full",
        "PRIORITY",
        "critical",
        "TTL",
        "60",
        "GROUP",
        "g",
    ]);
    client.ask("JOB.CANCEL q in-running").good();
    client.ask("JOB.SUBMIT q running payload UNIQUE rerun").good();
    client.ask("JOB.SUBMIT q held p ID held").good();
    let held = claimed(&client.ask("JOB.CLAIM q 1 held LEASE 3600000 WORKER w")).remove(0);
    client.ask("JOB.CONFIG empty MAXRUNNING 3").good();
    client.ask("JOB.SUBMIT gone t p").good();
    client.ask("JOB.PURGE gone pending").good();
    held
}

/// What must not change; not the cancelled running job, whose grace ends.
fn snapshot(client: &mut Client) -> BTreeMap<String, String> {
    let mut seen = BTreeMap::new();
    for id in STATES.iter().filter(|state| **state != "running").map(|state| format!("in-{state}")) {
        let reply = client.call(&["JOB.STATUS", "q", &id]);
        seen.insert(id, format!("{reply:?}"));
    }
    for line in [
        "JOB.STATUS q later",
        "JOB.STATUS q full",
        "JOB.STATUS q held",
        "JOB.CONFIG q",
        "JOB.SCHEDULES q",
        "JOB.CONFIG empty",
        "EXISTS gone",
        "JOB.CONFIG gone",
    ] {
        seen.insert(line.to_owned(), format!("{:?}", client.ask(line).good()));
    }
    seen.insert("paused".to_owned(), format!("{:?}", client.ask("JOB.INFO q").map()["paused_types"]));
    seen
}

/// Asserts that a queue survives what `interrupt` does with the server.
fn survives(settings: &[&str], interrupt: impl Fn(&mut Server)) {
    let mut server = Server::with(settings);
    let mut client = server.client();
    let held = filled(&mut client);
    client.call(&["JOB.CANCEL", "q", "in-running"]).good();
    let before = snapshot(&mut client);
    for round in 0..2 {
        interrupt(&mut server);
        client = server.client();
        assert_eq!(snapshot(&mut client), before, "{round}");
    }
    // The worker has not noticed: its token is valid.
    assert_eq!(client.call(&["JOB.HEARTBEAT", "q", &held.id, &held.token]).text(), "continue");
    client.complete(&held, "r").good();
    // The grace of the cancelled job has ended without a request.
    wait_until("the job is cancelled", || client.state("in-running") == "cancelled");
    assert!(client.ask("JOB.SUBMIT q t p ID full").array()[1] == Reply::bulk("duplicate"));
    interrupt(&mut server);
    client = server.client();
    assert_eq!(client.status("held")["result"].text(), "r");
    assert_healthy(&mut client);
}

#[test]
fn a_queue_survives_a_reload() {
    survives(&[], |server| _ = server.client().ask("DEBUG RELOAD").good());
}

#[test]
fn a_queue_survives_a_restart_from_an_rdb_file() {
    survives(&[], Server::restart_saving);
}

#[test]
fn a_queue_survives_restarts_from_an_append_only_file() {
    for preamble in ["aof-use-rdb-preamble yes", "aof-use-rdb-preamble no"] {
        let settings = [ALWAYS[0], ALWAYS[1], preamble];
        // Only commands; then a rewritten file; then a power failure after a rewrite.
        survives(&settings, Server::restart_without_saving);
        survives(&settings, |server| {
            rewrite(&mut server.client());
            server.restart_without_saving();
        });
        survives(&settings, |server| {
            server.client().ask("DEBUG LOADAOF").good();
            server.kill();
            server.start_again();
        });
    }
}

fn rewrite(client: &mut Client) {
    wait_until("a rewrite can begin", || !client.ask("BGREWRITEAOF").is_error());
    wait_until("the rewrite has ended", || {
        let info = client.info("persistence");
        info["aof_rewrite_in_progress"] == "0" && info["aof_rewrite_scheduled"] == "0"
    });
    assert_eq!(client.info("persistence")["aof_last_bgrewrite_status"], "ok");
}

/// Some requests of many kinds. Returns how many jobs were submitted.
fn traffic(client: &mut Client, random: &mut Random, held: &mut Vec<Claimed>) {
    for _ in 0..50 {
        match random.below(10) {
            0..=3 => {
                let (id, retries) = (random.below(300), random.below(3));
                client.submit(&format!("ID i{id} UNIQUE replace RETRIES {retries} BACKOFF 1 GROUP g{}", id % 7));
            }
            4 | 5 => held.extend(client.claim(&format!("COUNT 3 LEASE {}", 1 + random.below(200)))),
            6 | 7 => {
                if let Some(job) = held.pop() {
                    let reply = if random.below(2) == 0 {
                        client.complete(&job, "r")
                    } else {
                        client.fail(&job, &["TRACEBACK", "t"])
                    };
                    assert!(["", "LEASELOST", "ERR"].contains(&reply.code()), "{reply:?}");
                }
            }
            8 => _ = client.ask(&format!("JOB.CANCEL q i{}", random.below(300))),
            _ => _ = client.ask(&format!("JOB.RETRY q i{}", random.below(300))),
        }
    }
}

#[test]
fn a_file_that_is_rewritten_during_traffic_is_complete() {
    let mut random = Random::new(seed());
    for preamble in ["yes", "no"] {
        let mut server = Server::with(&[&ALWAYS[..], &[&format!("aof-use-rdb-preamble {preamble}")]].concat());
        let (mut client, mut held) = (server.client(), Vec::new());
        client.ask("JOB.CONFIG q MAXRUNNING 1000").good();
        for _ in 0..6 {
            traffic(&mut client, &mut random, &mut held);
            wait_until("a rewrite can begin", || !client.ask("BGREWRITEAOF").is_error());
            for _ in 0..4 {
                traffic(&mut client, &mut random, &mut held);
            }
            rewrite(&mut client);
        }
        wait_until("no job runs", || client.queue_number("running") + client.queue_number("delayed") == 0);
        let before = client.queue_digest();
        server.kill();
        server.start_again();
        let mut client = server.client();
        assert_eq!(client.queue_digest(), before);
        assert_healthy(&mut client);
    }
}

#[test]
fn power_failures_at_any_moment_lose_nothing_that_was_acknowledged() {
    let seed = seed();
    let mut random = Random::new(seed);
    let mut server = Server::with(&ALWAYS);
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    for round in 0..8 {
        let mut client = server.client();
        client.ask("JOB.CONFIG q MAXRUNNING 1000").good();
        for i in 0..random.below(60) {
            let id = client.submit(&format!("ID r{round}-{i}"));
            known.insert(id, "pending".to_owned());
        }
        for job in client.claim(&format!("COUNT {} LEASE 3600000", 1 + random.below(20))) {
            known.insert(job.id.clone(), "running".to_owned());
            if random.below(2) == 0 {
                client.complete(&job, &job.id).good();
                known.insert(job.id.clone(), "completed".to_owned());
            }
        }
        // Requests that may or may not arrive: pipelined, their replies are not read.
        client.send_line("JOB.SUBMIT q lost p");
        server.kill();
        server.start_again();
        let mut client = server.client();
        for (id, state) in &known {
            let status = client.status(id);
            assert_eq!(status["status"].text(), *state, "{id}, seed {seed}");
            assert_eq!(status["result"] == Reply::bulk(id), state == "completed", "{id}, seed {seed}");
        }
        assert_healthy(&mut client);
    }
}

#[test]
fn leases_and_delays_that_ended_while_no_server_ran_end_after_the_start() {
    for settings in [&[][..], &ALWAYS] {
        let mut server = Server::with(settings);
        let mut client = server.client();
        client.submit("ID a RETRIES 1");
        client.claim_one("LEASE 50");
        client.submit("ID b DELAY 50");
        client.send_line(if settings.is_empty() { "SHUTDOWN SAVE" } else { "SHUTDOWN NOSAVE" });
        server.await_end();
        std::thread::sleep(std::time::Duration::from_millis(100));
        server.start_again();
        let mut client = server.client();
        wait_until("both have changed", || client.state("a") == "dead" && client.state("b") == "pending");
    }
}

#[test]
fn a_file_without_queues_needs_no_module() {
    let mut server = Server::start();
    let mut client = server.client();
    client.submit("");
    assert!(!server.is_readable_without_module(), "the file has a queue");
    let mut server = Server::start();
    let mut client = server.client();
    client.ask("SET a b").good();
    client.submit("");
    client.ask("DEL q").good();
    // Redis 7.0 writes the section of a module in any case.
    let writes_always = client.info("server")["redis_version"].starts_with("7.0");
    assert_eq!(server.is_readable_without_module(), !writes_always, "after the last queue was deleted");
}
