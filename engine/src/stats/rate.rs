//! How many operations a second there were lately.

/// Milliseconds that the rate is about.
const WINDOW_MS: u64 = 10_000;
/// Observations kept: about one a second is made.
const KEPT: usize = 16;

/// Operations a second over the last ten seconds or so.
#[derive(Debug, Clone, Default)]
pub struct Rate {
    /// Time in milliseconds and operations by then, oldest first.
    seen: Vec<(u64, u64)>,
    added: f64,
}

impl Rate {
    /// Takes note of how many operations there have been by `now` (milliseconds).
    pub fn observe(&mut self, now: u64, operations: u64) {
        // Older ones but the last before the window are of no use.
        while self.seen.len() >= 2 && (self.seen.len() >= KEPT || self.seen[1].0 + WINDOW_MS <= now) {
            self.seen.remove(0);
        }
        self.seen.push((now, operations));
    }

    /// Operations a second; 0 before the second observation.
    pub fn per_second(&self) -> f64 {
        let own = match (self.seen.first(), self.seen.last()) {
            (Some((from, before)), Some((to, after))) if to > from => {
                after.saturating_sub(*before) as f64 * 1000.0 / (to - from) as f64
            }
            _ => 0.0,
        };
        own + self.added
    }

    /// Adds the operations of another.
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
