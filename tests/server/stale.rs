//! No stale set: whatever many clients compute, fill and invalidate at the same time, no client reads a value that was
//! computed from data older than an invalidation that was acknowledged before the read.
//!
//! The data are numbers of this process, one for each key, which only grow. A value is the number at the time of its
//! computation. A client that invalidates first raises the number, and notes it as acknowledged after the reply of the
//! server. A read that began after that and returns a smaller number has read a stale value.

use std::sync::RwLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread;

use crate::harness::random::{Random, seed};
use crate::harness::{Client, Reply, Server};

/// The number of clients that work at the same time.
const CLIENTS: usize = 8;
/// The number of operations of each client: together at least ten thousand.
const ROUNDS: usize = 6000;
/// Keys of each family: few enough that all clients contend for them.
const KEYS: usize = 6;

/// A key and the state of its data.
struct Truth {
    key: String,
    /// The present state of the data that the value is computed from.
    data: AtomicU64,
    /// The latest state that every read must have seen.
    acknowledged: AtomicU64,
    /// Invalidations that revoke leases: the number begun, and the number ended.
    begun: AtomicU64,
    ended: AtomicU64,
}

impl Truth {
    fn new(key: String) -> Self {
        let zero = || AtomicU64::new(0);
        Self { key, data: zero(), acknowledged: zero(), begun: zero(), ended: zero() }
    }

    fn tag(&self) -> &'static str {
        if self.key.len().is_multiple_of(2) { "even" } else { "odd" }
    }

    fn is_cached_at(&self, prefix: &str) -> bool {
        self.key.starts_with(prefix)
    }
}

/// The state that all clients share.
struct World {
    truths: Vec<Truth>,
    stale: AtomicU64,
    refused: AtomicU64,
    filled: AtomicU64,
    stop_at_stale: bool,
    stop: AtomicBool,
    /// No fence protects a write without a lease: such a write excludes all other changes, but no fetches.
    writing: RwLock<()>,
}

impl World {
    fn new(stop_at_stale: bool) -> Self {
        // Tiers: plain, with a capacity below the number of keys, with times to live of a few milliseconds, with packed
        // values; names of a model's entries; entries that all have a tag; and keys in no tier.
        let families = ["plain:", "small:", "brief:", "packed:", "assessment:{m}:", "tagged:", "none:"];
        let names = families.iter().flat_map(|family| (0..KEYS).map(move |i| format!("{family}{}", "x".repeat(i + 1))));
        Self {
            truths: names.map(Truth::new).collect(),
            stale: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            filled: AtomicU64::new(0),
            stop_at_stale,
            stop: AtomicBool::new(false),
            writing: RwLock::new(()),
        }
    }

    /// Records a stale read: a value older than the state that was acknowledged before the read.
    fn check(&self, truth: &Truth, value: u64, acknowledged: u64, how: &str) {
        if value < acknowledged {
            self.stale.fetch_add(1, SeqCst);
            println!("{how} {}: read {value}, acknowledged {acknowledged}", truth.key);
            if self.stop_at_stale {
                self.stop.store(true, SeqCst);
            }
        }
    }

    /// Raises the data of some keys, invalidates, and notes the new state as acknowledged if `invalidate` returns true.
    fn invalidate(&self, which: impl Fn(&Truth) -> bool, invalidate: impl FnOnce() -> bool) {
        self.invalidate_more(&which, &which, invalidate);
    }

    /// The same, where leases of other keys may be revoked too.
    fn invalidate_more(
        &self,
        which: impl Fn(&Truth) -> bool,
        revoked: impl Fn(&Truth) -> bool,
        invalidate: impl FnOnce() -> bool,
    ) {
        let covered: Vec<&Truth> = self.truths.iter().filter(|truth| which(truth)).collect();
        let revoked: Vec<&Truth> = self.truths.iter().filter(|truth| revoked(truth)).collect();
        let raised: Vec<u64> = covered.iter().map(|truth| truth.data.fetch_add(1, SeqCst) + 1).collect();
        revoked.iter().for_each(|truth| _ = truth.begun.fetch_add(1, SeqCst));
        if invalidate() {
            for (truth, raised) in covered.iter().zip(raised) {
                truth.acknowledged.fetch_max(raised, SeqCst);
            }
        }
        revoked.iter().for_each(|truth| _ = truth.ended.fetch_add(1, SeqCst));
    }
}

fn number(reply: &Reply) -> Option<u64> {
    // Packed values are padded, so that they are worth packing.
    match reply {
        Reply::Bulk(bytes) => std::str::from_utf8(bytes).ok()?.trim_end_matches('.').parse().ok(),
        _ => None,
    }
}

