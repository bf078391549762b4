//! The figures of an assessment before and after changes, and their difference.

use super::apply::Changed;
use super::change::Change;
use super::solve::{self, Known};
use crate::io::assess::{Assessment, Basis, Item};
use crate::io::leontief::product;
use crate::io::select::Top;
use crate::{Error, Progress, Result};

/// The figures of one assessment.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::io) struct Figures {
    /// `t_0..t_K`; the first is the direct intensity.
    pub(super) layers: Vec<f64>,
    /// `m_j - r_j`.
    pub(super) upstream: f64,
    /// `m_j`.
    pub(super) total: f64,
    /// The total per unit of output of the whole supply chain.
    pub(super) mean: Option<f64>,
    /// The share of the total that comes from other regions.
    pub(super) foreign_share: Option<f64>,
}

/// A what-if analysis: figures before and after, and lists of the differences (after minus before), sorted by size,
/// ties by label. A list holds at most `top` items.
#[derive(Debug)]
pub(in crate::io) struct WhatIf {
    /// The node.
    pub(super) node: usize,
    pub(super) base: Figures,
    pub(super) changed: Figures,
    /// The difference of the totals.
    pub(super) difference: f64,
    /// The total before changes; `None` if shares of it would mislead: it is 0, or its contributions have both signs.
    pub(super) whole: Option<f64>,
    pub(super) by_region: Vec<Item>,
    pub(super) by_sector: Vec<Item>,
    pub(super) contributors: Vec<Item>,
    pub(super) suppliers: Vec<Item>,
}

impl WhatIf {
    /// A difference as a share of the total before changes.
    pub(super) fn share(&self, difference: f64) -> Option<f64> {
        self.whole.map(|whole| difference / whole).filter(|share| share.is_finite())
    }
}

impl Figures {
    fn of(assessment: &Assessment<'_>) -> Self {
        Self {
            layers: assessment.layers.to_vec(),
            upstream: assessment.upstream,
            total: assessment.total,
            mean: assessment.mean(),
            foreign_share: assessment.share(assessment.foreign),
        }
    }

    fn are_finite(&self) -> bool {
        self.layers.iter().all(|layer| layer.is_finite()) && self.upstream.is_finite() && self.total.is_finite()
    }
}

impl Basis<'_> {
    /// Assesses node `j` before and after changes, with layers 0..=`deepest` and lists of at most `top` items.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the changes touch too many coefficients, the layers of the changed table do not converge or
    /// the results are beyond the range of numbers, [`Error::Cancelled`].
    pub(in crate::io) fn what_if(
        &self,
        j: usize,
        changes: &[Change],
        deepest: usize,
        top: usize,
        progress: &Progress,
    ) -> Result<WhatIf> {
        let labels = &self.table.labels;
        let changed = Changed::new(&self.table.coefficients, labels, changes, self.values)?;
        let assessment = self.assess(j, deepest, 0, progress)?;
        let column = self.leontief.solver.column(&self.table.coefficients, j, progress)?.numbers();
        let multipliers = self.series.totals();
        let first_layer = || self.series.layer(1);
        let known = Known {
            leontief: self.leontief,
            values: self.values,
            multipliers,
            column: &column,
            first_layer: &first_layer,
        };
        let solution = solve::solve(&changed, &known, j, deepest, progress)?;

        let before: Vec<f64> = self.values.iter().zip(&column).map(|(r, l)| r * l).collect();
        let r = &changed.values;
        let mut after: Vec<f64> = r.iter().zip(&solution.column).map(|(r, l)| r * l).collect();
        after[j] += r[j];
        let differences: Vec<f64> = after.iter().zip(&before).map(|(after, before)| after - before).collect();
        let (regions, sectors) = self.sums(&differences);
        let (before_column, after_column) = (changed.base_column(j), changed.column(j));
        // In f32, this is more precise than the contributions, because a column of the inverse includes the node itself.
        let upstream = product::dot(&solution.multipliers, &after_column);
        let from = |m: &[f64], a: &[f64], i: usize| m[i] * a[i];
        let suppliers: Vec<f64> = (0..labels.len())
            .map(|i| from(&solution.multipliers, &after_column, i) - from(multipliers, &before_column, i))
            .collect();

        let activity = 1.0 + product::sum(&solution.column);
        let total = r[j] + upstream;
        let foreign = self.foreign(j, &after);
        let is_mixed = after.iter().any(|x| *x > 0.0) && after.iter().any(|x| *x < 0.0) && self.is_signed;
        let figures = Figures {
            layers: solution.layers,
            upstream,
            total,
            mean: (activity != 0.0).then(|| total / activity),
            foreign_share: (total != 0.0 && !is_mixed).then(|| foreign / total),
        };
        if !figures.are_finite() || !differences.iter().chain(&suppliers).all(|x| x.is_finite()) {
            return Err(Error::Invalid("results are beyond the range of numbers".into()));
        }
        let base = Figures::of(&assessment);
        let by_size = |rank, values: &[f64]| Top::new(top, rank).by_size(values);
        Ok(WhatIf {
            node: j,
            difference: figures.total - base.total,
            whole: (base.total != 0.0 && !assessment.is_mixed).then_some(base.total),
            changed: figures,
            base,
            by_region: by_size(self.printed.region_rank(), &regions),
            by_sector: by_size(self.printed.sector_rank(), &sectors),
            contributors: by_size(self.printed.node_rank(), &differences),
            suppliers: by_size(self.printed.node_rank(), &suppliers),
        })
    }

    /// The sum over the nodes of other regions than that of node `j`.
    fn foreign(&self, j: usize, contributions: &[f64]) -> f64 {
        let nodes = self.table.labels.nodes();
        nodes.iter().zip(contributions).filter(|(node, _)| node.0 != nodes[j].0).map(|(_, c)| c).sum()
    }
}
