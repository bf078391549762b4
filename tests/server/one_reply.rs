//! Every blocked client gets exactly one reply, whatever coincides in one turn of the event loop, and no lease stays
//! with a disconnected client.

use crate::harness::random::{Random, seed};
use crate::harness::{Client, Reply, Server, mini, wait_until};

/// The number of waits of the randomised test, unless `ASSESS_WAITS` is set.
const WAITS: usize = 4_000;

/// The number of clients that wait at the same time in it.
const CLIENTS: usize = 24;

fn served() -> (Server, Client) {
    let server = Server::start();
    let mut client = server.client();
    client.ask("TIER.SET t PATTERN k* TTL 3600").good();
    (server, client)
}

fn words(reply: &Reply) -> Vec<String> {
    let word = |reply: &Reply| match reply {
        Reply::Integer(number) => number.to_string(),
        other => other.text(),
    };
    reply.array().iter().map(word).collect()
}

fn lease(client: &mut Client, line: &str) -> String {
    let granted = words(&client.ask(line));
    assert_eq!(granted[0], "lease", "{granted:?}");
    granted[1].clone()
}

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

/// Waits until no client waits and no lease is held.
#[track_caller]
fn await_nothing_left(client: &mut Client) {
    wait_until("no lease, no waiter and no blocked client is left", || {
        ["cache_leases", "cache_waiters", "blocked", "waiting", "loading"]
            .iter()
            .all(|field| client.info_number("assess", field) == 0)
    });
    assert_eq!(client.info_number("clients", "blocked_clients"), 0);
}

#[test]
fn a_value_and_client_unblock_in_one_pipeline_give_one_reply() {
    let (server, mut client) = served();
    let (mut waiter, mut other) = (server.client(), server.client());
    let id = waiter.id();
    for round in 0..50 {
        let token = lease(&mut client, &format!("CACHE.FETCH k{round}"));
        send_checked(&mut waiter, &format!("CACHE.FETCH k{round} WAIT 60000"), round);
        wait_until("the client waits", || other.info_number("assess", "cache_waiters") == 1);
        let fill = format!("CACHE.FILL k{round} {token} v");
        let unblock = format!("CLIENT UNBLOCK {id}");
        let replies = client.pipeline(&[&fill, &unblock]);
        assert_eq!(replies[0], Reply::ok());
        let reply = words(&checked(&mut waiter, round).expect("the connection is open"));
        // Either may come first; CLIENT UNBLOCK replies 1 if it found a blocked client.
        assert!(reply == ["hit", "v"] || reply == ["timeout"], "{reply:?}");
    }
    await_nothing_left(&mut client);
}

#[test]
fn the_next_wait_of_a_client_whose_value_and_unblock_coincided_ends_too() {
    let (server, mut holder) = served();
    // Servers free the handle of the first wait before the end of the turn, and reuse its address for the second.
    for round in 0..50 {
        let token = lease(&mut holder, &format!("CACHE.FETCH k{round}"));
        lease(&mut holder, &format!("CACHE.FETCH kk{round} LEASE 60000"));
        let mut client = server.client();
        let id = client.id();
        client.send_line(&format!("CACHE.FETCH k{round} WAIT 60000"));
        wait_until("the client waits", || holder.info_number("assess", "cache_waiters") == 1);
        client.send_line(&format!("CACHE.FETCH kk{round} WAIT 20"));
        let lines = [format!("CACHE.FILL k{round} {token} v"), format!("CLIENT UNBLOCK {id}")];
        holder.pipeline(&lines.each_ref().map(String::as_str));
        assert_eq!(words(&client.receive()), ["hit", "v"]);
        assert_eq!(words(&client.receive()), ["timeout"]);
    }
}

#[test]
fn waits_as_long_as_the_lease_are_all_answered() {
    let (server, mut client) = served();
    for round in 0..5 {
        let mut all: Vec<Client> = (0..100).map(|_| server.client()).collect();
        for waiter in &mut all {
            send_checked(waiter, &format!("CACHE.FETCH k{round} LEASE 60 WAIT 60"), round);
        }
        let mut leases = 0;
        for waiter in &mut all {
            let reply = words(&checked(waiter, round).expect("the connection is open"));
            assert!(reply[0] == "lease" || reply == ["timeout"], "{reply:?}");
            leases += usize::from(reply[0] == "lease");
        }
        assert!(leases > 0);
    }
    await_nothing_left(&mut client);
}

#[test]
fn a_stalled_server_answers_every_client_once() {
    let (server, mut client) = served();
    lease(&mut client, "CACHE.FETCH k LEASE 80");
    let mut all: Vec<Client> = (0..30).map(|_| server.client()).collect();
    for (serial, waiter) in all.iter_mut().enumerate() {
        send_checked(waiter, "CACHE.FETCH k LEASE 80 WAIT 100", serial);
    }
    wait_until("the clients wait", || client.info_number("assess", "cache_waiters") == 30);
    // Longer than every wait and the lease: all of them end at the same time.
    client.ask("DEBUG SLEEP 0.25").good();
    for (serial, waiter) in all.iter_mut().enumerate() {
        let reply = words(&checked(waiter, serial).expect("the connection is open"));
        assert!(reply[0] == "lease" || reply == ["timeout"], "{reply:?}");
    }
    await_nothing_left(&mut client);
}

