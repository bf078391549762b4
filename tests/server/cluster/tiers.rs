//! All masters share the tiers that commands with CLUSTER set: after restarts, and when nodes join.

use crate::harness::cluster::{Cluster, id, node};
use crate::harness::{Client, wait_until};

/// The time to live of a tier in milliseconds; `None` without the tier.
fn ttl_ms(client: &mut Client, tier: &str) -> Option<i64> {
    let info = client.ask(&format!("TIER.INFO {tier}"));
    if info.is_error() {
        return None;
    }
    Some(info.map()["ttl_ms"].integer())
}

#[test]
fn a_node_that_joins_gets_the_tiers_and_its_configuration_gives_way() {
    let cluster = Cluster::of(2, &["TIER page PATTERN page:* TTL 10"]);
    let mut client = cluster.masters[0].client();
    client.ask("TIER.SET page PATTERN page:* TTL 20 CLUSTER").good();
    client.ask("TIER.SET more PATTERN more:* TTL 30 GRACE 5 CLUSTER").good();
    client.ask("TIER.SET gone PATTERN gone:* TTL 30 CLUSTER").good();
    assert_eq!(client.ask("TIER.DEL gone CLUSTER").integer(), 1);
    assert_eq!(client.ask("TIER.DEL gone CLUSTER").integer(), 0);
    // Names that no master has are not remembered: they would push out those that were deleted.
    for number in 0..1100 {
        assert_eq!(client.ask(&format!("TIER.DEL never{number} CLUSTER")).integer(), 0);
    }
    // A tier of one node alone is not shared.
    client.ask("TIER.SET own PATTERN own:* TTL 40").good();
    // The same redis.conf as the others, and what they have deleted since.
    let tiers = ["TIER page PATTERN page:* TTL 10", "TIER gone PATTERN gone:* TTL 10"].join(" ");
    let mut joins = node(&[&tiers, "save 3600 1"]);
    cluster.meet(&joins);
    for round in ["joined", "was started again"] {
        let mut joined = joins.client();
        wait_until(&format!("the node that {round} has the tiers"), || {
            let tiers = ["page", "more", "gone", "own"].map(|tier| ttl_ms(&mut joined, tier));
            tiers == [Some(20_000), Some(30_000), None, None]
        });
        if round == "joined" {
            joins.restart_saving();
            // From its own file, before any other node is asked.
            let mut again = joins.client();
            assert_eq!(["page", "gone"].map(|tier| ttl_ms(&mut again, tier)), [Some(20_000), None]);
        }
    }
}

#[test]
fn shared_tiers_survive_in_the_append_only_file_and_on_replicas() {
    for file in ["appendonly yes", "save 3600 1"] {
        let mut cluster = Cluster::with_replicas(2, &[file, "TIER page PATTERN page:* TTL 10"]);
        cluster.masters[0].client().ask("TIER.SET page PATTERN page:* TTL 20 CLUSTER").good();
        let mut replica = cluster.replicas[1].client();
        wait_until("the replica has it", || ttl_ms(&mut replica, "page") == Some(20_000));
        // This node alone deviates, until the next change of all.
        cluster.masters[1].client().ask("TIER.SET page PATTERN page:* TTL 5").good();
        cluster.masters[1].restart_saving();
        let mut client = cluster.masters[1].client();
        assert_eq!(ttl_ms(&mut client, "page"), Some(5_000), "{file}");
        cluster.await_complete();
        wait_until("the nodes reach each other", || {
            !client.ask("TIER.SET page PATTERN page:* TTL 30 CLUSTER").is_error()
        });
        for master in &cluster.masters {
            assert_eq!(ttl_ms(&mut master.client(), "page"), Some(30_000), "{file}");
        }
    }
}

