//! Commands with CLUSTER: every master carries them out.

use crate::harness::cluster::Cluster;
use crate::harness::{Client, Reply, Server, wait_until};

/// Writes `count` entries with a tag, over all masters. Returns how many each master has.
fn fill(cluster: &Cluster, count: usize, tag: &str) -> Vec<usize> {
    let mut counts = vec![0; cluster.masters.len()];
    let mut clients: Vec<Client> = cluster.masters.iter().map(Server::client).collect();
    for number in 0..count {
        let key = format!("page:{number}");
        let owner = cluster.owner(&key);
        clients[owner].ask(&format!("CACHE.SET {key} v TAGS 1 {tag}")).good();
        counts[owner] += 1;
    }
    counts
}

#[test]
fn every_master_invalidates_and_the_counts_are_summed() {
    let cluster = Cluster::with_replicas(3, &[]);
    let mut client = cluster.masters[1].client();
    assert_eq!(client.ask("TIER.SET page PATTERN page:* TTL 3600 CLUSTER"), Reply::ok());
    for node in cluster.masters.iter().chain(&cluster.replicas) {
        let mut client = node.client();
        wait_until("the tier is on every node", || !client.ask("TIER.INFO page").is_error());
    }
    // Few entries are removed within the command, many in slices.
    for (count, tag) in [(30, "few"), (1500, "many")] {
        let counts = fill(&cluster, count, tag);
        assert!(counts.iter().all(|&count| count > 0), "{counts:?}");
        assert_eq!(client.ask(&format!("CACHE.INVALIDATE TAG {tag} CLUSTER")).integer(), count as i64);
        for (master, replica) in cluster.masters.iter().zip(&cluster.replicas) {
            replica.await_in_sync_with(master);
            for node in [master, replica] {
                assert_eq!(node.client().ask("DBSIZE").integer(), 0);
            }
        }
        assert_eq!(client.ask(&format!("CACHE.INVALIDATE TAG {tag} CLUSTER")).integer(), 0);
    }
    fill(&cluster, 300, "async");
    assert_eq!(client.ask("CACHE.INVALIDATE PATTERN page:* ASYNC CLUSTER").integer(), 0);
    for master in &cluster.masters {
        let mut client = master.client();
        wait_until("no entry is left", || client.ask("DBSIZE").integer() == 0);
    }
    // A request is carried out once, however often its message comes.
    for master in &cluster.masters {
        assert_eq!(master.client().info_number("assess", "cluster_pending"), 0);
    }
}

#[test]
fn statistics_and_health_are_those_of_all_masters() {
    let cluster = Cluster::of(3, &[]);
    let mut client = cluster.masters[2].client();
    client.ask("TIER.SET page PATTERN page:* TTL 3600 CLUSTER").good();
    client.ask("CACHE.STATS RESET CLUSTER").good();
    fill(&cluster, 40, "t");
    for number in 0..80 {
        let key = format!("page:{number}");
        cluster.client_of(&key).ask(&format!("CACHE.GET {key}")).good();
    }
    for command in ["CACHE.STATS CLUSTER", "CACHE.STATS page CLUSTER"] {
        let stats = client.ask(command).map();
        for (field, expected) in [("hits", 40), ("misses", 40), ("sets", 40), ("entries", 40), ("ttl_seconds", 3600)] {
            if field != "ttl_seconds" || command.contains("page") {
                assert_eq!(stats[field], Reply::Integer(expected), "{command}: {field}");
            }
        }
        assert_eq!(stats["hit_rate_percent"].double(), 50.0, "{command}");
        // The same fields as those of one node.
        let mut own: Vec<String> = client.ask(&command.replace(" CLUSTER", "")).map().into_keys().collect();
        let mut all: Vec<String> = stats.into_keys().collect();
        own.sort();
        all.sort();
        assert_eq!(own, all);
    }
    let health = client.ask("CACHE.HEALTH CLUSTER").texts();
    assert_eq!(health[0], "ok", "{health:?}");
    for master in &cluster.masters {
        let own = format!("127.0.0.1:{} ok memory: ", master.port());
        assert!(health.iter().any(|line| line.starts_with(&own)), "{own} is not in {health:?}");
    }
    client.ask("CACHE.STATS RESET CLUSTER").good();
    assert_eq!(client.ask("CACHE.STATS CLUSTER").map()["hits"], Reply::Integer(0));
}

