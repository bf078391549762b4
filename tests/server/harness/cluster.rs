//! A cluster for one test: masters that share all slots, and a replica of each if wanted.

use std::process::Command;
use std::time::{Duration, Instant};

use super::waiting::wait_until;
use super::{Client, Server};

const SLOTS: usize = 16_384;
/// Longer than a handshake takes before the server gives it up.
const MEET_AGAIN: Duration = Duration::from_secs(5);

/// Settings of every node. A replica takes over only when a test allows it, and a node counts as failed only after a long
/// time, so that a slow machine causes neither; and nodes keep serving while another one is away.
const SETTINGS: [&str; 4] = [
    "cluster-enabled yes",
    "cluster-node-timeout 15000",
    "cluster-replica-no-failover yes",
    "cluster-require-full-coverage no",
];

/// For tests in which a replica takes over: its master counts as failed soon.
const FAILS_SOON: &str = "cluster-node-timeout 2000";

pub(crate) struct Cluster {
    pub(crate) masters: Vec<Server>,
    /// The replica of each master, in the same order; empty if there are none.
    pub(crate) replicas: Vec<Server>,
}

impl Cluster {
    /// `masters` masters with the slots in equal parts, in order.
    pub(crate) fn of(masters: usize, settings: &[&str]) -> Self {
        let masters: Vec<Server> = (0..masters).map(|_| node(settings)).collect();
        for (at, master) in masters.iter().enumerate() {
            let range = (at * SLOTS / masters.len(), (at + 1) * SLOTS / masters.len() - 1);
            let mut client = master.client();
            // Nodes with the same epoch would have to settle that first.
            client.ask(&format!("CLUSTER SET-CONFIG-EPOCH {}", at + 1)).good();
            client.ask(&format!("CLUSTER ADDSLOTSRANGE {} {}", range.0, range.1)).good();
        }
        let cluster = Self { masters, replicas: Vec::new() };
        cluster.masters.iter().skip(1).for_each(|other| cluster.meet(other));
        cluster.await_complete();
        cluster
    }

    /// The same, and a replica of each master.
    pub(crate) fn with_replicas(masters: usize, settings: &[&str]) -> Self {
        let settings = [settings, &[FAILS_SOON]].concat();
        let mut cluster = Self::of(masters, &settings);
        let replicas: Vec<Server> = cluster.masters.iter().map(|_| node(&settings)).collect();
        replicas.iter().for_each(|replica| cluster.meet(replica));
        for (master, replica) in cluster.masters.iter().zip(&replicas) {
            let id = id(master);
            let mut client = replica.client();
            wait_until("the replica knows its master", || !client.ask(&format!("CLUSTER REPLICATE {id}")).is_error());
        }
        cluster.replicas = replicas;
        cluster.await_complete();
        for (master, replica) in cluster.masters.iter().zip(&cluster.replicas) {
            replica.await_in_sync_with(master);
        }
        cluster.save_configuration();
        cluster
    }

    /// Every node writes what it knows to its file. Valkey 8.0 writes the file before it knows the shard of a new replica,
    /// and not again afterwards: with that file it refuses to start ("corrupted cluster config file").
    fn save_configuration(&self) {
        for node in self.masters.iter().chain(&self.replicas) {
            let mut client = node.client();
            let masters = self.masters.len();
            wait_until("each replica is in the shard of its master", || {
                client.ask("CLUSTER SHARDS").array().len() == masters
            });
            client.ask("CLUSTER SAVECONFIG").good();
        }
    }

    /// A new node, without slots, meets the first master; returns when that knows it. A server that does not answer in time
    /// is forgotten, so it is asked again.
    pub(crate) fn meet(&self, node: &Server) {
        let (id, port) = (id(node), node.port().to_string());
        let mut client = self.masters[0].client();
        let mut asked: Option<Instant> = None;
        wait_until("the nodes have met", || {
            if asked.is_none_or(|asked| asked.elapsed() > MEET_AGAIN) {
                client.call(&["CLUSTER", "MEET", "127.0.0.1", &port]).good();
                asked = Some(Instant::now());
            }
            client.ask("CLUSTER NODES").text().contains(&id)
        });
    }

