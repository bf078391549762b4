//! The index never drifts: after millions of random operations of every kind, index and keyspace agree exactly, on the
//! replica too, and everything is given back after FLUSHALL.
//!
//! `ASSESS_DRIFT_OPERATIONS` says how many; half a million unless told. `ASSESS.AUDIT` compares: every key of the
//! keyspace with every entry of the index (tier, tags, size), and the parts of the index with each other.

mod operations;

use std::time::Instant;

use operations::{DATABASES, Grant, Maker};

use crate::harness::chance::seed;
use crate::harness::{Client, Reply, Server, wait_until};

/// Operations between two audits.
const BATCH: usize = 4000;

fn operations() -> usize {
    std::env::var("ASSESS_DRIFT_OPERATIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(500_000)
}

fn server() -> Server {
    // The server's own histograms and its log of slow commands would grow all the time.
    let settings = ["maxmemory-samples 3", "latency-tracking no", "slowlog-max-len 0"];
    Server::with_environment(&settings, &[("ASSESS_TEST_HOOKS", "1")])
}

/// One server that is played on.
struct Player {
    server: Server,
    client: Client,
    maker: Maker,
    done: usize,
}

impl Player {
    fn new(seed: u64) -> Self {
        let server = server();
        let client = server.client();
        Self { server, client, maker: Maker::new(seed), done: 0 }
    }

    fn declare_tiers(&mut self) {
        self.client.batch(&operations::tiers()).into_iter().for_each(|reply| _ = reply.good());
    }

    /// Plays so many operations, in one piece.
    fn play(&mut self, count: usize) {
        let mut commands = Vec::new();
        let mut wished = Vec::new();
        for _ in 0..count {
            let (from, db) = (commands.len(), self.maker.db);
            self.maker.operation(&mut commands);
            // Tokens are granted outside of transactions and scripts only.
            if commands.len() == from + 1 && commands[from][0] == b"CACHE.FETCH" {
                wished.push((from, db));
            }
        }
        let replies = self.client.batch(&commands);
        self.maker.grants.clear();
        for (at, db) in wished {
            let Reply::Array(parts) = &replies[at] else { continue };
            let token = match parts[0].bytes() {
                b"lease" => &parts[1],
                b"refresh" => &parts[2],
                _ => continue,
            };
            let (key, token) = (commands[at][1].clone(), token.bytes().to_vec());
            self.maker.grants.push(Grant { db, key, token });
        }
        let surprising = replies.iter().find(|reply| matches!(reply, Reply::Error(text) if is_surprising(text)));
        assert!(surprising.is_none(), "{surprising:?}");
        self.done += count;
    }

    /// Plays with less memory than there is data.
    fn play_crowded(&mut self, count: usize, policy: &str) {
        self.client.call(&["CONFIG", "SET", "maxmemory-policy", policy]).good();
        for _ in 0..4 {
            let room = self.client.info_number("memory", "used_memory") + 4096;
            self.client.call(&["CONFIG", "SET", "maxmemory", &room.to_string()]).good();
            self.play(count / 4);
        }
        self.client.ask("CONFIG SET maxmemory 0").good();
    }

    fn audit(&mut self, when: &str) {
        let done = self.done;
        assert_eq!(differences(&mut self.client), Vec::<String>::new(), "{when}, after {done} operations");
    }

    fn end(&mut self) {
        assert_eq!(self.client.info_number("assess", "panics"), 0, "{}", self.server.log());
    }
}

/// Whether an operation must not fail so: that a key is missing, of another type, or that there is no room, is part of
/// the game.
fn is_surprising(text: &str) -> bool {
    [
        "internal error",
        "unknown command",
        "wrong number of arguments",
        "syntax error",
        "unknown option",
        "unknown clause",
    ]
    .iter()
    .any(|bad| text.contains(bad))
}

/// What the audit finds, once the index is complete.
fn differences(client: &mut Client) -> Vec<String> {
    wait_until("the index is complete", || client.info_number("assess", "cache_indexing") == 0);
    client.ask("ASSESS.AUDIT").good().texts()
}

/// A replica has what its master has, and both are right. Keys whose time is up are deleted by the master meanwhile,
/// so what is compared must first come to rest.
fn compare(master: &mut Player, replica: &mut Player, when: &str) {
    replica.server.await_in_sync_with(&master.server);
    master.audit(when);
    replica.server.await_in_sync_with(&master.server);
    replica.audit(&format!("{when}, replica"));
    master.client.ask("DEBUG SET-ACTIVE-EXPIRE 0").good();
    wait_until(&format!("master and replica have the same {when}, after {} operations", master.done), || {
        replica.server.await_in_sync_with(&master.server);
        master.client.ask("DEBUG DIGEST") == replica.client.ask("DEBUG DIGEST")
    });
    master.client.ask("DEBUG SET-ACTIVE-EXPIRE 1").good();
}

/// A key is stale, and has its tags, on both or on none. While it turns stale nothing can be said.
fn compare_freshness(master: &mut Player, replica: &mut Player) {
    let db = master.maker.below(DATABASES).to_string();
    let keys: Vec<Vec<u8>> = (0..100).map(|_| master.maker.key()).collect();
    for client in [&mut master.client, &mut replica.client] {
        client.call(&["SELECT", &db]).good();
    }
    let look = |client: &mut Client| -> Vec<_> {
        let commands: Vec<Vec<&[u8]>> = keys.iter().map(|key| vec![b"CACHE.TTL".as_slice(), key]).collect();
        let told = |reply: Reply| {
            (!reply.is_error()).then(|| {
                let map = reply.map();
                (map["tier"].clone(), map["exists"].clone(), map["stale"].clone(), map["tags"].clone())
            })
        };
        client.batch(&commands).into_iter().map(told).collect()
    };
    let (before, there, after) = (look(&mut master.client), look(&mut replica.client), look(&mut master.client));
    for (at, key) in keys.iter().enumerate() {
        let steady = before[at] == after[at];
        assert!(!steady || there[at] == before[at], "{}: {:?}, replica {:?}", shown(key), before[at], there[at]);
    }
    for player in [master, replica] {
        player.client.call(&["SELECT", &player.maker.db.to_string()]).good();
    }
}

fn shown(key: &[u8]) -> String {
    String::from_utf8_lossy(key).into_owned()
}

#[test]
fn index_and_keyspace_agree_after_every_kind_of_operation() {
    let seed = seed();
    let (total, begin) = (operations(), Instant::now());
    let (mut master, mut replica) = (Player::new(seed), Player::new(seed ^ 0x5555));
    master.declare_tiers();
    replica.server.follow(&master.server);
    let mut is_first = true;
    while master.done + replica.done < total {
        // One after the other, as master and replica: plain, and crowded in both ways.
        for round in 0..12 {
            match round % 6 {
                2 => master.play_crowded(BATCH, "volatile-lru"),
                5 => master.play_crowded(BATCH, "allkeys-random"),
                _ => master.play(BATCH),
            }
            compare(&mut master, &mut replica, "side by side");
            if is_first {
                compare_freshness(&mut master, &mut replica);
            }
            if master.done + replica.done >= total {
                break;
            }
        }
        is_first = false;
        // Each for itself: promoted, written to, reloaded.
        replica.client.ask("REPLICAOF NO ONE").good();
        replica.audit("promoted");
        for player in [&mut master, &mut replica] {
            player.play(BATCH);
            player.client.ask("DEBUG RELOAD").good();
            player.audit("reloaded");
            player.play(BATCH / 4);
            player.audit("written to after a reload");
        }
        // The other one follows, by a full synchronization under writes.
        (master, replica) = (replica, master);
        let port = master.client.ask("CONFIG GET port").texts()[1].clone();
        replica.client.call(&["REPLICAOF", "127.0.0.1", &port]).good();
        master.play(BATCH);
        compare(&mut master, &mut replica, "after a full synchronization");
    }
    let played = master.done + replica.done;
    println!("{played} operations in {:.1} s", begin.elapsed().as_secs_f64());
    master.end();
    replica.end();
}

#[test]
fn with_one_notification_overheard_the_audit_finds_a_difference() {
    let mut player = Player::new(seed());
    player.declare_tiers();
    player.maker.is_wild = false;
    player.play(500);
    player.audit("before");
    // An event too few may be made good by the next one of the same key: hence a few tries, of a few operations each.
    let found = (0..200).any(|_| {
        player.client.ask("ASSESS.SABOTAGE notification").good();
        player.play(10);
        !differences(&mut player.client).is_empty()
    });
    assert!(found, "an audit that finds nothing proves nothing");
}

#[test]
fn one_write_that_nobody_told_of_is_found() {
    let mut player = Player::new(1);
    player.declare_tiers();
    player.client.ask("SET plain:a 1").good();
    player.audit("before");
    player.client.ask("ASSESS.SABOTAGE notification").good();
    player.client.ask("SET plain:b 1").good();
    assert_eq!(differences(&mut player.client), ["db 0: plain:b is not in the index"]);
    player.client.ask("SET plain:b 1").good();
    player.client.ask("ASSESS.SABOTAGE notification").good();
    player.client.ask("DEL plain:a").good();
    assert_eq!(differences(&mut player.client), ["db 0: plain:a is in the index only"]);
}

#[test]
fn memory_comes_back_after_flushall() {
    let mut player = Player::new(seed());
    player.declare_tiers();
    player.maker.is_wild = false;
    // Why tokens died is remembered beyond a flush, of 65,536 of them at most: several megabytes that would hide a leak.
    player.maker.is_asking = false;
    let (mut baseline, mut most) = (0, 0);
    // The first rounds warm up what stays for good: buffers, the script, histograms.
    for round in 0..8 {
        for _ in 0..3 {
            player.play(BATCH);
        }
        most = most.max(player.client.info_number("assess", "cache_index_bytes"));
        player.client.ask(if round % 2 == 0 { "FLUSHALL ASYNC" } else { "FLUSHALL SYNC" }).good();
        player.audit("flushed");
        assert_eq!(player.client.info_number("assess", "cache_index_bytes"), 0);
        assert_eq!(player.client.info_number("assess", "cache_entries"), 0);
        // A connection of its own, so that the buffers of the large batches go with the old one.
        player.client = player.server.client();
        player.maker.db = 0;
        player.client.ask("SCRIPT FLUSH SYNC").good();
        // Histograms of latencies grow with what they have seen.
        player.client.ask("CACHE.STATS RESET").good();
        if round < 2 {
            wait_until("what was flushed is freed", || player.client.info_number("assess", "backlog") == 0);
            baseline = player.client.info_number("memory", "used_memory");
        }
        let bound = baseline + (64 << 10);
        wait_until("memory is back at the baseline", || player.client.info_number("memory", "used_memory") < bound);
    }
    assert!(most > 100_000, "the index was never large: {most}");
    player.end();
}
