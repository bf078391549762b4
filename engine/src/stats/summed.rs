//! The statistics of a server as a whole, and their sum over the masters of a cluster.

use super::{Latency, Rate, TierStats};

/// The numbers of a server's cache, or of several servers together.
#[derive(Debug, Clone, Default)]
pub struct ServerStats {
    /// The counters and times of all tiers.
    pub stats: TierStats,
    /// Entries now.
    pub entries: u64,
    /// Their size in bytes.
    pub bytes: u64,
    /// The largest number of entries, if all tiers have the same; else 0.
    pub capacity: u64,
    /// The time to live in seconds, if all tiers have the same; else 0.
    pub ttl_s: u64,
    /// Tiers; of several servers the most of one.
    pub tiers: u64,
    /// Leases held.
    pub leases: u64,
    /// Whether the index is being built, on any server.
    pub indexing: bool,
    /// Memory of the index.
    pub index_bytes: u64,
    /// Clients that wait for a value.
    pub waiters: u64,
    /// The most clients that waited at the same time; of several servers the most on one of them.
    pub waiters_peak: u64,
    /// Invalidations in progress.
    pub sweeps: u64,
    /// Memory of the server.
    pub memory: u64,
    /// The largest memory of the server so far; of several servers the sum.
    pub memory_peak: u64,
    /// Keys that the server evicted.
    pub evicted: u64,
    /// Keys that the server let expire.
    pub expired: u64,
    /// Commands that the server processed.
    pub commands: u64,
}

/// How many numbers a server has besides its counters and times.
const OWN: usize = 16;

impl ServerStats {
    fn own(&self) -> [u64; OWN] {
        [
            self.entries,
            self.bytes,
            self.capacity,
            self.ttl_s,
            self.tiers,
            self.leases,
            self.indexing.into(),
            self.index_bytes,
            self.waiters,
            self.waiters_peak,
            self.sweeps,
            self.memory,
            self.memory_peak,
            self.evicted,
            self.expired,
            self.commands,
        ]
    }

    fn of_own(stats: TierStats, own: [u64; OWN]) -> Self {
        let [entries, bytes, capacity, ttl_s, tiers, leases, indexing, index_bytes, waiters, waiters_peak, sweeps, ..] =
            own;
        let [.., memory, memory_peak, evicted, expired, commands] = own;
        Self {
            stats,
            entries,
            bytes,
            capacity,
            ttl_s,
            tiers,
            leases,
            indexing: indexing > 0,
            index_bytes,
            waiters,
            waiters_peak,
            sweeps,
            memory,
            memory_peak,
            evicted,
            expired,
            commands,
        }
    }

    /// Adds the numbers of another server.
    pub fn add(&mut self, other: &Self) {
        self.stats.add(&other.stats);
        let same = |a: u64, b: u64| if a == b { a } else { 0 };
        let sum = |a: u64, b: u64| a.saturating_add(b);
        let (a, b) = (&*self, other);
        let own = [
            sum(a.entries, b.entries),
            sum(a.bytes, b.bytes),
            same(a.capacity, b.capacity),
            same(a.ttl_s, b.ttl_s),
            a.tiers.max(b.tiers),
            sum(a.leases, b.leases),
            (a.indexing || b.indexing).into(),
            sum(a.index_bytes, b.index_bytes),
            sum(a.waiters, b.waiters),
            a.waiters_peak.max(b.waiters_peak),
            sum(a.sweeps, b.sweeps),
            sum(a.memory, b.memory),
            sum(a.memory_peak, b.memory_peak),
            sum(a.evicted, b.evicted),
            sum(a.expired, b.expired),
            sum(a.commands, b.commands),
        ];
        *self = Self::of_own(std::mem::take(&mut self.stats), own);
    }

    /// The numbers as words, for another node.
    pub fn words(&self) -> Vec<Box<[u8]>> {
        let numbers = |numbers: &[u64]| numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(" ");
        let mut words =
            vec![numbers(&self.own()), numbers(&self.stats.numbers()), self.stats.rate.per_second().to_string()];
        for times in [&self.stats.hit, &self.stats.compute, &self.stats.wait] {
            let counts: Vec<u64> = times.counts().flat_map(|(us, count)| [us, count]).collect();
            words.extend([times.sum().to_string(), numbers(&counts)]);
        }
        words.into_iter().map(|word| word.into_bytes().into()).collect()
    }

