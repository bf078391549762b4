//! Every command of the cache: what it replies, what it refuses, and which users may run it.

mod arguments;
mod entries;
mod invalidation;
mod permissions;
mod reports;
mod server;
mod waiting;

use std::collections::BTreeMap;

use crate::harness::{Client, Reply, Server};

fn served() -> (Server, Client) {
    let server = Server::start();
    let mut client = server.client();
    client.ask("TIER.SET t PATTERN k* TTL 1000").good();
    (server, client)
}

#[track_caller]
fn stats(client: &mut Client, line: &str) -> BTreeMap<String, Reply> {
    client.ask(&format!("CACHE.STATS {line}")).good().map()
}
