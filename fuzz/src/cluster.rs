//! Properties of what the nodes of a cluster tell each other.

use assess_engine::cluster::nodes::{Elsewhere, masters};
use assess_engine::cluster::tiers::{Shared, SharedTiers, rows_of, words_of};
use assess_engine::cluster::wire;
use assess_engine::stats::summed::ServerStats;

/// The most deleted names that are remembered: with more of them the order of the rows decides which are forgotten.
const MOST_DELETED: usize = 1000;

/// Decodes a message of the bus: an accepted one is the one that is written.
pub fn message(message: &[u8]) {
    let Some(words) = wire::decode(message) else { return };
    assert_eq!(wire::encode(&words), message, "one list of words has one message");
    rows(&words);
    statistics(&words);
}

/// Reads rows of shared tiers: they survive, and nodes that get them in any order share the same.
pub fn rows(words: &[&[u8]]) {
    let Some(rows) = rows_of(words) else { return };
    let again: Vec<Box<[u8]>> = rows.iter().flat_map(|(name, row)| words_of(name, row)).collect();
    let again: Vec<&[u8]> = again.iter().map(AsRef::as_ref).collect();
    assert_eq!(rows_of(&again).as_ref(), Some(&rows), "rows survive");
    if rows.len() > MOST_DELETED {
        return;
    }
    let shared = |rows: &mut dyn Iterator<Item = &(Box<[u8]>, Shared)>| {
        let mut tiers = SharedTiers::default();
        rows.for_each(|(name, row)| _ = tiers.put(name, row.clone()));
        tiers
    };
    let (mut tiers, backwards) = (shared(&mut rows.iter()), shared(&mut rows.iter().rev()));
    assert_eq!(tiers.digest(), backwards.digest(), "the order of the rows does not matter");
    for (name, row) in &rows {
        assert!(!tiers.is_new(name, row) && tiers.has(name), "a row that was taken is known");
    }
    let mut copy = SharedTiers::default();
    for batch in tiers.batches() {
        let batch: Vec<&[u8]> = batch.iter().map(AsRef::as_ref).collect();
        let batch = rows_of(&batch).expect("a batch is read");
        batch.into_iter().for_each(|(name, row)| assert!(copy.put(&name, row), "every row of a batch is new"));
    }
    assert_eq!(copy.digest(), tiers.digest(), "batches are a copy");
    let newest = rows.iter().map(|(_, row)| row.version).max().unwrap_or(0);
    let next = tiers.next_version(0, 0);
    assert!(next > newest || newest >> 16 == u64::MAX >> 16, "a change that is made now is the newest");
}

/// Reads the statistics of another node: they survive, and can be summed.
pub fn statistics(words: &[&[u8]]) {
    let Some(stats) = ServerStats::of_words(words) else { return };
    let of = |stats: &ServerStats| {
        let words = stats.words();
        ServerStats::of_words(&words.iter().map(AsRef::as_ref).collect::<Vec<_>>()).expect("statistics are read")
    };
    let again = of(&stats);
    assert_eq!(again.words(), stats.words(), "statistics survive");
    let mut sum = stats.clone();
    sum.add(&again);
    of(&sum);
}

/// Reads the list of the nodes.
pub fn nodes(text: &[u8]) {
    let found = masters(text);
    if let Some(elsewhere) = Elsewhere::of(text) {
        for slot in [0, 1, 5460, 5461, 16_383, u16::MAX] {
            let _ = elsewhere.address(slot);
        }
    } else {
        assert!(found.is_none(), "a list of masters is a list of nodes");
    }
}

/// Words of the seeds: rows of shared tiers, and statistics.
pub fn seeds() -> [Vec<Vec<u8>>; 2] {
    let row = |version, policy: Option<&[&[u8]]>| Shared {
        version,
        policy: policy.map(|words| words.iter().map(|&word| word.into()).collect()),
    };
    let rows = [
        (&b"users"[..], row(77 << 16, Some(&[b"PATTERN", b"user:*", b"TTL", b"60"]))),
        (b"old", row(78 << 16, None)),
        (b"users", row(77 << 16 | 5, Some(&[b"PATTERN", b"u:*", b"TTL", b"60"]))),
    ];
    let rows = rows.iter().flat_map(|(name, row)| words_of(name, row)).map(Vec::from).collect();
    let mut stats = ServerStats { entries: 3, commands: 70, ..ServerStats::default() };
    stats.stats.hits = 9;
    [12, 40_000].into_iter().for_each(|us| stats.stats.hit.record(us));
    [rows, stats.words().into_iter().map(Vec::from).collect()]
}
