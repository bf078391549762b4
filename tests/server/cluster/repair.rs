//! A master that does not answer is named, and gets the change when it is back, or the replica that took over does.

use std::time::{Duration, Instant};

use crate::harness::cluster::{Cluster, Stopped};
use crate::harness::{Reply, wait_until};

#[test]
fn a_master_that_was_away_is_named_and_gets_the_change_when_it_is_back() {
    let cluster = Cluster::of(3, &[]);
    let mut client = cluster.masters[0].client();
    client.ask("TIER.SET page PATTERN page:* TTL 3600 CLUSTER").good();
    let mut counts = [0; 3];
    for number in 0..60 {
        let key = format!("page:{number}");
        cluster.client_of(&key).ask(&format!("CACHE.SET {key} v TAGS 1 t")).good();
        counts[cluster.owner(&key)] += 1;
    }
    let away = &cluster.masters[2];
    let stopped = Stopped::stop(away);
    client.ask("CONFIG SET assess.cluster-timeout-ms 300").good();
    let begun = Instant::now();
    for command in ["CACHE.INVALIDATE TAG t CLUSTER", "TIER.SET page PATTERN page:* TTL 7 CLUSTER"] {
        let reply = client.ask(command);
        // On a busy machine another one may be late too.
        assert_eq!(reply.code(), "NOACK");
        assert!(reply.error().contains(&format!("127.0.0.1:{}", away.port())), "{reply:?}");
    }
    assert!(begun.elapsed() >= Duration::from_millis(600), "the masters were given time");
    for command in ["CACHE.STATS CLUSTER", "CACHE.STATS page CLUSTER"] {
        assert_eq!(client.ask(command).code(), "NOACK", "no sum without all of them");
    }
    let health = client.ask("CACHE.HEALTH CLUSTER").texts();
    assert_eq!(health[0], "degraded");
    let silent = format!("127.0.0.1:{} degraded node: it does not answer", away.port());
    assert!(health.contains(&silent), "{health:?}");
    // The others have done it.
    for master in &cluster.masters[..2] {
        let mut client = master.client();
        wait_until("the others have no entry left", || client.ask("DBSIZE").integer() == 0);
    }
    wait_until("both wait for one master", || client.info_number("assess", "cluster_pending") == 2);
    let repeated = client.info_number("assess", "cluster_repeated");
    wait_until("they are sent again", || client.info_number("assess", "cluster_repeated") > repeated + 3);
    client.ask("CONFIG SET assess.cluster-timeout-ms 60000").good();
    drop(stopped);
    let mut back = away.client();
    wait_until("no entry is left", || back.ask("DBSIZE").integer() == 0);
    wait_until("the tier has come", || {
        let info = back.ask("TIER.INFO page");
        info.array().contains(&Reply::Integer(7000))
    });
    wait_until("nothing is pending", || client.info_number("assess", "cluster_pending") == 0);
    assert_eq!(client.ask("CACHE.INVALIDATE ALL CLUSTER").integer(), 0);
    // It was sent each request several times, and carried each out once: two at first, two changes, two queries for
    // statistics, one for health, and the last one.
    assert!(back.info_number("assess", "cluster_requests") <= 8);
}

#[test]
fn the_replica_that_takes_over_gets_the_change() {
    let mut cluster = Cluster::with_replicas(3, &[]);
    let mut client = cluster.masters[0].client();
    client.ask("TIER.SET page PATTERN page:* TTL 3600 CLUSTER").good();
    for number in 0..60 {
        let key = format!("page:{number}");
        cluster.client_of(&key).ask(&format!("CACHE.SET {key} v TAGS 1 t")).good();
    }
    cluster.replicas[2].await_in_sync_with(&cluster.masters[2]);
    let mut replica = cluster.replicas[2].client();
    assert!(replica.ask("DBSIZE").integer() > 0);
    cluster.masters[2].kill();
    client.ask("CONFIG SET assess.cluster-timeout-ms 300").good();
    assert_eq!(client.ask("CACHE.INVALIDATE TAG t CLUSTER").code(), "NOACK");
    client.ask("CONFIG SET assess.cluster-timeout-ms 60000").good();
    replica.ask("CONFIG SET cluster-replica-no-failover no").good();
    wait_until("the replica has taken over", || replica.ask("ROLE").array()[0].text() == "master");
    wait_until("no entry is left", || replica.ask("DBSIZE").integer() == 0);
    wait_until("nothing is pending", || client.info_number("assess", "cluster_pending") == 0);
    // The failed master no longer has slots, so no command waits for it.
    wait_until("the others know the new master", || !client.ask("CACHE.INVALIDATE ALL CLUSTER").is_error());
    // It comes back as a replica, with the data of the new master.
    cluster.masters[2].start_again();
    let mut back = cluster.masters[2].client();
    wait_until("the failed master is a replica", || back.ask("ROLE").array()[0].text() == "slave");
    cluster.masters[2].await_in_sync_with(&cluster.replicas[2]);
    assert_eq!(back.ask("DBSIZE").integer(), 0);
    assert!(!back.ask("TIER.INFO page").is_error());
}

#[test]
fn while_the_cluster_is_down_no_client_waits_and_changes_are_repeated() {
    let mut cluster = Cluster::of(3, &["cluster-require-full-coverage yes", "cluster-node-timeout 2000"]);
    cluster.masters[2].kill();
    let mut client = cluster.masters[0].client();
    wait_until("the cluster is down", || client.ask("CLUSTER INFO").text().contains("cluster_state:fail"));
    let failed = format!("127.0.0.1:{} degraded node: it has failed", cluster.masters[2].port());
    wait_until("the node counts as failed", || client.ask("CACHE.HEALTH CLUSTER").texts().contains(&failed));
    let health = client.ask("CACHE.HEALTH CLUSTER").texts();
    assert_eq!(health[..2], ["degraded", "cluster degraded state: fail, the other masters were not asked"]);
    let own = format!("127.0.0.1:{} ok memory", cluster.masters[0].port());
    assert!(health.iter().any(|line| line.starts_with(&own)), "{health:?}");
    for command in ["CACHE.STATS CLUSTER", "TIER.SET page PATTERN page:* TTL 7 CLUSTER", "CACHE.INVALIDATE ALL CLUSTER"]
    {
        let reply = client.ask(command);
        assert_eq!(reply.code(), "NOACK", "{command}");
        assert!(reply.error().contains("the state of the cluster is fail"), "{reply:?}");
    }
    // The living one is reached all the same, the other one when it is back.
    for at in [1, 2] {
        if at == 2 {
            cluster.masters[2].start_again();
        }
        let mut other = cluster.masters[at].client();
        wait_until("the change has come", || !other.ask("TIER.INFO page").is_error());
    }
    wait_until("nothing is pending", || client.info_number("assess", "cluster_pending") == 0);
    wait_until("the cluster is up", || client.ask("CLUSTER INFO").text().contains("cluster_state:ok"));
    assert_eq!(client.ask("CACHE.HEALTH CLUSTER").texts()[0], "ok");
}