/// A value as it is stored.
fn padded(truth: &Truth, value: u64) -> String {
    if truth.is_cached_at("packed:") { format!("{value}{}", ".".repeat(200)) } else { value.to_string() }
}

/// Reads through the cache: uses a value that is there, or computes it.
fn fetch(world: &World, truth: &Truth, client: &mut Client, random: &mut Random) {
    let acknowledged = truth.acknowledged.load(SeqCst);
    let ended = truth.ended.load(SeqCst);
    // The lease does not expire during the test: every refusal must have a reason among the actions of this test.
    let mut words = vec!["CACHE.FETCH", &truth.key, "LEASE", "60000", "WAIT", "500"];
    if random.below(4) == 0 {
        words.push("NOSTALE");
    }
    if random.below(4) == 0 {
        words.push("BIND");
    }
    let reply = client.call(&words).good();
    let parts = reply.array();
    let word = parts[0].text();
    if let Some(value) = parts.get(1).and_then(number)
        && (word == "hit" || (word == "refresh" && parts[4].text() == "fresh"))
    {
        world.check(truth, value, acknowledged, &word);
    }
    let token = match word.as_str() {
        "lease" => parts[1].text(),
        "refresh" => parts[2].text(),
        _ => return,
    };
    let value = truth.data.load(SeqCst);
    for _ in 0..random.below(4) {
        // A computation takes as long as it takes other clients to do something.
        client.ask("PING");
        thread::yield_now();
    }
    if random.below(12) == 0 {
        client.call(&["CACHE.FAIL", &truth.key, &token, "no luck"]);
        return;
    }
    let value = padded(truth, value);
    let mut words = vec!["CACHE.FILL", &truth.key, &token, &value];
    if truth.is_cached_at("none:") {
        words.extend(["PX", "60000"]);
    }
    if truth.is_cached_at("tagged:") || random.below(3) == 0 {
        words.extend(["TAGS", "1", truth.tag()]);
    }
    let filled = client.call(&words);
    if filled == Reply::ok() {
        world.filled.fetch_add(1, SeqCst);
        return;
    }
    assert_eq!(filled.code(), "LEASELOST", "{}: {filled:?}", truth.key);
    world.refused.fetch_add(1, SeqCst);
    assert!(!filled.error().contains("expired"), "a lease of a minute has expired: {filled:?}");
    // Expiry and eviction revoke nothing: a client must have invalidated between the grant and the fill.
    // (Without the fence, revoked leases can fill, and other leases are refused without a reason.)
    assert!(
        world.stop_at_stale || truth.begun.load(SeqCst) > ended,
        "{}: refused without a reason: {filled:?}",
        truth.key
    );
}

fn read(world: &World, truth: &Truth, client: &mut Client) {
    let acknowledged = truth.acknowledged.load(SeqCst);
    if let Some(value) = number(&client.call(&["CACHE.GET", &truth.key]).good()) {
        world.check(truth, value, acknowledged, "CACHE.GET");
    }
}

/// Invalidates in one of the possible ways.
fn change(world: &World, truth: &Truth, client: &mut Client, random: &mut Random) {
    let key = truth.key.as_str();
    let this = |other: &Truth| other.key == key;
    let in_tier = |other: &Truth| !other.is_cached_at("none:");
    let invalidated = |reply: Reply| {
        reply.good().integer();
        true
    };
    let shared = world.writing.read().expect("no thread has panicked");
    match random.below(16) {
        0..=3 => world.invalidate(this, || invalidated(client.call(&["CACHE.INVALIDATE", "KEY", key]))),
        4 => {
            let soft = ["CACHE.INVALIDATE", "KEY", key, "SOFT"];
            world.invalidate(this, || invalidated(client.call(&soft)));
        }
        5 => world.invalidate(
            |other| other.is_cached_at("plain:xx"),
            || invalidated(client.call(&["CACHE.INVALIDATE", "PATTERN", "plain:xx*"])),
        ),
        6 => world.invalidate(
            |other| other.key.ends_with("xxx"),
            || invalidated(client.call(&["CACHE.INVALIDATE", "PATTERN", "*xxx", "ALLKEYS"])),
        ),
        7 => {
            let tag = truth.tag();
            // Fills of other keys may have the tag.
            world.invalidate_more(
                |other| other.is_cached_at("tagged:") && other.tag() == tag,
                |other| other.tag() == tag,
                || invalidated(client.call(&["CACHE.INVALIDATE", "TAG", tag])),
            );
        }
        8 => world.invalidate(
            |other| other.is_cached_at("small:"),
            || invalidated(client.call(&["CACHE.INVALIDATE", "TIER", "small"])),
        ),
        9 => world.invalidate(
            |other| other.is_cached_at("assessment:"),
            || invalidated(client.call(&["CACHE.INVALIDATE", "MODEL", "m"])),
        ),
        10 => world.invalidate_more(in_tier, |_| true, || invalidated(client.call(&["CACHE.INVALIDATE", "ALL"]))),
        // A deletion is acknowledged only if the key existed.
        11 | 12 => world.invalidate(this, || client.call(&["DEL", key]).integer() == 1),
        13 => world.invalidate(|_| true, || client.ask("FLUSHDB") == Reply::ok()),
        14 => world.invalidate(|_| true, || swap(client)),
        _ => drop(shared),
    }
}

