//! Every blocked worker and every waiter gets exactly one reply, and no job stays with a disconnected worker.

use std::collections::BTreeMap;

use super::served;
use crate::harness::random::{Random, seed};
use crate::harness::{Client, Reply, Server, wait_until};

/// The number of waits, unless `ASSESS_WAITS` is set.
const WAITS: usize = 3_000;
/// The number of clients that wait at the same time.
const CLIENTS: usize = 24;

/// Sends a command and then an ECHO, whose reply shows whether the command had exactly one reply.
fn send_checked(client: &mut Client, line: &str, serial: usize) {
    client.send_line(line);
    client.send_line(&format!("ECHO {serial}"));
}

/// The one reply of a command, or the reason why its connection is closed.
#[track_caller]
fn checked(client: &mut Client, serial: usize) -> std::io::Result<Reply> {
    let reply = client.try_receive()?;
    assert_eq!(client.try_receive()?, Reply::bulk(&serial.to_string()), "after {reply:?}");
    Ok(reply)
}

#[test]
fn a_job_and_client_unblock_in_one_pipeline_give_one_reply() {
    let (server, mut client) = served();
    let mut worker = server.client();
    let id = worker.id();
    for round in 0..50 {
        send_checked(&mut worker, "JOB.CLAIM q 1 t BLOCK 60000 LEASE 3600000", round);
        wait_until("the worker waits", || client.info_number("clients", "blocked_clients") == 1);
        let unblock = format!("CLIENT UNBLOCK {id}");
        let lines = ["JOB.SUBMIT q t p", &unblock];
        let lines = if round % 2 == 0 { lines } else { [lines[1], lines[0]] };
        client.pipeline(&lines);
        let reply = checked(&mut worker, round).expect("the connection is open");
        let given = reply.array().len() as i64;
        // A job is given or pending, never both and never neither.
        assert_eq!((client.queue_number("running"), client.queue_number("pending")), (given, 1 - given), "{reply:?}");
        client.ask("DEL q").good();
    }
}

#[test]
fn a_stalled_server_answers_every_client_once() {
    let (server, mut client) = served();
    client.submit("ID a");
    client.claim_one("LEASE 80");
    let mut all: Vec<Client> = (0..30).map(|_| server.client()).collect();
    for (serial, waiter) in all.iter_mut().enumerate() {
        let line = if serial % 2 == 0 { "JOB.CLAIM q 1 t BLOCK 100 LEASE 3600000" } else { "JOB.WAIT q a BLOCK 100" };
        send_checked(waiter, line, serial);
    }
    wait_until("the clients wait", || client.info_number("clients", "blocked_clients") == 30);
    // Longer than every wait and the lease: all of them end at the same time.
    client.ask("DEBUG SLEEP 0.25").good();
    let mut given = 0;
    for (serial, waiter) in all.iter_mut().enumerate() {
        let reply = checked(waiter, serial).expect("the connection is open");
        if serial % 2 == 0 {
            given += reply.array().len() as i64;
        } else {
            assert_eq!(reply, Reply::Nil);
        }
    }
    wait_until("the lease has ended", || client.queue_number("running") == given);
}

/// A command that may wait.
fn some_wait(random: &mut Random) -> (&'static str, String) {
    let (lease, wait) = (1 + random.below(60), 1 + random.below(60));
    let key = random.below(3);
    match random.below(20) {
        0..=11 => ("CLAIM", format!("JOB.CLAIM q{key} 2 t u BLOCK {wait} LEASE {lease} COUNT {}", 1 + random.below(3))),
        12..=17 => ("WAIT", format!("JOB.WAIT q{key} i{} BLOCK {wait}", random.below(6))),
        18 => ("LIST", format!("JOB.LIST q{key}")),
        _ => ("PURGE", format!("JOB.PURGE q{key} completed")),
    }
}