#[test]
fn a_lease_of_a_disconnected_client_passes_to_the_next_waiter_immediately() {
    let (server, mut client) = served();
    let (mut holder, mut second, mut third) = (server.client(), server.client(), server.client());
    let (first_id, second_id) = (holder.id(), second.id());
    lease(&mut holder, "CACHE.FETCH k LEASE 3600000 BIND");
    second.send_line("CACHE.FETCH k LEASE 3600000 WAIT 3600000");
    wait_until("one client waits", || client.info_number("assess", "cache_waiters") == 1);
    third.send_line("CACHE.FETCH k LEASE 3600000 WAIT 3600000");
    wait_until("two clients wait", || client.info_number("assess", "cache_waiters") == 2);
    // The second client gets the lease of the first, and is disconnected before it can read it.
    client.pipeline(&[&format!("CLIENT KILL ID {first_id}"), &format!("CLIENT KILL ID {second_id}")]);
    assert_eq!(words(&third.receive())[0], "lease");
}

#[test]
fn the_connection_that_holds_the_lease_does_not_wait_for_itself() {
    let (server, mut client) = served();
    let token = lease(&mut client, "CACHE.FETCH k LEASE 60000");
    let fill = format!("CACHE.FILL k {token} v");
    let replies = client.pipeline(&["CACHE.FETCH k WAIT 60000", &fill, "CACHE.GET k"]);
    assert_eq!(words(&replies[0]), ["busy"]);
    assert_eq!(replies[1..], [Reply::ok(), Reply::bulk("v")]);
    // Other clients still wait.
    let mut other = server.client();
    lease(&mut client, "CACHE.FETCH k2 LEASE 60000");
    other.send_line("CACHE.FETCH k2 WAIT 60000");
    wait_until("the client waits", || client.info_number("assess", "cache_waiters") == 1);
}

#[test]
fn the_default_wait_is_shorter_than_the_timeouts_of_client_libraries() {
    // redis-py times out after 5 seconds, go-redis after 3.
    let (server, mut client) = served();
    assert_eq!(client.ask("CONFIG GET assess.default-wait-ms").map()["assess.default-wait-ms"].text(), "2000");
    lease(&mut client, "CACHE.FETCH k LEASE 60000");
    let mut waiter = server.client();
    assert_eq!(words(&waiter.ask("CACHE.FETCH k")), ["timeout"]);
    assert_eq!(client.info("commandstats")["cmdstat_cache.fetch"].split(',').next(), Some("calls=2"));
}

#[test]
fn demotion_answers_every_client_once() {
    let (server, mut client) = served();
    server.write("mini.csv", mini::TABLE);
    lease(&mut client, "CACHE.FETCH k LEASE 60000");
    let mut all: Vec<Client> = (0..10).map(|_| server.client()).collect();
    for (serial, waiter) in all.iter_mut().enumerate() {
        send_checked(waiter, "CACHE.FETCH k WAIT 60000", serial);
    }
    wait_until("the clients wait", || client.info_number("assess", "cache_waiters") == 10);
    client.ask("REPLICAOF 127.0.0.1 1").good();
    for waiter in &mut all {
        assert_eq!(waiter.receive().code(), "UNBLOCKED");
        // The server then closes the connection.
        assert!(waiter.try_receive().is_err());
    }
    client.ask("REPLICAOF NO ONE").good();
    await_nothing_left(&mut client);
    assert_eq!(words(&client.ask("CACHE.FETCH k"))[0], "lease");
}

/// A command that may wait.
fn some_wait(random: &mut Random) -> (&'static str, String) {
    let (lease, wait) = (5 + random.below(60), random.below(60));
    let key = random.below(6);
    match random.below(20) {
        0..=13 => ("FETCH", format!("CACHE.FETCH k{key} LEASE {lease} WAIT {wait}")),
        14 => ("FETCH", format!("CACHE.FETCH k{key} LEASE {lease} WAIT {wait} BIND")),
        15 | 16 => ("INVALIDATE", "CACHE.INVALIDATE PATTERN many:*".to_owned()),
        17 => ("LOAD", "MODEL.LOAD icio IO FILE mini.csv".to_owned()),
        _ => ("ASSESS", "ASSESS.GET icio USA C10 NOCACHE".to_owned()),
    }
}

/// A command that may wait, and its number.
struct Wait {
    kind: &'static str,
    line: String,
    serial: usize,
}

impl Wait {
    fn new(random: &mut Random, serial: usize) -> Self {
        let (kind, line) = some_wait(random);
        Self { kind, line, serial }
    }

