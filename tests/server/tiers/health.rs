//! `MINHIT` and many leases in `CACHE.HEALTH`.

use super::served;
use crate::harness::{Client, Reply};

#[test]
fn given_minhit_then_health_is_degraded_after_a_thousand_reads() {
    let (_server, mut client) = served(&["t PATTERN k* TTL 1000 MINHIT 50"]);
    let state = |client: &mut Client| client.ask("CACHE.HEALTH").texts()[0].clone();
    client.pipeline(&["CACHE.GET k"; 999]);
    assert_eq!(state(&mut client), "ok");
    client.ask("CACHE.GET k").good();
    assert_eq!(state(&mut client), "degraded");
    let lines = client.ask("CACHE.HEALTH").texts();
    assert!(lines.iter().any(|line| line.starts_with("degraded tier t: 0.0 %")), "{lines:?}");
    client.ask("CACHE.SET k v").good();
    client.pipeline(&["CACHE.GET k"; 1000]);
    assert_eq!(state(&mut client), "ok");
}

#[test]
fn given_many_leases_then_health_is_degraded_before_clients_are_refused() {
    let (server, mut client) = served(&["t PATTERN k* TTL 1000"]);
    let mut holders: Vec<Client> = (0..8).map(|_| server.client()).collect();
    // One user may hold half of all leases.
    client.ask("ACL SETUSER other on >p ~* +@all").good();
    for (nth, holder) in holders.iter_mut().enumerate() {
        if nth % 2 == 1 {
            holder.ask("AUTH other p").good();
        }
        // The last lease is granted later.
        let count = if nth == 7 { 9_999 } else { 10_000 };
        let names = (0..count).map(|i| format!("k{nth}:{i}"));
        let lines: Vec<Vec<String>> =
            names.map(|key| ["CACHE.FETCH", &key, "LEASE", "3600000"].map(str::to_owned).to_vec()).collect();
        assert!(holder.batch(&lines).iter().all(|reply| reply.array()[0] == Reply::bulk("lease")));
    }
    let line = |client: &mut Client| {
        let lines = client.ask("CACHE.HEALTH").texts();
        lines.into_iter().find(|line| line.contains("leases:")).expect("a line of leases")
    };
    assert!(line(&mut client).starts_with("ok leases: 79999 of 100000 held"));
    client.ask("CACHE.FETCH k").good();
    assert!(line(&mut client).starts_with("degraded leases: 80000 of 100000 held"));
}
