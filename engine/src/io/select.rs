//! The largest few of many numbers, and the smallest count of numbers that reach a share of the sum.

use std::cmp::Ordering;

use crate::io::leontief::number::Number;

/// The number of values compared together.
const CHUNK: usize = 32;

/// Keeps the `limit` largest of the offered numbers, ties in the order of `rank`. Memory is bounded by `limit`.
pub(crate) struct Top<'a> {
    limit: usize,
    rank: &'a [u32],
    kept: Vec<(f64, u32)>,
    /// Value and rank of the worst number known to be among the largest. A number that does not come before it is
    /// dropped.
    threshold: (f64, u32),
}

impl<'a> Top<'a> {
    /// An empty selection; `rank[i]` is the position of number `i` among equal numbers.
    pub(crate) fn new(limit: usize, rank: &'a [u32]) -> Self {
        let limit = limit.min(rank.len());
        Self {
            limit,
            rank,
            kept: Vec::with_capacity((2 * limit).min(rank.len())),
            threshold: (f64::NEG_INFINITY, u32::MAX),
        }
    }

    /// Offers the products `x[i] * y[i]`.
    pub(crate) fn products<T: Number>(mut self, x: &[f64], y: &[T]) -> Vec<(f64, u32)> {
        let (x_chunks, x_rest) = x.as_chunks::<CHUNK>();
        let (y_chunks, y_rest) = y.as_chunks::<CHUNK>();
        if self.limit <= CHUNK {
            // Each lane has its own maximum. The limit-th largest of these maxima is at most the limit-th largest of
            // all numbers. With this initial threshold, almost every number kept stays in the result.
            let mut most = [f64::NEG_INFINITY; CHUNK];
            for (x, y) in x_chunks.iter().zip(y_chunks) {
                for k in 0..CHUNK {
                    let value = x[k] * y[k].into() + 0.0;
                    // This compiles to one instruction, unlike `f64::max`; no number here is NaN.
                    most[k] = if value > most[k] { value } else { most[k] };
                }
            }
            most.sort_unstable_by(|a, b| b.total_cmp(a));
            self.threshold.0 = most[self.limit.max(1) - 1];
        }
        let mut start = 0;
        for (x, y) in x_chunks.iter().zip(y_chunks) {
            let mut values = [0.0; CHUNK];
            for k in 0..CHUNK {
                // Adding 0 turns a negative zero into a positive one.
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

    /// Offers the numbers `x[i]` by absolute value; the result keeps their signs.
    pub(crate) fn by_size(mut self, x: &[f64]) -> Vec<(f64, u32)> {
        for (i, value) in x.iter().enumerate() {
            self.offer(i, value.abs());
        }
        self.finish().into_iter().map(|(_, i)| (x[i as usize], i)).collect()
    }

    #[inline(always)]
    fn offer_chunk(&mut self, start: usize, values: &[f64; CHUNK]) {
        // The whole chunk is compared before any single value is examined: this has no branches and no dependent
        // maxima, so it compiles to vector instructions.
        let threshold = self.threshold.0;
        if values.iter().fold(false, |any, &value| any | (value >= threshold)) {
            for (k, &value) in values.iter().enumerate() {
                self.offer(start + k, value);
            }
        }
    }

    /// Offers number `i`.
    #[inline]
    pub(crate) fn offer(&mut self, i: usize, value: f64) {
        if value > self.threshold.0 || (value == self.threshold.0 && self.rank[i] < self.threshold.1) {
            if self.limit == 0 {
                return;
            }
            self.kept.push((value, i as u32));
            if self.kept.len() >= 2 * self.limit {
                self.prune();
            }
        }
    }

    /// The largest numbers, largest first.
    pub(crate) fn finish(mut self) -> Vec<(f64, u32)> {
        self.kept.sort_unstable_by(|a, b| order(self.rank, a, b));
        self.kept.truncate(self.limit);
        self.kept
    }

    fn prune(&mut self) {
        let rank = self.rank;
        let (_, &mut (value, i), _) = self.kept.select_nth_unstable_by(self.limit - 1, |a, b| order(rank, a, b));
        self.kept.truncate(self.limit);
        self.threshold = (value, rank[i as usize]);
    }
}

fn order(rank: &[u32], a: &(f64, u32), b: &(f64, u32)) -> Ordering {
    b.0.total_cmp(&a.0).then_with(|| rank[a.1 as usize].cmp(&rank[b.1 as usize]))
}

/// The number of buckets below the largest number; four buckets per power of two.
const BUCKETS: usize = 256;

/// The rounding tolerance: a sum that misses the target by less counts as reached.
const ROUNDING: f64 = 1e-12;

/// The smallest count of `values` (none NaN) whose sum reaches `share` of `total`; 0 if `total` is not above 0.
///
/// Numbers are grouped into buckets of similar size, from the largest down. Only the bucket in which the target is
/// reached is sorted.
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

/// The exponent and the two highest bits of the fraction of a number above 0.
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
    fn the_largest_come_first_and_equal_numbers_are_sorted_by_rank() {
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
    fn the_smallest_count_that_reaches_a_share_equals_that_of_sorted_numbers() {
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