/// Writes without a lease; a tagged key is always written with its tag.
fn write(world: &World, truth: &Truth, client: &mut Client, random: &mut Random) {
    let _alone = world.writing.write().expect("no thread has panicked");
    let key = truth.key.as_str();
    let how = if truth.is_cached_at("tagged:") { 2 } else { random.below(3) };
    let temporary = format!("made:{}", random.below(1_000_000));
    world.invalidate(
        |other| other.key == key,
        || {
            let value = padded(truth, truth.data.load(SeqCst));
            match how {
                0 => {
                    // Written under another name, and then put in place in a single step.
                    client.call(&["SET", &temporary, &value]);
                    client.call(&["RENAME", &temporary, key]) == Reply::ok()
                }
                1 => client.call(&["SET", key, &value, "PX", "40"]) == Reply::ok(),
                _ => client.call(&["CACHE.SET", key, &value, "PX", "60000", "TAGS", "1", truth.tag()]) == Reply::ok(),
            }
        },
    );
}

/// Empties another database, and swaps it with this one.
fn swap(client: &mut Client) -> bool {
    client.ask("MULTI");
    client.ask("SELECT 9");
    client.ask("FLUSHDB");
    client.ask("SELECT 0");
    client.ask("SWAPDB 0 9");
    !client.ask("EXEC").is_error()
}

fn run(server: &Server, world: &World, seed: u64, rounds: usize) {
    let mut watcher = server.client();
    watcher.ask("TIER.SET plain PATTERN plain:* TTL 60 GRACE 60 REFRESH 50 JITTER 20").good();
    watcher.ask(&format!("TIER.SET small PATTERN small:* TTL 60 CAPACITY {}", KEYS - 2)).good();
    watcher.ask("TIER.SET brief PATTERN brief:* PTTL 5 NEGATIVE 1").good();
    watcher.ask("TIER.SET tagged PATTERN tagged:* TTL 60").good();
    watcher.ask("TIER.SET packed PATTERN packed:* TTL 60 COMPRESS 100").good();
    thread::scope(|scope| {
        for number in 0..CLIENTS {
            let (mut client, mut random) = (server.client(), Random::new(seed.wrapping_add(number as u64 * 7919)));
            scope.spawn(move || {
                for _ in 0..rounds {
                    if world.stop.load(SeqCst) {
                        return;
                    }
                    let truth = &world.truths[random.below(world.truths.len())];
                    match random.below(10) {
                        0..=5 => fetch(world, truth, &mut client, &mut random),
                        6 | 7 => read(world, truth, &mut client),
                        8 if random.below(4) == 0 => write(world, truth, &mut client, &mut random),
                        _ => change(world, truth, &mut client, &mut random),
                    }
                }
            });
        }
    });
}

#[test]
fn no_client_reads_a_value_computed_before_an_acknowledged_invalidation() {
    let server = Server::start();
    let world = World::new(false);
    run(&server, &world, seed(), ROUNDS);
    let (filled, refused) = (world.filled.load(SeqCst), world.refused.load(SeqCst));
    println!("{filled} filled, {refused} refused");
    assert_eq!(world.stale.load(SeqCst), 0);
    assert!(filled > 100 && refused > 10, "the clients did not contend: {filled} filled, {refused} refused");
    assert_eq!(server.client().info_number("assess", "panics"), 0);
}

#[test]
fn without_the_fence_the_same_clients_read_stale_values() {
    let server = Server::with_environment(&[], &[("ASSESS_TEST_HOOKS", "1")]);
    server.client().ask("ASSESS.SABOTAGE fence").good();
    let world = World::new(true);
    run(&server, &world, seed(), 4 * ROUNDS);
    assert!(world.stale.load(SeqCst) > 0, "a cache without a fence must fail this test");
}