#[test]
fn a_node_that_missed_a_change_gets_it_from_any_other_one() {
    let mut cluster = Cluster::of(3, &["assess.cluster-timeout-ms 300", "save 3600 1"]);
    cluster.masters[2].kill();
    let mut client = cluster.masters[0].client();
    assert_eq!(client.ask("TIER.SET page PATTERN page:* TTL 20 CLUSTER").code(), "NOACK");
    // The asking node forgets that it asked; the tier itself is in its file, and on the third node.
    cluster.masters[0].restart_saving();
    cluster.masters[2].start_again();
    let mut back = cluster.masters[2].client();
    wait_until("the tier has come", || ttl_ms(&mut back, "page") == Some(20_000));
}

#[test]
fn a_tier_that_does_not_fit_is_reported_and_applied_when_there_is_room() {
    let mut cluster = Cluster::of(2, &["save 3600 1"]);
    let mut full = cluster.masters[1].client();
    // Some exist from the beginning.
    let most = 1024 - full.ask("TIER.LIST").array().len();
    for number in 0..most {
        full.ask(&format!("TIER.SET own{number} PATTERN own{number}:* TTL 10")).good();
    }
    let mut client = cluster.masters[0].client();
    let refused = client.ask("TIER.SET page PATTERN page:* TTL 20 CLUSTER");
    assert!(refused.code() == "NOACK" && refused.error().contains("TOOBIG"), "{refused:?}");
    let line = "degraded cluster: 1 tiers of the cluster cannot be applied here, see the log".to_owned();
    wait_until("the full node says so", || full.ask("CACHE.HEALTH").texts().contains(&line));
    cluster.masters[1].restart_saving();
    let mut full = cluster.masters[1].client();
    assert!(full.ask("CACHE.HEALTH").texts().contains(&line), "also after a restart");
    assert_eq!(ttl_ms(&mut full, "page"), None);
    assert_eq!(full.ask("TIER.DEL own7").integer(), 1);
    wait_until("the tier fits now", || ttl_ms(&mut full, "page") == Some(20_000));
    assert!(!full.ask("CACHE.HEALTH").texts().contains(&line));
}

#[test]
fn a_node_that_joins_does_not_replace_tiers_of_the_cluster() {
    let cluster = Cluster::of(2, &[]);
    let mut client = cluster.masters[0].client();
    client.ask("TIER.SET page PATTERN page:* TTL 20 CLUSTER").good();
    // It was a cluster of its own, and changed the tier later.
    let mut joins = node(&["appendonly yes"]);
    let mut joined = joins.client();
    for tier in ["page", "other"] {
        // Without slots its state is fail, so it does not wait.
        assert_eq!(joined.ask(&format!("TIER.SET {tier} PATTERN {tier}:* TTL 5 CLUSTER")).code(), "NOACK");
        assert_eq!(ttl_ms(&mut joined, tier), Some(5_000));
    }
    cluster.meet(&joins);
    wait_until("the node that joined has the tier of the cluster", || ttl_ms(&mut joined, "page") == Some(20_000));
    // Also by its file, which has its own tier and what it took instead.
    joins.restart_saving();
    let mut joined = joins.client();
    assert_eq!(["page", "other"].map(|tier| ttl_ms(&mut joined, tier)), [Some(20_000), Some(5_000)]);
    // What the cluster does not know stays on the node alone, also when it has slots.
    let slot = client.ask("CLUSTER KEYSLOT x").integer();
    let id = id(&joins);
    let mut others: Vec<Client> = cluster.masters.iter().map(|master| master.client()).collect();
    joined.ask(&format!("CLUSTER SETSLOT {slot} NODE {id}")).good();
    joined.ask("CLUSTER BUMPEPOCH").good();
    for other in &mut others {
        wait_until("the others know", || {
            other
                .ask("CLUSTER NODES")
                .text()
                .lines()
                .any(|line| line.starts_with(&id) && line.ends_with(&slot.to_string()))
        });
    }
    client.ask("TIER.SET last PATTERN last:* TTL 7 CLUSTER").good();
    for other in &mut others {
        assert_eq!(["page", "other", "last"].map(|tier| ttl_ms(other, tier)), [Some(20_000), None, Some(7_000)]);
    }
    assert_eq!(
        ["page", "other", "last"].map(|tier| ttl_ms(&mut joined, tier)),
        [Some(20_000), Some(5_000), Some(7_000)]
    );
}
