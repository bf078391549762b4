//! The index never drifts: after millions of random operations of every kind, index and keyspace agree exactly, also on
//! the replica, and FLUSHALL frees all memory.
//!
//! `ASSESS_DRIFT_OPERATIONS` sets the number of operations (default: half a million). `ASSESS.AUDIT` compares every key
//! of the keyspace with every entry of the index (tier, tags, size), and the parts of the index with each other.

mod operations;

use std::time::Instant;

use operations::{DATABASES, Generator, Grant};

use crate::harness::random::seed;
use crate::harness::{Client, Reply, Server, wait_until};

/// Operations between two audits.
const BATCH: usize = 4000;

fn operations() -> usize {
    std::env::var("ASSESS_DRIFT_OPERATIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(500_000)
}

fn server() -> Server {
    // The server's own histograms and its slow log would grow all the time.
    let settings = ["maxmemory-samples 3", "latency-tracking no", "slowlog-max-len 0"];
    Server::with_environment(&settings, &[("ASSESS_TEST_HOOKS", "1")])
}

/// A server and the random operations that run on it.
struct Target {
    server: Server,
    client: Client,
    generator: Generator,
    done: usize,
}

impl Target {
    fn new(seed: u64) -> Self {
        let server = server();
        let client = server.client();
        Self { server, client, generator: Generator::new(seed), done: 0 }
    }

    fn declare_tiers(&mut self) {
        self.client.batch(&operations::tiers()).into_iter().for_each(|reply| _ = reply.good());
    }

    /// Runs `count` operations, in one batch.
    fn run(&mut self, count: usize) {
        let mut commands = Vec::new();
        let mut fetches = Vec::new();
        for _ in 0..count {
            let (from, db) = (commands.len(), self.generator.db);
            self.generator.operation(&mut commands);
            // Leases are granted outside of transactions and scripts only.
            if commands.len() == from + 1 && commands[from][0] == b"CACHE.FETCH" {
                fetches.push((from, db));
            }
        }
        let replies = self.client.batch(&commands);
        self.generator.grants.clear();
        for (at, db) in fetches {
            let Reply::Array(parts) = &replies[at] else { continue };
            let token = match parts[0].bytes() {
                b"lease" => &parts[1],
                b"refresh" => &parts[2],
                _ => continue,
            };
            let (key, token) = (commands[at][1].clone(), token.bytes().to_vec());
            self.generator.grants.push(Grant { db, key, token });
        }
        let unexpected = replies.iter().find(|reply| matches!(reply, Reply::Error(text) if is_unexpected(text)));
        assert!(unexpected.is_none(), "{unexpected:?}");
        self.done += count;
    }

    /// Runs with less memory than the data needs.
    fn run_short_of_memory(&mut self, count: usize, policy: &str) {
        self.client.call(&["CONFIG", "SET", "maxmemory-policy", policy]).good();
        for _ in 0..4 {
            let room = self.client.info_number("memory", "used_memory") + 4096;
            self.client.call(&["CONFIG", "SET", "maxmemory", &room.to_string()]).good();
            self.run(count / 4);
        }
        self.client.ask("CONFIG SET maxmemory 0").good();
    }

    fn audit(&mut self, when: &str) {
        let found = differences(&mut self.client);
        if !found.is_empty() {
            // What helps to explain it: whether it is still so, and what the server has of the keys.
            let (again, done) = (differences(&mut self.client), self.done);
            let keys: Vec<String> = found.iter().map(|difference| self.described(difference)).collect();
            panic!("{when}, after {done} operations: {found:#?}\nafterwards: {again:#?}\nkeys: {keys:#?}");
        }
    }

    /// The state of the key that a difference names: `db 2: key is ..`.
    fn described(&mut self, difference: &str) -> String {
        let mut words = difference.split(' ').skip(1).map(|word| word.trim_end_matches(':'));
        let (Some(db), Some(key)) = (words.next(), words.next()) else { return String::new() };
        self.client.call(&["SELECT", db]);
        let state = ["EXISTS", "TYPE", "PEXPIRETIME", "CACHE.TTL"].map(|command| self.client.call(&[command, key]));
        self.client.call(&["SELECT", &self.generator.db.to_string()]);
        format!("{key}: {state:?}")
    }

    fn end(&mut self) {
        assert_eq!(self.client.info_number("assess", "panics"), 0, "{}", self.server.log());
    }
}

/// Whether a reply is an error that no operation may cause. A missing key, a wrong type and a lack of memory are
/// expected.
fn is_unexpected(text: &str) -> bool {
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

/// The differences that the audit finds, once the index is complete. An invalidation that ends may start a new build at any
/// time, so both are asked in one transaction.
fn differences(client: &mut Client) -> Vec<String> {
    let mut found = Vec::new();
    wait_until("the index is complete", || {
        for command in ["MULTI", "INFO assess", "ASSESS.AUDIT"] {
            client.ask(command).good();
        }
        let executed = client.ask("EXEC").good();
        let replies = executed.array();
        found = replies[1].clone().texts();
        replies[0].text().contains("assess_cache_indexing:0")
    });
    found
}

/// Asserts that the replica equals its master and that both are right. The master deletes expired keys meanwhile, so
/// expiry stops before the comparison.
fn compare(master: &mut Target, replica: &mut Target, when: &str) {
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

/// Asserts that a key is stale, and has its tags, on both servers or on neither. A key that becomes stale during the
/// comparison is left out.
fn compare_freshness(master: &mut Target, replica: &mut Target) {
    let db = master.generator.below(DATABASES).to_string();
    let keys: Vec<Vec<u8>> = (0..100).map(|_| master.generator.key()).collect();
    for client in [&mut master.client, &mut replica.client] {
        client.call(&["SELECT", &db]).good();
    }
    let look = |client: &mut Client| -> Vec<_> {
        let commands: Vec<Vec<&[u8]>> = keys.iter().map(|key| vec![b"CACHE.TTL".as_slice(), key]).collect();
        let summary = |reply: Reply| {
            (!reply.is_error()).then(|| {
                let map = reply.map();
                (map["tier"].clone(), map["exists"].clone(), map["stale"].clone(), map["tags"].clone())
            })
        };
        client.batch(&commands).into_iter().map(summary).collect()
    };
    let (before, there, after) = (look(&mut master.client), look(&mut replica.client), look(&mut master.client));
    for (at, key) in keys.iter().enumerate() {
        let steady = before[at] == after[at];
        assert!(!steady || there[at] == before[at], "{}: {:?}, replica {:?}", shown(key), before[at], there[at]);
    }
    for target in [master, replica] {
        target.client.call(&["SELECT", &target.generator.db.to_string()]).good();
    }
}

fn shown(key: &[u8]) -> String {
    String::from_utf8_lossy(key).into_owned()
}

#[test]
fn index_and_keyspace_agree_after_every_kind_of_operation() {
    let seed = seed();
    let (total, begin) = (operations(), Instant::now());
    let (mut master, mut replica) = (Target::new(seed), Target::new(seed ^ 0x5555));
    master.declare_tiers();
    replica.server.follow(&master.server);
    let mut is_first = true;
    while master.done + replica.done < total {
        // Both servers as master and replica: with enough memory, and short of memory with either policy.
        for round in 0..12 {
            match round % 6 {
                2 => master.run_short_of_memory(BATCH, "volatile-lru"),
                5 => master.run_short_of_memory(BATCH, "allkeys-random"),
                _ => master.run(BATCH),
            }
            compare(&mut master, &mut replica, "as master and replica");
            if is_first {
                compare_freshness(&mut master, &mut replica);
            }
            if master.done + replica.done >= total {
                break;
            }
        }
        is_first = false;
        // Each server by itself: promoted, written to, reloaded.
        replica.client.ask("REPLICAOF NO ONE").good();
        replica.audit("promoted");
        for target in [&mut master, &mut replica] {
            target.run(BATCH);
            target.client.ask("DEBUG RELOAD").good();
            target.audit("reloaded");
            target.run(BATCH / 4);
            target.audit("written to after a reload");
        }
        // The servers change roles, by a full synchronization during writes.
        (master, replica) = (replica, master);
        let port = master.client.ask("CONFIG GET port").texts()[1].clone();
        replica.client.call(&["REPLICAOF", "127.0.0.1", &port]).good();
        master.run(BATCH);
        compare(&mut master, &mut replica, "after a full synchronization");
    }
    let done = master.done + replica.done;
    println!("{done} operations in {:.1} s", begin.elapsed().as_secs_f64());
    master.end();
    replica.end();
}

#[test]
fn the_audit_finds_a_difference_after_one_lost_notification() {
    let mut target = Target::new(seed());
    target.declare_tiers();
    target.generator.changes_tiers_and_databases = false;
    target.run(500);
    target.audit("before");
    // The next event of the same key may repair a lost one: hence several tries, of a few operations each.
    let found = (0..200).any(|_| {
        target.client.ask("ASSESS.SABOTAGE notification").good();
        target.run(10);
        !differences(&mut target.client).is_empty()
    });
    assert!(found, "an audit that finds nothing proves nothing");
}

#[test]
fn one_write_without_a_notification_is_found() {
    let mut target = Target::new(1);
    target.declare_tiers();
    target.client.ask("SET plain:a 1").good();
    target.audit("before");
    target.client.ask("ASSESS.SABOTAGE notification").good();
    target.client.ask("SET plain:b 1").good();
    assert_eq!(differences(&mut target.client), ["db 0: plain:b is not in the index"]);
    let described = target.described("db 0: plain:b is not in the index");
    assert!(described.starts_with("plain:b: [Integer(1), "), "{described}");
    target.client.ask("SET plain:b 1").good();
    target.client.ask("ASSESS.SABOTAGE notification").good();
    target.client.ask("DEL plain:a").good();
    assert_eq!(differences(&mut target.client), ["db 0: plain:a is in the index only"]);
}

#[test]
fn memory_is_freed_after_flushall() {
    let mut target = Target::new(seed());
    target.declare_tiers();
    target.generator.changes_tiers_and_databases = false;
    // The server remembers beyond a flush why leases were lost, for at most 65,536 tokens: several megabytes, which
    // would hide a leak.
    target.generator.requests_leases = false;
    let (mut baseline, mut most) = (0, 0);
    // The first rounds allocate what stays permanently: buffers, the script, histograms.
    for round in 0..8 {
        for _ in 0..3 {
            target.run(BATCH);
        }
        most = most.max(target.client.info_number("assess", "cache_index_bytes"));
        target.client.ask(if round % 2 == 0 { "FLUSHALL ASYNC" } else { "FLUSHALL SYNC" }).good();
        target.audit("flushed");
        assert_eq!(target.client.info_number("assess", "cache_index_bytes"), 0);
        assert_eq!(target.client.info_number("assess", "cache_entries"), 0);
        // A new connection, so that the buffers of the large batches are freed with the old one.
        target.client = target.server.client();
        target.generator.db = 0;
        target.client.ask("SCRIPT FLUSH SYNC").good();
        // Histograms of latencies grow with the latencies that they count.
        target.client.ask("CACHE.STATS RESET").good();
        if round < 2 {
            wait_until("the flushed keys are freed", || target.client.info_number("assess", "backlog") == 0);
            baseline = target.client.info_number("memory", "used_memory");
        }
        let bound = baseline + (64 << 10);
        wait_until("memory is back at the baseline", || target.client.info_number("memory", "used_memory") < bound);
    }
    assert!(most > 100_000, "the index was never large: {most}");
    target.end();
}
