//! The cost of a key in the index, in bytes and in time: `cargo run --release --example index_speed [keys]`.

use std::time::{Duration, Instant};

use assess_engine::cache::index::{Freshness, Index, Later, Removal, Write};
use assess_engine::cache::tiers::TierId;

const WRITE: Write<'_> = Write {
    tier: Some(TierId(1)),
    freshness: Freshness::Until { at: 1_700_000_000_000, ttl: 60_000 },
    bytes: Some(100),
    tags: &[],
    stamp: None,
    reorders: true,
};

fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4096
}

fn shuffled(keys: &mut [u32], mut seed: u64) {
    for i in (1..keys.len()).rev() {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        keys.swap(i, (seed % (i as u64 + 1)) as usize);
    }
}

/// Calls `act` for every key in random order; prints the mean and the longest time.
fn each(what: &str, keys: &mut [u32], seed: u64, mut act: impl FnMut(&[u8])) {
    shuffled(keys, seed);
    let mut name = Vec::new();
    let mut longest = Duration::ZERO;
    let began = Instant::now();
    for key in &*keys {
        name.clear();
        name.extend_from_slice(b"user:");
        name.extend_from_slice(key.to_string().as_bytes());
        name.extend_from_slice(b":profile");
        let start = Instant::now();
        act(&name);
        longest = longest.max(start.elapsed());
    }
    let mean = began.elapsed().as_nanos() as f64 / keys.len() as f64;
    println!("{what:<14} {mean:8.0} ns each, the longest {:8.3} ms", longest.as_secs_f64() * 1e3);
}

fn later(index: &mut Index, name: &[u8], what: Later) {
    if index.change_later(0, name, what) {
        index.settle(|_, _| ());
    }
}

fn main() {
    let count = std::env::args().nth(1).and_then(|word| word.parse().ok()).unwrap_or(1_000_000u32);
    let mut keys: Vec<u32> = (0..count).collect();
    let names: usize = keys.iter().map(|key| key.to_string().len() + 13).sum();
    let mut index = Index::new(42);
    each("(nothing)", &mut keys, 1, |name| _ = std::hint::black_box(name));
    let before = resident();
    each("insert", &mut keys, 2, |name| _ = index.written(0, name, &WRITE));
    let taken = resident() - before;
    println!(
        "{} bytes per key with a name of {}: {} more than the name; the index reports {}",
        taken / u64::from(count),
        names / count as usize,
        (taken - names as u64) / u64::from(count),
        index.memory() / u64::from(count)
    );
    each("overwrite", &mut keys, 3, |name| _ = index.written(0, name, &WRITE));
    each("find", &mut keys, 4, |name| _ = std::hint::black_box(index.find(0, name)));
    each("find+touched", &mut keys, 5, |name| {
        if let Some(at) = index.find(0, name) {
            index.touched(at, true);
        }
    });
    each("later: hit", &mut keys, 8, |name| later(&mut index, name, Later::Hit { reorder: false }));
    each("later: write", &mut keys, 9, |name| later(&mut index, name, Later::Written(TierId(1))));
    index.settle(|_, _| ());
    each("remove", &mut keys, 6, |name| _ = index.remove(0, name));
    println!("{} KB more than at the start after every key was removed", resident().saturating_sub(before) / 1024);
    println!("the index reports {} KB", index.memory() / 1024);
    each("insert again", &mut keys, 7, |name| _ = index.written(0, name, &WRITE));
    each("later: remove", &mut keys, 10, |name| later(&mut index, name, Later::Removed(Removal::Deleted)));
    each("later: insert", &mut keys, 11, |name| later(&mut index, name, Later::Written(TierId(1))));
    index.settle(|_, _| ());
    let start = Instant::now();
    let flushed = index.flushed(None);
    println!("flushed in {:?}", start.elapsed());
    drop(flushed);
    println!(
        "dropped in {:?}, {} KB more than at the start",
        start.elapsed(),
        resident().saturating_sub(before) / 1024
    );
}
