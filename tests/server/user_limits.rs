//! Limits per user: what one application, logged in and allowed to do what it does, can take from the others.

mod leases;
mod queues;
mod turns;
mod uploads;
mod waits;

use crate::harness::{Client, Server, wait_until};

/// A connection of the user `name`, who may do everything.
fn connection(server: &Server, name: &str) -> Client {
    let mut client = server.client();
    client.ask(&format!("ACL SETUSER {name} on nopass ~* +@all")).good();
    client.ask(&format!("AUTH {name} any")).good();
    client
}

/// A connection of a user that has sent a command and waits for its reply.
fn waiting(server: &Server, name: &str, line: &str) -> Client {
    let (mut client, mut watcher) = (connection(server, name), server.client());
    let before = watcher.info_number("clients", "blocked_clients");
    client.send_line(line);
    wait_until("the client is blocked", || watcher.info_number("clients", "blocked_clients") > before);
    client
}

/// The line of `CACHE.HEALTH` about users.
fn health(client: &mut Client) -> String {
    let lines = client.ask("CACHE.HEALTH").texts();
    lines.into_iter().find(|line| line.contains(" users: ")).expect("a line about users")
}
