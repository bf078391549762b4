//! Changes that the index applies later, several at a time: every report has them.

use super::{served, stats};
use crate::harness::{Client, wait_until};

fn numbers(client: &mut Client, fields: [&str; 4]) -> [i64; 4] {
    let stats = stats(client, "t");
    fields.map(|field| stats[field].integer())
}

fn hot(client: &mut Client) -> Vec<(String, i64)> {
    let rows = client.ask("CACHE.HOT t").good();
    rows.array().iter().map(|row| (row.array()[0].text(), row.array()[1].integer())).collect()
}

#[test]
fn given_hits_and_plain_changes_then_reports_have_them() {
    let (_server, mut client) = served();
    client.ask("SET k1 v").good();
    for _ in 0..3 {
        client.ask("CACHE.GET k1").good();
        client.ask("SET k2 v").good();
    }
    client.ask("DEL k1").good();
    // A removed entry that was requested often is remembered with its hits.
    assert_eq!(hot(&mut client), [("k1".to_owned(), 3)]);
    client.ask("SET k3 v PX 1").good();
    client.ask("SET k4 v").good();
    client.ask("CACHE.GET k4").good();
    client.ask("PEXPIRE k4 1").good();
    wait_until("both keys have expired", || client.ask("EXISTS k3 k4").integer() == 0);
    let fields = ["entries", "hits", "expiries", "expired_never_hit"];
    assert_eq!(numbers(&mut client, fields), [1, 4, 2, 1]);
}

#[test]
fn given_more_changes_than_may_wait_then_reports_have_all() {
    let (_server, mut client) = served();
    for i in 0..100 {
        client.ask(&format!("SET k{i} v")).good();
    }
    for i in 0..100 {
        client.ask(&format!("CACHE.GET k{i}")).good();
    }
    for i in (0..100).step_by(2) {
        client.ask(&format!("UNLINK k{i}")).good();
    }
    assert_eq!(numbers(&mut client, ["entries", "hits", "expiries", "evictions"]), [50, 100, 0, 0]);
    assert_eq!(client.ask("CACHE.INVALIDATE PATTERN k*").integer(), 50);
}

/// The database of a change is that of its command.
#[test]
fn given_databases_that_change_then_waiting_changes_stay_in_theirs() {
    let (_server, mut client) = served();
    client.ask("SET k1 v").good();
    client.ask("CACHE.GET k1").good();
    client.ask("SWAPDB 0 3").good();
    assert_eq!(hot(&mut client), []);
    client.ask("SELECT 3").good();
    assert_eq!(hot(&mut client), [("k1".to_owned(), 1)]);
    client.ask("SET k2 v").good();
    client.ask("FLUSHDB").good();
    assert_eq!((hot(&mut client), stats(&mut client, "t")["entries"].integer()), (vec![], 0));
}