    /// The numbers of another node; `None` if the words are damaged, or from another version.
    pub fn of_words(words: &[&[u8]]) -> Option<Self> {
        let [own, counters, rate, times @ ..] = words else { return None };
        let (own, counters) = (numbers(own)?, numbers(counters)?);
        let mut stats = TierStats { rate: Rate::of(text(rate)?.parse().ok()?), ..TierStats::default() };
        if counters.len() != stats.numbers().len() || !stats.rate.per_second().is_finite() {
            return None;
        }
        stats.take(&mut counters.into_iter())?;
        let [hit_sum, hit, compute_sum, compute, wait_sum, wait] = times else { return None };
        stats.hit = latency(hit_sum, hit)?;
        stats.compute = latency(compute_sum, compute)?;
        stats.wait = latency(wait_sum, wait)?;
        Some(Self::of_own(stats, own.try_into().ok()?))
    }
}

fn text(word: &[u8]) -> Option<&str> {
    std::str::from_utf8(word).ok()
}

fn numbers(word: &[u8]) -> Option<Vec<u64>> {
    text(word)?.split_ascii_whitespace().map(|number| number.parse().ok()).collect()
}

fn latency(sum: &[u8], counts: &[u8]) -> Option<Latency> {
    let counts = numbers(counts)?;
    let (pairs, rest) = counts.as_chunks::<2>();
    rest.is_empty().then_some(())?;
    Some(Latency::of(pairs.iter().map(|&[us, count]| (us, count)), text(sum)?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> ServerStats {
        let mut stats = TierStats { hits: 3, misses: 1, stored_bytes: 9, ..TierStats::default() };
        stats.hit.record(12);
        stats.compute.record(40_000);
        stats.rate = Rate::of(1.5);
        ServerStats {
            stats,
            entries: 2,
            capacity: 7,
            tiers: 4,
            waiters_peak: 5,
            commands: 11,
            ..ServerStats::default()
        }
    }

    fn again(stats: &ServerStats) -> Option<ServerStats> {
        let words = stats.words();
        ServerStats::of_words(&words.iter().map(AsRef::as_ref).collect::<Vec<_>>())
    }

    #[test]
    fn numbers_survive_as_words() {
        let (before, after) = (sample(), again(&sample()).unwrap());
        assert_eq!((before.own(), before.stats.numbers()), (after.own(), after.stats.numbers()));
        assert_eq!(before.stats.hit.p(50.0), after.stats.hit.p(50.0));
        assert_eq!((after.stats.compute.count(), after.stats.wait.count()), (1, 0));
        assert!((after.stats.rate.per_second() - 1.5).abs() < 1e-9);
    }

    #[test]
    fn two_servers_are_summed() {
        let (mut sum, mut other) = (sample(), sample());
        (other.capacity, other.tiers, other.waiters_peak) = (8, 3, 6);
        sum.add(&other);
        assert_eq!((sum.stats.hits, sum.entries, sum.commands), (6, 4, 22));
        assert_eq!((sum.capacity, sum.tiers, sum.waiters_peak), (0, 4, 6));
        assert_eq!((sum.stats.hit.count(), sum.stats.hit.sum()), (2, 24));
        assert!((sum.stats.rate.per_second() - 3.0).abs() < 1e-9);
    }

    #[test]
    fn damaged_words_are_refused() {
        let good = sample().words();
        let good: Vec<&[u8]> = good.iter().map(AsRef::as_ref).collect();
        for at in 0..good.len() {
            for damaged in [&b"x"[..], b"1 2 3", b"\xff"] {
                let mut words = good.clone();
                words[at] = damaged;
                assert!(ServerStats::of_words(&words).is_none(), "word {at} is {damaged:?}");
            }
            assert!(ServerStats::of_words(&good[..at]).is_none());
        }
    }
}
