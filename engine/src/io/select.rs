//! The largest few of many numbers, and how few of them make up most of the sum.

use std::cmp::Ordering;

use super::product::Number;

/// Numbers looked at together.
const CHUNK: usize = 32;

/// Keeps the `limit` largest of the numbers offered, ties in the order of `rank`, in memory bounded by `limit`.
pub(crate) struct Top<'a> {
    limit: usize,
    rank: &'a [u32],
    kept: Vec<(f64, u32)>,
    /// The last of those that are in for sure: value and rank. What does not come before it stays out.
    bar: (f64, u32),
}

impl<'a> Top<'a> {
    /// Nothing offered yet; `rank[i]` is the place of number `i` among equals.
    pub(crate) fn new(limit: usize, rank: &'a [u32]) -> Self {
        let limit = limit.min(rank.len());
        Self { limit, rank, kept: Vec::with_capacity((2 * limit).min(rank.len())), bar: (f64::NEG_INFINITY, u32::MAX) }
    }

    /// Offers the products `x[i] * y[i]`.
    pub(crate) fn products<T: Number>(mut self, x: &[f64], y: &[T]) -> Vec<(f64, u32)> {
        let (x_chunks, x_rest) = x.as_chunks::<CHUNK>();
        let (y_chunks, y_rest) = y.as_chunks::<CHUNK>();
        if self.limit <= CHUNK {
            // The limit-th largest of the maxima of as many or more parts is no larger than the limit-th largest of all:
            // with this bar set first, hardly anything is kept that does not stay.
            let mut most = [f64::NEG_INFINITY; CHUNK];
            for (x, y) in x_chunks.iter().zip(y_chunks) {
                for k in 0..CHUNK {
                    let value = x[k] * y[k].into() + 0.0;
                    // Unlike `f64::max` this is one instruction; no number here is NaN.
                    most[k] = if value > most[k] { value } else { most[k] };
                }
            }
            most.sort_unstable_by(|a, b| b.total_cmp(a));
            self.bar.0 = most[self.limit.max(1) - 1];
        }
        let mut start = 0;
        for (x, y) in x_chunks.iter().zip(y_chunks) {
            let mut values = [0.0; CHUNK];
            for k in 0..CHUNK {
                // Adding 0 makes a zero of either sign the same zero.
                values[k] = x[k] * y[k].into() + 0.0;
            }
            self.offer_chunk(start, &values);
            start += CHUNK;
        }
        for (k, (&x, &y)) in x_rest.iter().zip(y_rest).enumerate() {
            self.offer(start + k, x * y.into() + 0.0);
        }
        self.finish()
    }

    /// Offers the numbers `x[i]`.
    pub(crate) fn values(mut self, x: &[f64]) -> Vec<(f64, u32)> {
        let (chunks, rest) = x.as_chunks::<CHUNK>();
        for (c, chunk) in chunks.iter().enumerate() {
            self.offer_chunk(c * CHUNK, chunk);
        }
        for (k, &x) in rest.iter().enumerate() {
            self.offer(chunks.len() * CHUNK + k, x);
        }
        self.finish()
    }

    /// Offers the numbers `x[i]` by their size; what is kept has its sign.
    pub(crate) fn by_size(mut self, x: &[f64]) -> Vec<(f64, u32)> {
        for (i, value) in x.iter().enumerate() {
            self.offer(i, value.abs());
        }
        self.finish().into_iter().map(|(_, i)| (x[i as usize], i)).collect()
    }

    #[inline(always)]
    fn offer_chunk(&mut self, start: usize, values: &[f64; CHUNK]) {
        // All of a chunk are compared before any is looked at: no branches, no chain of maxima, vector instructions.
        let bar = self.bar.0;
        if values.iter().fold(false, |any, &value| any | (value >= bar)) {
            for (k, &value) in values.iter().enumerate() {
                self.offer(start + k, value);
            }
        }
    }

    /// Offers number `i`.
    #[inline]
    pub(crate) fn offer(&mut self, i: usize, value: f64) {
        if value > self.bar.0 || (value == self.bar.0 && self.rank[i] < self.bar.1) {
            if self.limit == 0 {
                return;
            }
            self.kept.push((value, i as u32));
            if self.kept.len() >= 2 * self.limit {
                self.prune();
            }
        }
    }

    /// What was kept, largest first.
    pub(crate) fn finish(mut self) -> Vec<(f64, u32)> {
        self.kept.sort_unstable_by(|a, b| order(self.rank, a, b));
        self.kept.truncate(self.limit);
        self.kept
    }

