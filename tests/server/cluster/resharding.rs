//! Slots that move to another node.

use crate::harness::cluster::Cluster;
use crate::harness::{Client, Reply, wait_until};

#[test]
fn clients_that_wait_for_a_key_are_sent_to_the_node_that_has_its_slot() {
    let cluster = Cluster::of(2, &[]);
    let key = "{w}value";
    let (from, to) = (cluster.owner(key), 1 - cluster.owner(key));
    let (source, target) = (&cluster.masters[from], &cluster.masters[to]);
    let mut client = source.client();
    client.ask("TIER.SET w PATTERN {w}* TTL 3600 CLUSTER").good();
    client.ask("JOB.SUBMIT {w}queue t payload ID j").good();
    client.ask("JOB.CLAIM {w}queue 1 t LEASE 600000").good();
    client.ask(&format!("CACHE.FETCH {key} LEASE 600000")).good();
    let mut waiting: Vec<Client> = [
        format!("CACHE.FETCH {key} WAIT 600000"),
        "JOB.CLAIM {w}queue 1 t BLOCK 0".to_owned(),
        "JOB.CLAIM {w}other 1 t BLOCK 600000".to_owned(),
    ]
    .iter()
    .map(|line| {
        let mut client = source.client();
        client.send_line(line);
        client
    })
    .collect();
    // This one waits for a key of a slot that stays.
    let stays = (0..).map(|number| format!("stays:{number}")).find(|key| cluster.owner(key) == from).expect("a key");
    let mut other = source.client();
    other.send_line(&format!("JOB.CLAIM {stays} 1 t BLOCK 0"));
    let blocked = waiting.len() as i64 + 1;
    wait_until("all clients wait", || client.info_number("assess", "blocked") == blocked);
    let slot = client.ask(&format!("CLUSTER KEYSLOT {key}")).integer();
    cluster.move_slot(slot, from, to);
    let moved = format!("MOVED {slot} 127.0.0.1:{}", target.port());
    for client in &mut waiting {
        assert_eq!(client.receive(), Reply::Error(moved.clone()));
    }
    assert_eq!(client.info_number("assess", "blocked"), 1);
    // There the queue is, with the job that runs.
    let mut there = target.client();
    assert_eq!(there.ask("JOB.CLAIM {w}queue 1 t"), Reply::Array(Vec::new()));
    assert_eq!(there.ask(&format!("CACHE.FETCH {key}")).array()[0].text(), "lease");
    client.ask(&format!("JOB.SUBMIT {stays} t payload")).good();
    assert_eq!(other.receive().array().len(), 1);
}

#[test]
fn a_client_may_wait_on_a_replica() {
    let cluster = Cluster::with_replicas(2, &[]);
    let mut client = cluster.client_of("queue");
    client.ask("JOB.SUBMIT queue t payload ID j").good();
    let replica = &cluster.replicas[cluster.owner("queue")];
    replica.await_in_sync_with(&cluster.masters[cluster.owner("queue")]);
    let mut waiting = replica.client();
    waiting.ask("READONLY").good();
    waiting.send_line("JOB.WAIT queue j BLOCK 600000");
    let mut admin = replica.client();
    wait_until("the client waits", || admin.info_number("assess", "blocked") == 1);
    // Longer than the nodes need to look for waits of slots that have moved.
    let before = admin.info_number("server", "uptime_in_seconds");
    wait_until("two seconds have passed", || admin.info_number("server", "uptime_in_seconds") >= before + 2);
    assert_eq!(admin.info_number("assess", "blocked"), 1);
    let job = client.ask("JOB.CLAIM queue 1 t");
    let token = job.array()[0].map()["token"].text();
    client.ask(&format!("JOB.COMPLETE queue j {token} r")).good();
    assert_eq!(waiting.receive().map()["status"].text(), "completed");
}

#[test]
fn models_entries_and_queues_move_with_their_slot() {
    let cluster = Cluster::of(2, &[]);
    let (from, to) = (cluster.owner("{m}"), 1 - cluster.owner("{m}"));
    let (mut here, mut there) = (cluster.masters[from].client(), cluster.masters[to].client());
    here.ask("TIER.SET m PATTERN {m}* TTL 3600 COMPRESS 100 CLUSTER").good();
    cluster.masters[from].load_mini(&mut here, "{m}icio");
    let document = here.ask("ASSESS.GET {m}icio USA C10").good();
    let text = "text ".repeat(100);
    for number in 0..50 {
        here.call(&["CACHE.SET", &format!("{{m}}{number}"), &text, "TAGS", "1", "t"]).good();
    }
    here.ask("JOB.SUBMIT {m}queue t payload ID j").good();
    let slot = here.ask("CLUSTER KEYSLOT {m}").integer();
    cluster.move_slot(slot, from, to);
    there.await_ready("{m}icio");
    assert_eq!(there.ask("ASSESS.GET {m}icio USA C10"), document);
    assert_eq!(there.ask("CACHE.GET {m}7").text(), text);
    assert_eq!(there.ask("JOB.CLAIM {m}queue 1 t").array().len(), 1);
    // Nothing is left: not in the keyspace, and not in the index.
    assert_eq!(here.ask("DBSIZE").integer(), 0);
    for field in ["cache_entries", "models", "queues"] {
        assert_eq!(here.info_number("assess", field), 0, "{field}");
    }
    assert_eq!(here.ask("CACHE.INVALIDATE TAG t CLUSTER").integer(), 50);
    assert_eq!(there.ask("CACHE.GET {m}7"), Reply::Nil);
}
