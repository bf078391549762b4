//! The comparison of one node in two tables, such as two years or two editions of one source.
//!
//! With `r_a`, `L_a` and `r_b`, `L_b` the indicator and the Leontief inverse of both tables and `j` the node, the
//! difference of the totals `r_b'L_b e_j - r_a'L_a e_j` is the sum of two effects: that of the indicator,
//! `(r_b - r_a)'(L_a + L_b) e_j / 2`, and that of the structure of production, `(r_a + r_b)'(L_b - L_a) e_j / 2`. This is
//! the mean of the two polar decompositions (Dietzenbacher & Los, "Structural decomposition techniques", Economic
//! Systems Research 10 (1998)). Nodes are matched by label; where a table lacks a label, its numbers are 0.

use std::time::Duration;

use super::assess::Basis;
use super::model::IoModel;
use super::shown::shown;
use crate::model::Identity;
use crate::{Error, Progress, Result};

mod difference;
mod union;
mod write;

/// The node and the data in both models, and name and unit of the indicator.
type Compared<'a> = ([usize; 2], [Basis<'a>; 2], (&'a str, &'a str));

impl IoModel {
    /// Appends the comparison of a node in this model and in another one, as in
    /// `docs/assessment-io-compare.schema.json`. Without the name of an indicator, it is the default of this model. Lists
    /// hold at most `top` items. `out` is unchanged after an error.
    ///
    /// # Errors
    /// [`Error::NoSubject`] and [`Error::NoIndicator`] if one of the models lacks the node or the indicator;
    /// [`Error::NotReady`]; [`Error::Invalid`] if the indicator has another unit in the other model; [`Error::BadInput`]
    /// if a column solved on demand does not converge or results are beyond the range of numbers; [`Error::Cancelled`].
    #[expect(clippy::too_many_arguments, reason = "two models, each with its identity")]
    pub fn compare(
        &self,
        other: &Self,
        identities: [&Identity<'_>; 2],
        subject: (&[u8], &[u8]),
        indicator: Option<&[u8]>,
        top: usize,
        progress: &Progress,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let (nodes, bases, indicator) = self.compared(other, subject, indicator)?;
        let comparison = difference::compare(&bases, nodes, top, progress)?;
        write::write(out, identities, indicator, &comparison);
        Ok(())
    }

    /// Finds the errors of a comparison that need no computation.
    ///
    /// # Errors
    /// Those of [`IoModel::compare`] without [`Error::BadInput`] and [`Error::Cancelled`].
    pub fn check_comparison(&self, other: &Self, subject: (&[u8], &[u8]), indicator: Option<&[u8]>) -> Result<()> {
        self.compared(other, subject, indicator).map(|_| ())
    }

    /// The approximate duration of [`IoModel::compare`].
    pub fn comparison_cost(&self, other: &Self, top: usize) -> Duration {
        let cost = |model: &Self| {
            let n = model.table().labels.len() as u64;
            10_000 + PER_NODE * n + 800 * n.min(top as u64) + model.solve_cost()
        };
        Duration::from_nanos(cost(self) + cost(other))
    }

    /// Looks up what a comparison needs.
    fn compared<'a>(
        &'a self,
        other: &'a Self,
        (region, sector): (&[u8], &[u8]),
        indicator: Option<&[u8]>,
    ) -> Result<Compared<'a>> {
        let node = |model: &Self| model.table().labels.node(region, sector);
        let nodes = [node(self)?, node(other)?];
        let indicator = &self.indicator(indicator)?.indicator;
        let unit = &other.indicator(Some(indicator.name.as_bytes()))?.indicator.unit;
        if *unit != indicator.unit {
            return Err(Error::Invalid(
                format!(
                    "the unit of the indicator is '{}' in one model and '{}' in the other: they cannot be compared",
                    shown(&indicator.unit),
                    shown(unit)
                )
                .into(),
            ));
        }
        let name = Some(indicator.name.as_bytes());
        // Both are looked up before either can fail, so that one request is enough to derive both.
        let (own, others) = (self.basis_of(name), other.basis_of(name));
        let ((own, names), (others, _)) = (own?, others?);
        Ok((nodes, [own, others], names))
    }
}

/// The approximate time for one node of one table, in nanoseconds: names are compared to match it.
const PER_NODE: u64 = 100;
