//! A histogram of times. It is allocated when the first time is recorded.

use hdrhistogram::Histogram;

/// Times in microseconds, to two significant digits.
#[derive(Debug, Clone, Default)]
pub struct Latency {
    times: Option<Box<Histogram<u64>>>,
    sum: u128,
}

/// The longest time that is recorded exactly: an hour. Longer times count as this one.
const LONGEST_US: u64 = 3_600_000_000;

impl Latency {
    /// Records a time.
    pub fn record(&mut self, us: u64) {
        if self.times.is_none() {
            self.times = Histogram::new_with_bounds(1, LONGEST_US, 2).ok().map(Box::new);
        }
        if let Some(times) = &mut self.times {
            times.saturating_record(us);
            self.sum += u128::from(us);
        }
    }

    /// The number of recorded times.
    pub fn count(&self) -> u64 {
        self.times.as_ref().map_or(0, |times| times.len())
    }

    /// The sum of the recorded times, in microseconds.
    pub fn sum(&self) -> u128 {
        self.sum
    }

    /// The mean in microseconds; 0 before the first time is recorded.
    pub fn mean(&self) -> f64 {
        let count = self.count();
        if count == 0 { 0.0 } else { self.sum as f64 / count as f64 }
    }

    /// A percentile, 0..=100, in microseconds; 0 before the first time is recorded.
    pub fn p(&self, percent: f64) -> u64 {
        self.times.as_ref().map_or(0, |times| times.value_at_quantile(percent / 100.0))
    }

    /// The longest time in microseconds; 0 before the first time is recorded.
    pub fn max(&self) -> u64 {
        self.times.as_ref().map_or(0, |times| times.max())
    }

    /// The recorded times with their numbers, ascending: microseconds to two significant digits, rounded up.
    pub fn counts(&self) -> impl Iterator<Item = (u64, u64)> {
        let times = self.times.iter().flat_map(|times| times.iter_recorded());
        times.map(|seen| (seen.value_iterated_to(), seen.count_at_value()))
    }

    /// A histogram from what [`Latency::counts`] and [`Latency::sum`] returned.
    pub fn of(counts: impl IntoIterator<Item = (u64, u64)>, sum: u128) -> Self {
        let mut times = Histogram::new_with_bounds(1, LONGEST_US, 2).ok().map(Box::new);
        if let Some(times) = &mut times {
            counts.into_iter().for_each(|(us, count)| times.saturating_record_n(us, count));
        }
        times.take_if(|times| times.is_empty());
        Self { sum: if times.is_some() { sum } else { 0 }, times }
    }

    /// Adds the times of another histogram.
    pub fn add(&mut self, other: &Self) {
        let Some(theirs) = &other.times else { return };
        match &mut self.times {
            // Both have the same bounds, so this cannot fail.
            Some(times) => _ = times.add(theirs.as_ref()),
            None => self.times = Some(theirs.clone()),
        }
        self.sum += other.sum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_have_two_correct_digits_and_the_mean_is_exact() {
        let mut latency = Latency::default();
        assert_eq!((latency.count(), latency.p(99.0), latency.max()), (0, 0, 0));
        (1..=1000).for_each(|us| latency.record(us * 10));
        assert!((latency.mean() - 5005.0).abs() < 1e-9);
        for (percent, expected) in [(50.0, 5000.0), (95.0, 9500.0), (99.0, 9900.0)] {
            let found = latency.p(percent) as f64;
            assert!((found / expected - 1.0).abs() < 0.01, "{percent}: {found}");
        }
        latency.record(u64::MAX);
        assert!(latency.max() >= LONGEST_US);
    }

    #[test]
    fn a_histogram_survives_as_counts() {
        let mut latency = Latency::default();
        (1..=1000).for_each(|us| latency.record(us * us));
        latency.record(u64::MAX / 2);
        let again = Latency::of(latency.counts(), latency.sum());
        for percent in [1.0, 50.0, 99.0, 100.0] {
            assert_eq!(again.p(percent), latency.p(percent));
        }
        assert_eq!((again.count(), again.sum(), again.max()), (1001, latency.sum(), latency.max()));
        assert_eq!(Latency::of([], 5).sum(), 0);
    }

    #[test]
    fn a_sum_equals_one_histogram_of_all_times() {
        let (mut one, mut other) = (Latency::default(), Latency::default());
        one.add(&other);
        assert_eq!(one.count(), 0);
        other.record(7);
        one.add(&other);
        one.add(&other);
        assert_eq!((one.count(), one.p(50.0), one.sum()), (2, 7, 14));
    }
}