    /// The outcome in one word; a token that was granted is kept.
    fn outcome(&self, reply: &Reply, tokens: &mut Vec<(String, String)>) -> String {
        match reply {
            Reply::Array(_) if self.kind == "LOAD" => "loaded".to_owned(),
            Reply::Array(_) => {
                let words = words(reply);
                if words[0] == "lease" {
                    let key = self.line.split(' ').nth(1).unwrap_or_default().to_owned();
                    tokens.push((key, words[1].clone()));
                }
                words[0].clone()
            }
            Reply::Error(text) => text.split(' ').next().unwrap_or_default().to_owned(),
            _ => "done".to_owned(),
        }
    }
}

/// Commands that end waits, or disturb them.
fn some_disturbance(random: &mut Random, ids: &[i64], tokens: &mut Vec<(String, String)>) -> Vec<String> {
    let id = ids[random.below(ids.len())];
    match random.below(40) {
        0..=9 => vec![format!("CLIENT UNBLOCK {id}")],
        10..=14 => vec![format!("CLIENT UNBLOCK {id} ERROR")],
        15..=26 => match tokens.pop() {
            Some((key, token)) => {
                let settle = if random.below(4) == 0 { "FAIL" } else { "FILL" };
                vec![format!("CACHE.{settle} {key} {token} v"), format!("CLIENT UNBLOCK {id}")]
            }
            None => vec![format!("CACHE.INVALIDATE KEY k{} ASYNC", random.below(6))],
        },
        27..=30 => vec![format!("CLIENT KILL ID {id}")],
        31..=33 => vec!["CACHE.INVALIDATE PATTERN k* ASYNC".to_owned()],
        34 => vec![format!("DEBUG SLEEP 0.0{}", 1 + random.below(3))],
        35 => vec!["REPLICAOF 127.0.0.1 1".to_owned(), "REPLICAOF NO ONE".to_owned()],
        36 => vec![format!("DEL k{}", random.below(6))],
        37 => vec!["MODEL.ABORT icio".to_owned()],
        _ => vec![format!("CACHE.SET k{} w", random.below(6))],
    }
}

/// With a hundred thousand waits: `ASSESS_WAITS=100000 cargo test --test server one_reply -- --nocapture`.
#[test]
fn under_random_disturbance_every_wait_has_one_reply_and_nothing_is_left() {
    let mut random = Random::new(seed());
    let wanted = std::env::var("ASSESS_WAITS").ok().and_then(|text| text.parse().ok()).unwrap_or(WAITS);
    let (server, mut client) = Server::with_mini(&[]);
    client.ask("TIER.SET t PATTERN k* TTL 3600").good();
    client.ask("TIER.SET many PATTERN many:* TTL 3600").good();
    let mut all: Vec<Client> = (0..CLIENTS).map(|_| server.client()).collect();
    let mut ids: Vec<i64> = all.iter_mut().map(Client::id).collect();
    let mut tokens: Vec<(String, String)> = Vec::new();
    let mut counts = std::collections::BTreeMap::<(&str, String), usize>::new();
    let mut made = 0;
    while made < wanted {
        if random.below(20) == 0 {
            let sets: Vec<String> = (0..200).map(|i| format!("CACHE.SET many:{i} v")).collect();
            client.pipeline(&sets.iter().map(String::as_str).collect::<Vec<_>>());
        }
        let mut sent = Vec::new();
        for waiter in &mut all {
            // Sometimes two in one write: the second begins in the turn in which the first ends.
            let count = 1 + random.below(2);
            let waits: Vec<Wait> = (0..count).map(|nth| Wait::new(&mut random, made + nth)).collect();
            made += count;
            waits.iter().for_each(|wait| send_checked(waiter, &wait.line, wait.serial));
            sent.push(waits);
        }
        let mut killed = Vec::new();
        for _ in 0..random.below(12) {
            let lines = some_disturbance(&mut random, &ids, &mut tokens);
            killed.extend(lines.iter().filter_map(|line| line.strip_prefix("CLIENT KILL ID ")?.parse::<i64>().ok()));
            client.pipeline(&lines.iter().map(String::as_str).collect::<Vec<_>>());
        }
        tokens.clear();
        for ((waiter, id), waits) in all.iter_mut().zip(&mut ids).zip(sent) {
            let mut is_closed = killed.contains(id);
            for wait in waits {
                let outcome = match checked(waiter, wait.serial) {
                    Ok(reply) => wait.outcome(&reply, &mut tokens),
                    Err(error) if error.kind() != std::io::ErrorKind::WouldBlock => {
                        is_closed = true;
                        "killed".to_owned()
                    }
                    Err(error) => panic!("no reply to {} (wait {}): {error}", wait.line, wait.serial),
                };
                *counts.entry((wait.kind, outcome)).or_default() += 1;
            }
            // A killed client has lost its replies, or had them before.
            if is_closed {
                *waiter = server.client();
                *id = waiter.id();
            }
        }
    }
    println!("{made} waits: {counts:?}");
    await_nothing_left(&mut client);
    for kind in ["FETCH", "INVALIDATE", "LOAD", "ASSESS"] {
        assert!(counts.iter().any(|((of, _), count)| *of == kind && *count > 0), "{kind}: {counts:?}");
    }
}
