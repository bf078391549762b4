//! When to stop: a proven bound of the remaining error, and an estimate of the work that is left.
//!
//! A half of a sweep maps changes to changes with nonnegative factors. If every element of a change is at most q < 1
//! times that of the change of the same direction before it, this holds for all later changes too, because the factors
//! keep the order of vectors. So all later changes together are at most `q / (1 - q)` times the last two changes, in
//! every element.

use faer::Mat;

/// The remaining error as a share of the sum, in every element: half a unit in the last place.
const TOLERANCE: f64 = f64::EPSILON / 2.0;

/// The number of halves of sweeps after which the iteration counts as too slow.
pub(super) const MOST_HALVES: usize = 400;

/// The number of halves that typical data need; used for progress.
pub(super) const USUAL_HALVES: usize = 24;

/// The number of halves over which the rate is measured to estimate the rest.
const MEASURED: usize = 8;

/// Changes that are not above this are 0 for the bound: their ratios are rounding. Vectors are scaled so that this is
/// far below every element of a result.
const TINY: f64 = 1e-290;

/// The state of an iteration.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The remaining error is within the tolerance.
    Converged,
    /// More halves are needed.
    Open,
    /// Too many halves would be needed, or the sums are not finite.
    Slow,
}

/// The last changes, and how their size decreased.
pub(super) struct Bound {
    /// The change before the last, which is of the same direction as the next.
    before: Option<Mat<f64>>,
    last: Mat<f64>,
    /// The number of halves that are judged.
    halves: usize,
    /// By half, since changes last reached a new node: the largest share of the last two changes in the sum.
    shares: Vec<f64>,
}

impl Bound {
    /// Starts with the change of the first half.
    pub(super) fn new(first: Mat<f64>) -> Self {
        Self { before: None, last: first, halves: 0, shares: Vec::new() }
    }

    /// The change of the last half.
    pub(super) fn last(&self) -> &Mat<f64> {
        &self.last
    }

    /// Takes the change of the next half; `sums` include it.
    pub(super) fn judge(&mut self, sums: &Mat<f64>, change: Mat<f64>) -> Verdict {
        let (mut ratio, mut share, mut finite) = (0f64, 0f64, true);
        for v in 0..sums.ncols() {
            let last = self.last.col_as_slice(v);
            for (i, (&sum, &x)) in sums.col_as_slice(v).iter().zip(change.col_as_slice(v)).enumerate() {
                finite &= sum.is_finite();
                if x > TINY {
                    let before = self.before.as_ref().map_or(0.0, |before| before[(i, v)]);
                    ratio = ratio.max(x / before);
                }
                if x + last[i] > TINY {
                    share = share.max((x + last[i]) / sum);
                }
            }
        }
        self.before = Some(std::mem::replace(&mut self.last, change));
        self.halves += 1;
        self.shares.push(share);
        if ratio.is_infinite() {
            self.shares.clear();
        }
        if !finite || !self.is_fast() {
            return Verdict::Slow;
        }
        if ratio < 1.0 && ratio / (1.0 - ratio) * share <= TOLERANCE { Verdict::Converged } else { Verdict::Open }
    }

    /// Whether the iteration is expected to end within [`MOST_HALVES`], by the rate of the last [`MEASURED`] halves. While
    /// changes still reach new nodes there is no rate.
    fn is_fast(&self) -> bool {
        let settled = self.shares.len();
        if settled < 2 * MEASURED || !settled.is_multiple_of(MEASURED) {
            return true;
        }
        let (now, then) = (self.shares[settled - 1], self.shares[settled - 1 - MEASURED]);
        let per_half = (now / then).ln() / MEASURED as f64;
        now <= TOLERANCE
            || (per_half < 0.0 && self.halves as f64 + (TOLERANCE / now).ln() / per_half < MOST_HALVES as f64)
    }
}