    /// Waits until every node knows every other one and which of them are masters.
    pub(crate) fn await_complete(&self) {
        let (masters, replicas) = (self.masters.len(), self.replicas.len());
        for node in self.masters.iter().chain(&self.replicas) {
            let mut client = node.client();
            wait_until("the cluster is complete", || {
                let nodes = client.ask("CLUSTER NODES").text();
                // Whole words: a node that must not take over has the flag `nofailover`.
                let is = |line: &&str, flag: &str| {
                    line.split(' ').nth(2).is_some_and(|flags| flags.split(',').any(|one| one == flag))
                };
                let healthy = nodes.lines().filter(|line| line.contains(" connected") && !is(line, "fail"));
                let has_slots = |line: &&str| line.split(' ').count() > 8;
                healthy.clone().filter(|line| is(line, "master") && has_slots(line)).count() == masters
                    && healthy.filter(|line| is(line, "slave")).count() == replicas
                    && client.ask("CLUSTER INFO").text().contains("cluster_state:ok")
            });
        }
    }

    /// The number of the master that has the slot of a key.
    pub(crate) fn owner(&self, key: &str) -> usize {
        let slot = self.masters[0].client().call(&["CLUSTER", "KEYSLOT", key]).integer() as usize;
        (0..self.masters.len()).find(|at| slot < (at + 1) * SLOTS / self.masters.len()).expect("a slot of a master")
    }

    /// A client of the master that has the slot of a key.
    pub(crate) fn client_of(&self, key: &str) -> Client {
        self.masters[self.owner(key)].client()
    }

    /// Moves a slot, with its keys, as redis-cli does.
    pub(crate) fn move_slot(&self, slot: i64, from: usize, to: usize) {
        let (mut source, mut target) = (self.masters[from].client(), self.masters[to].client());
        let (source_id, target_id) = (id(&self.masters[from]), id(&self.masters[to]));
        target.ask(&format!("CLUSTER SETSLOT {slot} IMPORTING {source_id}")).good();
        source.ask(&format!("CLUSTER SETSLOT {slot} MIGRATING {target_id}")).good();
        let port = self.masters[to].port().to_string();
        loop {
            let keys = source.ask(&format!("CLUSTER GETKEYSINSLOT {slot} 10")).texts();
            if keys.is_empty() {
                break;
            }
            let mut command = vec!["MIGRATE", "127.0.0.1", &port, "", "0", "60000", "KEYS"];
            command.extend(keys.iter().map(String::as_str));
            source.call(&command).good();
        }
        target.ask(&format!("CLUSTER SETSLOT {slot} NODE {target_id}")).good();
        source.ask(&format!("CLUSTER SETSLOT {slot} NODE {target_id}")).good();
    }
}

/// The name of a node in its cluster.
pub(crate) fn id(node: &Server) -> String {
    node.client().ask("CLUSTER MYID").text()
}

/// A node without slots that knows no other one.
pub(crate) fn node(settings: &[&str]) -> Server {
    Server::with(&[&SETTINGS[..], settings].concat())
}

/// A server that is stopped as a whole: it keeps its connections and answers nothing, like a machine that hangs.
pub(crate) struct Stopped<'a> {
    server: &'a Server,
}

impl<'a> Stopped<'a> {
    pub(crate) fn stop(server: &'a Server) -> Self {
        signal(server, "-STOP");
        Self { server }
    }
}

impl Drop for Stopped<'_> {
    fn drop(&mut self) {
        signal(self.server, "-CONT");
    }
}

fn signal(server: &Server, signal: &str) {
    let id = server.process().to_string();
    let sent = Command::new("sh").args(["-c", "kill $0 $1", signal, &id]).status().expect("sh is installed");
    assert!(sent.success(), "kill {signal} {id}");
}
