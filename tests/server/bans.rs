//! `CACHE.INVALIDATE`: exactly the covered entries are removed, immediately for every reader, and the count is right.

mod clauses;
mod in_force;
mod index;
mod leases;
mod soft;
mod sweeps;

use crate::harness::bans::MANY;
use crate::harness::{Client, Server};

/// Declares two tiers, `a:*` and `b:*`; the first has grace if `grace` is set.
fn tiers(client: &mut Client, grace: bool) {
    client.ask(&format!("TIER.SET a PATTERN a:* TTL 3600{}", if grace { " GRACE 600" } else { "" })).good();
    client.ask("TIER.SET b PATTERN b:* TTL 3600").good();
}

fn with_test_hooks() -> (Server, Client) {
    let server = Server::with_test_hooks(&[]);
    let mut client = server.client();
    tiers(&mut client, false);
    (server, client)
}

/// A server with `MANY` entries `a:N` and `b:N` and ten `free:N` in no tier; its sweeps are held.
fn held() -> (Server, Client) {
    let (server, mut client) = with_test_hooks();
    client.fill("a:", MANY, "old");
    client.fill("b:", MANY, "old");
    client.fill("free:", 10, "old");
    client.hold_sweeps();
    (server, client)
}

/// Releases the sweeps, then asserts how many keys of each prefix are left and that the index agrees.
#[track_caller]
fn assert_left(client: &mut Client, left: [usize; 3]) {
    client.release_sweeps();
    assert_eq!(["a:*", "b:*", "free:*"].map(|pattern| client.present(pattern)), left);
    client.audit();
}
