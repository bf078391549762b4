//! Every option of a tier, as the design specifies it.

mod capacity;
mod definition;
mod grace;
mod health;
mod options;
mod stale;
mod time_to_live;

use crate::harness::{Client, Reply, Server, wait_until};

fn served(tiers: &[&str]) -> (Server, Client) {
    let server = Server::start();
    let mut client = server.client();
    for tier in tiers {
        assert_eq!(client.ask(&format!("TIER.SET {tier}")), Reply::ok(), "{tier}");
    }
    (server, client)
}

#[track_caller]
fn tier_of(client: &mut Client, key: &str) -> String {
    match &client.call(&["CACHE.TTL", key]).map()["tier"] {
        Reply::Nil => "none".to_owned(),
        name => name.text(),
    }
}

#[track_caller]
fn field(client: &mut Client, key: &str, field: &str) -> i64 {
    client.call(&["CACHE.TTL", key]).map()[field].integer()
}

#[track_caller]
fn counted(client: &mut Client, tier: &str, field: &str) -> i64 {
    client.call(&["CACHE.STATS", tier]).map()[field].integer()
}

/// The words of `CACHE.FETCH`, without waiting.
#[track_caller]
fn fetch(client: &mut Client, line: &str) -> Vec<String> {
    let reply = client.ask(&format!("CACHE.FETCH {line} WAIT 0")).good();
    let word = |part: &Reply| if let Reply::Integer(number) = part { number.to_string() } else { part.text() };
    reply.array().iter().map(word).collect()
}

#[track_caller]
fn await_indexed(client: &mut Client) {
    wait_until("the index is complete", || client.ask("CACHE.STATS").map()["indexing"].integer() == 0);
}