#[test]
fn statistics_can_be_asked_of_a_replica_and_changes_cannot() {
    let cluster = Cluster::with_replicas(2, &[]);
    cluster.masters[0].client().ask("TIER.SET page PATTERN page:* TTL 3600 CLUSTER").good();
    fill(&cluster, 10, "t");
    let mut client = cluster.replicas[0].client();
    assert_eq!(client.ask("CACHE.STATS CLUSTER").map()["sets"], Reply::Integer(10));
    assert_eq!(client.ask("CACHE.HEALTH CLUSTER").texts()[0], "ok");
    for command in ["TIER.SET page PATTERN p:* TTL 5 CLUSTER", "TIER.DEL page CLUSTER", "CACHE.INVALIDATE ALL CLUSTER"]
    {
        assert_eq!(client.ask(command).code(), "READONLY", "{command}");
    }
}

#[test]
fn what_cannot_be_done_everywhere_is_refused_before_anything_is_sent() {
    let alone = Server::start();
    for command in [
        "TIER.SET page PATTERN page:* TTL 5 CLUSTER",
        "TIER.DEL page CLUSTER",
        "CACHE.INVALIDATE ALL CLUSTER",
        "CACHE.STATS CLUSTER",
        "CACHE.STATS RESET CLUSTER",
        "CACHE.HEALTH CLUSTER",
    ] {
        let refused = alone.client().ask(command);
        assert!(refused.error().contains("not a node of a cluster"), "{command}: {refused:?}");
    }
    let cluster = Cluster::of(2, &[]);
    let (mut client, mut other) = (cluster.masters[0].client(), cluster.masters[1].client());
    client.ask("CACHE.INVALIDATE KEY k ALL CLUSTER").error();
    client.ask("TIER.SET page PATTERN page:* CLUSTER").error();
    client.ask("MULTI").good();
    client.ask("CACHE.INVALIDATE ALL CLUSTER").good();
    assert_eq!(client.ask("EXEC").array()[0].code(), "BUSY");
    // This node has no such tier: the other one is not asked.
    other.ask("TIER.SET there PATTERN there:* TTL 5").good();
    assert_eq!(client.ask("CACHE.INVALIDATE TIER there CLUSTER").code(), "ERR");
    // The other one has none: it says so.
    client.ask("TIER.SET here PATTERN here:* TTL 5").good();
    let refused = client.ask("CACHE.INVALIDATE TIER here CLUSTER");
    let says = format!("NOACK 127.0.0.1:{} refused: ERR there is no such tier", cluster.masters[1].port());
    assert!(refused.error().starts_with(&says), "{refused:?}");
    assert_eq!(client.info_number("assess", "cluster_pending"), 0);
    client.ask("ACL SETUSER some on >p ~page:* +@all").good();
    client.ask("AUTH some p").good();
    for command in
        ["TIER.SET page PATTERN page:* TTL 5 CLUSTER", "TIER.DEL here CLUSTER", "CACHE.INVALIDATE ALL CLUSTER"]
    {
        assert_eq!(client.ask(command).code(), "NOPERM", "{command}");
    }
    assert_eq!(other.ask("TIER.LIST").texts(), ["assessment", "there"]);
}

#[test]
fn a_caller_that_leaves_does_not_stop_a_change() {
    let cluster = Cluster::of(2, &["assess.cluster-timeout-ms 60000"]);
    let mut client = cluster.masters[0].client();
    let stopped = crate::harness::cluster::Stopped::stop(&cluster.masters[1]);
    let id = client.ask("CLIENT ID").integer();
    client.send_line("TIER.SET page PATTERN page:* TTL 5 CLUSTER");
    let mut admin = cluster.masters[0].client();
    wait_until("the client waits", || admin.ask(&format!("CLIENT UNBLOCK {id}")).integer() == 1);
    assert_eq!(client.receive().code(), "BUSY");
    assert_eq!(admin.info_number("assess", "cluster_pending"), 1);
    let health = admin.ask("CACHE.HEALTH").texts();
    assert!(
        health.contains(&"degraded cluster: 1 changes wait for masters that did not answer".to_owned()),
        "{health:?}"
    );
    drop(stopped);
    let mut other = cluster.masters[1].client();
    wait_until("the change has come", || !other.ask("TIER.INFO page").is_error());
    wait_until("nothing is pending", || admin.info_number("assess", "cluster_pending") == 0);
}