    fn prune(&mut self) {
        let rank = self.rank;
        let (_, &mut (value, i), _) = self.kept.select_nth_unstable_by(self.limit - 1, |a, b| order(rank, a, b));
        self.kept.truncate(self.limit);
        self.bar = (value, rank[i as usize]);
    }
}

fn order(rank: &[u32], a: &(f64, u32), b: &(f64, u32)) -> Ordering {
    b.0.total_cmp(&a.0).then_with(|| rank[a.1 as usize].cmp(&rank[b.1 as usize]))
}

/// Buckets below the largest number, four to an octave.
const BUCKETS: usize = 256;

/// What counts as reached: a share of the sum that misses by rounding only is there.
const ROUNDING: f64 = 1e-12;

/// The fewest of `values` (none NaN) whose sum reaches `share` of `total`, 0 when `total` is not above 0.
///
/// The numbers are counted in buckets of nearly equal ones, from the largest down; only the bucket in which the share
/// is reached needs sorting.
pub(crate) fn fewest_reaching(share: f64, total: f64, values: &[f64]) -> u32 {
    let most = values.iter().copied().fold(0.0, f64::max);
    if total <= 0.0 || most <= 0.0 {
        return 0;
    }
    let target = share * total * (1.0 - ROUNDING);
    let top = bucket_of(most);
    let bucket = |value: f64| (top - bucket_of(value)).min(BUCKETS as u64 - 1) as usize;
    let mut sums = [(0.0, 0u32); BUCKETS];
    for &value in values {
        if value > 0.0 {
            let (sum, count) = &mut sums[bucket(value)];
            *sum += value;
            *count += 1;
        }
    }
    let (mut reached, mut taken) = (0.0, 0);
    for (b, &(sum, count)) in sums.iter().enumerate() {
        if reached + sum < target {
            reached += sum;
            taken += count;
            continue;
        }
        let mut last: Vec<f64> = values.iter().copied().filter(|&v| v > 0.0 && bucket(v) == b).collect();
        last.sort_unstable_by(|a, b| b.total_cmp(a));
        for value in last {
            if reached >= target {
                break;
            }
            reached += value;
            taken += 1;
        }
        break;
    }
    taken
}

/// Exponent and the two highest bits of the fraction of a number above 0.
fn bucket_of(value: f64) -> u64 {
    value.to_bits() >> 50
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lcg(n: usize, levels: u64) -> Vec<f64> {
        let mut state = 7u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % levels
        };
        (0..n).map(|_| next() as f64).collect()
    }

    #[test]
    fn the_largest_come_first_and_equals_by_rank() {
        for (n, levels) in [(0, 3), (1, 3), (40, 3), (1000, 5), (1000, 1_000_000)] {
            let x = lcg(n, levels);
            let rank: Vec<u32> = (0..n as u32).rev().collect();
            let mut sorted: Vec<(f64, u32)> = x.iter().copied().zip(0..).collect();
            sorted.sort_by(|a, b| order(&rank, a, b));
            for limit in [0, 1, 2, 10, 999, 5000] {
                let expected = &sorted[..limit.min(n)];
                assert_eq!(Top::new(limit, &rank).values(&x), expected);
                assert_eq!(Top::new(limit, &rank).products(&x, &vec![1.0f32; n]), expected);
            }
        }
    }

    #[test]
    fn the_fewest_that_reach_a_share_are_those_of_the_sorted_numbers() {
        for (n, levels) in [(1, 2), (10, 3), (500, 4), (500, 1_000_000)] {
            let mut x = lcg(n, levels);
            let total: f64 = x.iter().sum();
            let counted = fewest_reaching(0.8, total, &x);
            x.sort_by(|a, b| b.total_cmp(a));
            let mut sum = 0.0;
            let expected = x
                .iter()
                .take_while(|&&v| {
                    if sum >= 0.8 * total {
                        false
                    } else {
                        sum += v;
                        true
                    }
                })
                .count();
            assert_eq!(counted as usize, if total > 0.0 { expected } else { 0 });
        }
        assert_eq!(fewest_reaching(0.8, 0.0, &[0.0, 0.0]), 0);
        assert_eq!(fewest_reaching(0.8, 5.0, &[1.0; 5]), 4);
        assert_eq!(fewest_reaching(0.8, 1.0, &[1.0, 1e-300, 5e-324]), 1);
    }
}
