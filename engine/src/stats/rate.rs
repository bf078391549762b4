//! The rate of operations in the last seconds.

/// The window of the rate, in milliseconds.
const WINDOW_MS: u64 = 10_000;
/// The largest number of stored observations. There is about one per second.
const KEPT: usize = 16;

/// Operations per second over about the last ten seconds.
#[derive(Debug, Clone, Default)]
pub struct Rate {
    /// Times in milliseconds with the number of operations up to then, the oldest first.
    seen: Vec<(u64, u64)>,
    /// The rates of other objects that were added.
    added: f64,
}

impl Rate {
    /// A rate that another server measured.
    pub(super) const fn of(per_second: f64) -> Self {
        Self { seen: Vec::new(), added: per_second }
    }

    /// Records the number of all operations up to `now` (milliseconds).
    pub fn observe(&mut self, now: u64, operations: u64) {
        // Of the observations before the window only the last one is needed.
        while self.seen.len() >= 2 && (self.seen.len() >= KEPT || self.seen[1].0.saturating_add(WINDOW_MS) <= now) {
            self.seen.remove(0);
        }
        self.seen.push((now, operations));
    }

    /// Operations per second; 0 before the second observation.
    pub fn per_second(&self) -> f64 {
        let own = match (self.seen.first(), self.seen.last()) {
            (Some((from, before)), Some((to, after))) if to > from => {
                after.saturating_sub(*before) as f64 * 1000.0 / (to - from) as f64
            }
            _ => 0.0,
        };
        own + self.added
    }

    /// Adds the rate of another object.
    pub fn add(&mut self, other: &Self) {
        self.added += other.per_second();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_last_ten_seconds() {
        let mut rate = Rate::default();
        assert!(rate.per_second().abs() < 1e-9);
        for second in 0..=30 {
            rate.observe(second * 1000, if second <= 15 { second * 1000 } else { 15_000 + (second - 15) * 10 });
        }
        assert!((rate.per_second() - 10.0).abs() < 1.0, "{}", rate.per_second());
        let mut both = Rate::default();
        both.add(&rate);
        both.add(&rate);
        assert!((both.per_second() - 2.0 * rate.per_second()).abs() < 1e-9);
    }
}
