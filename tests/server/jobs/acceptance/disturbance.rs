//! The servers and the worker processes, and what happens to them.

use std::process::Child;
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use super::scene::{QUEUE, Scene, place, solo_queues};
use super::worker;
use crate::harness::random::Random;
use crate::harness::{Client, Server, wait_until};

const SETTINGS: [&str; 4] = ["appendonly yes", "appendfsync always", "repl-backlog-size 20mb", "repl-timeout 60"];

/// A master, perhaps a replica, and workers that are processes. All are ended when this is dropped.
pub(super) struct Cast {
    scene: Arc<Scene>,
    random: Random,
    seed: u64,
    master: Server,
    replica: Option<Server>,
    workers: Vec<Child>,
}

impl Drop for Cast {
    fn drop(&mut self) {
        // The workers that are threads stop, too.
        self.scene.stop();
        self.end_workers();
    }
}

impl Cast {
    /// A master with a replica.
    pub(super) fn new(scene: Arc<Scene>, seed: u64) -> Self {
        let replica = Server::with(&SETTINGS);
        let mut cast = Self::alone(scene, seed);
        replica.follow(&cast.master);
        cast.replica = Some(replica);
        cast
    }

    /// A master alone.
    pub(super) fn alone(scene: Arc<Scene>, seed: u64) -> Self {
        let master = Server::with_environment(&SETTINGS, &[("ASSESS_TEST_HOOKS", "1")]);
        let mut client = master.client();
        client.ask(&format!("JOB.CONFIG {QUEUE} MAXRUNNING 60 MAXPERGROUP 25 AGEING 500")).good();
        let solo: Vec<String> = solo_queues(scene.jobs).collect();
        std::fs::write(scene.folder.join("solo"), solo.join("\n")).expect("a file in a temporary folder");
        scene.set_master(master.port());
        let random = Random::new(seed ^ 0x5eed);
        Self { scene, random, seed, master, replica: None, workers: Vec::new() }
    }

    pub(super) fn master(&self) -> &Server {
        &self.master
    }

    pub(super) fn servers(&self) -> Vec<&Server> {
        std::iter::once(&self.master).chain(&self.replica).collect()
    }

    pub(super) fn spawn_worker(&mut self) {
        self.seed = self.seed.wrapping_add(104_729);
        let child = worker::process(&self.scene.folder, self.seed).spawn().expect("this program can be started");
        self.workers.push(child);
    }

    pub(super) fn end_workers(&mut self) {
        for mut worker in self.workers.drain(..) {
            let _ = worker.kill();
            let _ = worker.wait();
        }
    }

    /// What does not change the master.
    pub(super) fn disturb_a_little(&mut self) {
        let mut client = self.master.client();
        match self.random.below(7) {
            0 | 1 if !self.workers.is_empty() => {
                let mut worker = self.workers.swap_remove(self.random.below(self.workers.len()));
                worker.kill().expect("the process can be killed");
                worker.wait().expect("the process can be awaited");
                self.spawn_worker();
            }
            2 => _ = client.ask("CLIENT KILL TYPE normal"),
            3 => _ = client.ask("CLIENT PAUSE 60 WRITE"),
            4 => _ = client.ask("DEBUG SLEEP 0.1"),
            5 => _ = client.ask("BGREWRITEAOF"),
            _ => {
                for _ in 0..5 {
                    let (queue, id) = place(self.random.below(self.scene.jobs));
                    client.call(&["JOB.CANCEL", &queue, &id]);
                }
            }
        }
        sleep(Duration::from_millis(self.random.below(60) as u64));
    }

    /// A restart or a failover: each kind in turn.
    pub(super) fn disturb(&mut self, round: usize) {
        match round % 4 {
            0 => self.fail_over(),
            1 => self.crash(),
            2 => self.crash_and_fail_over(),
            _ => self.crash_replica(),
        }
    }

    /// Stops writes, and waits until the replica has all of them.
    fn hand_over(&self) {
        self.scene.begins_change();
        self.master.client().ask("CLIENT PAUSE 600000 WRITE").good();
        let replica = self.replica.as_ref().expect("there is a replica");
        replica.await_in_sync_with(&self.master);
    }

    fn promote(&mut self) {
        let replica = self.replica.as_mut().expect("there is a replica");
        replica.client().ask("REPLICAOF NO ONE").good();
        std::mem::swap(&mut self.master, replica);
        self.scene.set_master(self.master.port());
    }

    fn fail_over(&mut self) {
        self.hand_over();
        self.promote();
        let old = self.replica.as_ref().expect("there is a replica");
        let mut client = old.client();
        client.call(&["REPLICAOF", "127.0.0.1", &self.master.port().to_string()]).good();
        // A pause would also hold the writes of the new master.
        client.ask("CLIENT UNPAUSE").good();
        old.await_in_sync_with(&self.master);
    }

    fn crash_and_fail_over(&mut self) {
        self.hand_over();
        self.master.kill();
        self.promote();
        let old = self.replica.as_mut().expect("there is a replica");
        old.start_again();
        old.follow(&self.master);
    }

    fn crash(&mut self) {
        self.scene.begins_change();
        self.master.kill();
        self.master.start_again();
        self.scene.set_master(self.master.port());
        self.replica.as_ref().expect("there is a replica").follow(&self.master);
    }

    fn crash_replica(&mut self) {
        let replica = self.replica.as_mut().expect("there is a replica");
        replica.kill();
        replica.start_again();
        replica.follow(&self.master);
    }

    /// Waits until every job has ended, however many there are, as long as some end.
    pub(super) fn await_ends(&mut self) {
        let mut client = self.master.client();
        let mut left = self.scene.jobs as i64;
        while left > 0 {
            let before = left;
            wait_until("some more jobs have ended", || {
                let queues = std::iter::once(QUEUE.to_owned()).chain(solo_queues(self.scene.jobs));
                left = queues.map(|queue| not_ended(&mut client, &queue)).sum();
                left == 0 || left < before
            });
        }
    }
}

fn not_ended(client: &mut Client, queue: &str) -> i64 {
    let info = client.call(&["JOB.INFO", queue]).good().map();
    ["delayed", "pending", "running"].iter().map(|state| info[*state].integer()).sum()
}