/// Commands that end waits, or disturb them.
fn some_disturbance(random: &mut Random, ids: &[i64]) -> Vec<String> {
    let id = ids[random.below(ids.len())];
    let (key, job) = (random.below(3), random.below(6));
    let submit = format!("JOB.SUBMIT q{key} t p ID i{job} UNIQUE replace RETRIES 2 BACKOFF 1");
    match random.below(40) {
        0..=11 => vec![submit],
        12..=14 => vec![submit, format!("CLIENT UNBLOCK {id}")],
        15..=17 => vec![submit, format!("CLIENT KILL ID {id}")],
        18 => vec![format!("CLIENT UNBLOCK {id} ERROR")],
        19..=21 => vec![format!("JOB.CANCEL q{key} i{job}"), format!("CLIENT UNBLOCK {id}")],
        22..=24 => vec![format!("JOB.CANCEL q{key} i{job}"), format!("JOB.RETRY q{key} i{job}")],
        25 | 26 => vec![format!("DEL q{key}")],
        27 => vec![format!("RENAME q{key} q{}", random.below(3))],
        28 => vec!["FLUSHALL".to_owned()],
        29 => vec!["SWAPDB 0 1".to_owned(), "SWAPDB 0 1".to_owned()],
        30 => vec!["REPLICAOF 127.0.0.1 1".to_owned(), "REPLICAOF NO ONE".to_owned()],
        31 => vec![format!("DEBUG SLEEP 0.0{}", 1 + random.below(3))],
        32 => vec![format!("PEXPIRE q{key} {}", 1 + random.below(20))],
        33 => vec![format!("JOB.CONFIG q{key} RATE {}/20", 1 + random.below(3))],
        34 => vec![format!("JOB.PAUSE q{key}"), format!("JOB.RESUME q{key}")],
        35 => vec!["MULTI".to_owned(), submit, format!("JOB.CANCEL q{key} i{job}"), "EXEC".to_owned()],
        36 => vec!["DEBUG RELOAD".to_owned()],
        37 => vec![format!("COPY q{key} q{} REPLACE", random.below(3))],
        _ => vec![format!("JOB.SUBMIT q{key} u p DELAY {}", random.below(30))],
    }
}

fn killed(lines: &[String]) -> impl Iterator<Item = i64> {
    lines.iter().filter_map(|line| line.strip_prefix("CLIENT KILL ID ")?.parse().ok())
}

#[track_caller]
fn outcome(kind: &str, reply: &Reply) -> String {
    match reply {
        Reply::Array(jobs) if kind == "CLAIM" => if jobs.is_empty() { "none" } else { "given" }.to_owned(),
        Reply::Error(text) => text.split(' ').next().unwrap_or_default().to_owned(),
        Reply::Nil => "timeout".to_owned(),
        _ => "done".to_owned(),
    }
}

/// With a hundred thousand waits: `ASSESS_WAITS=100000 cargo test --test server jobs::one_reply -- --nocapture`.
#[test]
fn under_random_disturbance_every_wait_has_one_reply_and_nothing_is_left() {
    let mut random = Random::new(seed());
    let wanted = std::env::var("ASSESS_WAITS").ok().and_then(|text| text.parse().ok()).unwrap_or(WAITS);
    let mut server = Server::start();
    let mut client = server.client();
    let mut all: Vec<Client> = (0..CLIENTS).map(|_| server.client()).collect();
    let mut ids: Vec<i64> = all.iter_mut().map(Client::id).collect();
    let mut counts = BTreeMap::<(&str, String), usize>::new();
    let mut made = 0;
    while made < wanted {
        let mut sent = Vec::new();
        for waiter in &mut all {
            // Sometimes two in one write: the second begins in the turn in which the first ends.
            let waits: Vec<_> = (0..1 + random.below(2)).map(|_| some_wait(&mut random)).collect();
            waits.iter().for_each(|(_, line)| send_checked(waiter, line, made));
            sent.push((made, waits.clone()));
            made += waits.len();
        }
        let mut disconnected = Vec::new();
        for _ in 0..random.below(16) {
            let lines = some_disturbance(&mut random, &ids);
            disconnected.extend(killed(&lines));
            client.pipeline(&lines.iter().map(String::as_str).collect::<Vec<_>>());
        }
        for ((waiter, id), (serial, waits)) in all.iter_mut().zip(&mut ids).zip(sent) {
            let mut is_closed = disconnected.contains(id);
            for (kind, line) in waits {
                let outcome = match checked(waiter, serial) {
                    Ok(reply) => outcome(kind, &reply),
                    Err(error) if error.kind() != std::io::ErrorKind::WouldBlock => {
                        is_closed = true;
                        "disconnected".to_owned()
                    }
                    Err(error) => panic!("no reply to {line}: {error}"),
                };
                *counts.entry((kind, outcome)).or_default() += 1;
            }
            if is_closed {
                *waiter = server.client();
                *id = waiter.id();
            }
        }
    }
    println!("{made} waits: {counts:?}");
    assert!(server.is_running());
    assert_eq!(client.info_number("clients", "blocked_clients"), 0);
    assert_eq!(client.info_number("assess", "blocked"), 0);
    assert!(counts.get(&("CLAIM", "given".to_owned())).is_some_and(|&count| count > 50), "{counts:?}");
    assert!(counts.get(&("WAIT", "done".to_owned())).is_some_and(|&count| count > 5), "{counts:?}");
    assert_eq!(client.info_number("assess", "panics"), 0);
    // Every lease ends, also of jobs that were given to disconnected workers.
    for key in ["q0", "q1", "q2"] {
        wait_until("no job runs", || client.ask(&format!("JOB.INFO {key}")).map()["running"].integer() == 0);
    }
}
