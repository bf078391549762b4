//! Leases: which client computes, which clients wait, and the reply to a late or foreign token. The transition table of
//! the design, event by event.

mod deletions;
mod grants;
mod holders;
mod revocation;
mod server_state;
mod waiters;

use crate::harness::{Client, Reply, Server, wait_until};

const TIER: &str = "TIER.SET t PATTERN k* TTL 1000";

fn served() -> (Server, Client) {
    let server = Server::start();
    let mut client = server.client();
    client.ask(TIER).good();
    (server, client)
}

/// The strings of a reply of `CACHE.FETCH`; numbers as text.
#[track_caller]
fn words(reply: &Reply) -> Vec<String> {
    let word = |part: &Reply| match part {
        Reply::Integer(number) => number.to_string(),
        other => other.text(),
    };
    reply.clone().good().array().iter().map(word).collect()
}

/// Takes a lease and returns its token.
#[track_caller]
fn lease(client: &mut Client, line: &str) -> String {
    let words = words(&client.ask(&format!("CACHE.FETCH {line}")));
    assert_eq!(words[0], "lease", "{words:?}");
    assert!(words[1].len() == 16 && words[1].bytes().all(|byte| byte.is_ascii_hexdigit()), "{words:?}");
    words[1].clone()
}

/// Clients that wait for a key; returns once the server counts all of them.
#[track_caller]
fn waiters(server: &Server, count: usize, line: &str) -> Vec<Client> {
    let mut watcher = server.client();
    let before = watcher.info_number("assess", "cache_waiters");
    let mut clients = Vec::new();
    for nth in 1..=count {
        let mut client = server.client();
        client.send_line(&format!("CACHE.FETCH {line} WAIT 3600000"));
        // One after the other, so that their order is known.
        await_waiters(&mut watcher, before + nth as i64);
        clients.push(client);
    }
    clients
}

#[track_caller]
fn await_waiters(watcher: &mut Client, count: i64) {
    wait_until("as many clients wait", || watcher.info_number("assess", "cache_waiters") == count);
}

/// Asserts that every command with this token is refused, for this cause.
#[track_caller]
fn assert_lost(client: &mut Client, key: &str, token: &str, cause: &str) {
    let before = client.call(&["GET", key]);
    for command in
        [vec!["CACHE.FILL", key, token, "late"], vec!["CACHE.RENEW", key, token, "9"], vec!["CACHE.FAIL", key, token]]
    {
        let reply = client.call(&command);
        assert!(reply.error().starts_with(&format!("LEASELOST {cause}")), "{command:?}: {reply:?}");
    }
    assert_eq!(client.call(&["GET", key]), before, "a refused fill changes nothing");
}
