//! The assessment of one node as numbers, before it is written as a document.
//!
//! With `r` the indicator and `j` the node: the direct intensity `t_0 = r_j`, the production layers `t_k = r'A^k e_j`,
//! the multiplier `m_j = r'L e_j` (Miller & Blair, chapter 6), the residual beyond layer K `m'A^(K+1) e_j`, the
//! contributions by node `r_i L_ij`, and the contributions by direct supplier `m_i A_ij`.

use super::model::{IoModel, Stressor};
use super::printed::Printed;
use super::select::{Top, fewest_reaching};
use super::table::Table;
use crate::io::leontief::groups::{Group, MOST, add_groups, foreign_of};
use crate::io::leontief::inverse::Leontief;
use crate::io::leontief::number::Number;
use crate::io::leontief::product::with_columns;
use crate::io::leontief::series::Series;
use crate::io::leontief::solver::Column;
use crate::{Progress, Result};

/// A value and the number of its node, region or sector.
pub(crate) type Item = (f64, u32);

/// The numbers of an assessment. Lists are sorted by value, largest first; ties are sorted by label. A list holds the
/// `top` largest items, zeros included, or all labels if there are fewer than `top`. If the indicator has values below
/// 0, lists are sorted by absolute value.
pub(crate) struct Assessment<'a> {
    /// The node.
    pub(crate) node: usize,
    /// `t_0..t_K`; the first is the direct intensity.
    pub(crate) layers: &'a [f64],
    /// `m_j - r_j`.
    pub(crate) upstream: f64,
    /// `m_j`.
    pub(crate) total: f64,
    /// `1'L e_j`.
    pub(crate) activity: f64,
    /// `m'A^(K+1) e_j`.
    pub(crate) residual: f64,
    /// The part of the total that comes from other regions.
    pub(crate) foreign: f64,
    /// Sum of the squared contributions of the regions.
    pub(crate) squares: f64,
    /// The smallest number of nodes that contribute 80 % of the total; `None` if contributions have both signs.
    pub(crate) nodes_80: Option<u32>,
    /// Whether contributions have both signs. Their ratios to the total are then not shares.
    pub(crate) is_mixed: bool,
    /// Contributions by region.
    pub(crate) by_region: Vec<Item>,
    /// Contributions by sector.
    pub(crate) by_sector: Vec<Item>,
    /// Contributions by node, the node itself included.
    pub(crate) contributors: Vec<Item>,
    /// The upstream part, by the direct supplier from which it comes.
    pub(crate) suppliers: Vec<Item>,
}

/// The data from which assessments of one indicator are computed.
pub(crate) struct Basis<'a> {
    pub(crate) table: &'a Table,
    pub(crate) printed: &'a Printed,
    pub(crate) leontief: &'a Leontief,
    pub(crate) values: &'a [f64],
    /// Whether a value is below 0.
    pub(crate) is_signed: bool,
    pub(crate) series: &'a Series,
}

impl IoModel {
    /// The data of an indicator, its name and its unit. Without a name, of the default indicator.
    ///
    /// # Errors
    /// [`crate::Error::NoIndicator`], [`crate::Error::NotReady`].
    pub(in crate::io) fn basis_of(&self, indicator: Option<&[u8]>) -> Result<(Basis<'_>, (&str, &str))> {
        let stressor = self.indicator(indicator)?;
        let names = (&*stressor.indicator.name, &*stressor.indicator.unit);
        Ok((self.basis_with(stressor)?, names))
    }

    /// The data of an indicator of this model.
    ///
    /// # Errors
    /// [`crate::Error::NotReady`].
    pub(in crate::io) fn basis_with<'a>(&'a self, stressor: &'a Stressor) -> Result<Basis<'a>> {
        let (leontief, printed) = self.derived()?;
        Ok(Basis {
            table: self.table(),
            printed,
            leontief,
            values: &stressor.indicator.values,
            is_signed: stressor.is_signed,
            series: stressor.series()?,
        })
    }
}

impl<'a> Basis<'a> {
    /// Assesses node `j` with layers 0..=`deepest` and lists of at most `top` items.
    ///
    /// # Errors
    /// [`crate::Error::BadInput`] if a column solved on demand does not converge, [`crate::Error::Cancelled`].
    pub(crate) fn assess(&self, j: usize, deepest: usize, top: usize, progress: &Progress) -> Result<Assessment<'a>> {
        let column = self.leontief.solver.column(&self.table.coefficients, j, progress)?;
        let rank = self.printed.node_rank();
        if self.is_signed {
            return self.assess_signed(j, deepest, top, &column);
        }
        let contributors = || Top::new(top, rank);
        let contributors = match &column {
            Column::F64(column) => contributors().products(self.values, column),
            Column::F32(column) => contributors().products(self.values, column),
            Column::Solved(column) => contributors().products(self.values, column),
        };
        let suppliers = with_columns!(&self.table.coefficients, columns => {
            Top::new(top, rank).products(self.series.totals(), columns.column(j))
        });
        let mut assessment = Assessment { contributors, suppliers, ..self.bare(j, deepest)? };
        if let Some(group) = self.series.groups().and_then(|groups| groups.of(j)) {
            self.group(&mut assessment, top, &group);
        } else {
            let contributions = contributions(self.values, &column);
            let (regions, sectors) = self.sums(&contributions);
            let nodes_80 = fewest_reaching(MOST, assessment.total, &contributions);
            self.group(&mut assessment, top, &Group { regions: &regions, sectors: &sectors, nodes_80 });
        }
        Ok(assessment)
    }

    /// The numbers of node `j` without lists and with the direct layer only. The column of the inverse is read if the
    /// indicator has values below 0, because it shows whether contributions have both signs, and before the groups are
    /// derived.
    ///
    /// # Errors
    /// Those of [`Basis::assess`].
    pub(in crate::io) fn figures(&self, j: usize, progress: &Progress) -> Result<Assessment<'a>> {
        let bare = self.bare(j, 0)?;
        let groups = self.series.groups().filter(|_| !self.is_signed);
        if let Some(groups) = groups {
            return Ok(Assessment { foreign: groups.foreigns()[j], ..bare });
        }
        let column = self.leontief.solver.column(&self.table.coefficients, j, progress)?;
        let contributions = contributions(self.values, &column);
        let foreign = self.foreign_part(j, &self.sums(&contributions).0);
        Ok(Assessment { foreign, is_mixed: self.is_signed && has_both_signs(&contributions), ..bare })
    }

    /// The numbers without lists and groups.
    ///
    /// # Errors
    /// [`crate::Error::NotReady`] if the layers are not derived yet.
    fn bare(&self, j: usize, deepest: usize) -> Result<Assessment<'a>> {
        let (layers, residual) = self.series.layers(j, deepest)?;
        Ok(Assessment {
            node: j,
            layers,
            upstream: self.series.upstreams()[j],
            total: self.series.totals()[j],
            activity: self.leontief.activity()[j],
            residual,
            foreign: 0.0,
            squares: 0.0,
            nodes_80: None,
            is_mixed: false,
            by_region: Vec::new(),
            by_sector: Vec::new(),
            contributors: Vec::new(),
            suppliers: Vec::new(),
        })
    }

    /// The contributions of other regions to node `j`: as derived for all nodes, so that all documents agree, else from
    /// the sums by region.
    fn foreign_part(&self, j: usize, regions: &[f64]) -> f64 {
        match self.series.groups() {
            Some(groups) => groups.foreigns()[j],
            None => foreign_of(regions, self.table.labels.nodes()[j].0),
        }
    }

    /// Sums by region and by sector.
    pub(in crate::io) fn sums(&self, values: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let labels = &self.table.labels;
        let mut regions = vec![0.0; labels.regions().len()];
        let mut sectors = vec![0.0; labels.sectors().len()];
        add_groups(labels.nodes(), values, &mut regions, &mut sectors);
        (regions, sectors)
    }

    /// The assessment for an indicator with values below 0. Sums are reported; shares are not if contributions have
    /// both signs, because they would mislead.
    fn assess_signed(&self, j: usize, deepest: usize, top: usize, column: &Column<'_>) -> Result<Assessment<'a>> {
        let contributions = contributions(self.values, column);
        let suppliers = self.suppliers(j);
        let (regions, sectors) = self.sums(&contributions);
        let is_mixed = has_both_signs(&contributions);
        let bare = self.bare(j, deepest)?;
        let nodes_80 = (!is_mixed).then(|| {
            let sizes: Vec<f64> = contributions.iter().map(|value| value.abs()).collect();
            fewest_reaching(MOST, bare.total.abs(), &sizes)
        });
        let by_size = |rank, values: &[f64]| Top::new(top, rank).by_size(values);
        Ok(Assessment {
            nodes_80,
            is_mixed,
            foreign: self.foreign_part(j, &regions),
            squares: regions.iter().map(|value| value * value).sum(),
            by_region: by_size(self.printed.region_rank(), &regions),
            by_sector: by_size(self.printed.sector_rank(), &sectors),
            contributors: by_size(self.printed.node_rank(), &contributions),
            suppliers: by_size(self.printed.node_rank(), &suppliers),
            ..bare
        })
    }

    /// The upstream part of node `j` by direct supplier, `m_i A_ij`, n values.
    pub(in crate::io) fn suppliers(&self, j: usize) -> Vec<f64> {
        with_columns!(&self.table.coefficients, columns => products(self.series.totals(), columns.column(j)))
    }

    fn group(&self, assessment: &mut Assessment<'_>, top: usize, group: &Group<'_>) {
        let Group { regions, sectors, nodes_80 } = *group;
        assessment.nodes_80 = Some(nodes_80);
        assessment.foreign = self.foreign_part(assessment.node, regions);
        assessment.squares = regions.iter().map(|value| value * value).sum();
        assessment.by_region = Top::new(top, self.printed.region_rank()).values(regions);
        assessment.by_sector = Top::new(top, self.printed.sector_rank()).values(sectors);
    }
}

/// The contributions `r_i L_ij` of all nodes, given the column of the inverse.
pub(in crate::io) fn contributions(values: &[f64], column: &Column<'_>) -> Vec<f64> {
    match column {
        Column::F64(column) => products(values, column),
        Column::F32(column) => products(values, column),
        Column::Solved(column) => products(values, column),
    }
}

/// Whether some contributions are above 0 and others below 0.
pub(super) fn has_both_signs(contributions: &[f64]) -> bool {
    contributions.iter().any(|value| *value > 0.0) && contributions.iter().any(|value| *value < 0.0)
}

fn products<T: Number>(x: &[f64], y: &[T]) -> Vec<f64> {
    x.iter().zip(y).map(|(&x, &y)| x * y.into() + 0.0).collect()
}

impl Assessment<'_> {
    /// A part as a share of the total; `None` if the total is 0 or contributions have both signs.
    pub(crate) fn share(&self, part: f64) -> Option<f64> {
        // Contributions of one sign are at most the total: a share above 1 is rounding error.
        self.ratio(part).map(|share| share.min(1.0))
    }

    /// A number divided by the total; `None` where there are no shares.
    pub(crate) fn ratio(&self, number: f64) -> Option<f64> {
        if self.total == 0.0 || self.is_mixed { None } else { Some(number / self.total) }
    }

    /// The total per unit of output of the whole supply chain: the mean of the indicator over the chain, in the
    /// indicator's own unit.
    pub(crate) fn mean(&self) -> Option<f64> {
        // The activity is below 1 only if coefficients below 0 reduce it.
        if self.activity == 0.0 { None } else { Some(self.total / self.activity) }
    }

    /// The share of the total in layers 0..=K; 1 if the total is 0, `None` if contributions have both signs.
    pub(crate) fn coverage(&self) -> Option<f64> {
        let covered: f64 = self.layers.iter().sum();
        match self.share(covered) {
            None if self.is_mixed => None,
            None => Some(1.0),
            // With a residual >= 0 the exact share is at most 1. A value above 1 is rounding error and is cut off.
            Some(share) if self.residual >= 0.0 => Some(share.min(1.0)),
            Some(share) => Some(share),
        }
    }

    /// Herfindahl-Hirschman index of the regions' shares: in 0..=1 if no share is negative; `None` if the total is 0.
    pub(crate) fn hhi(&self) -> Option<f64> {
        self.ratio(self.squares).and_then(|part| self.share(part))
    }
}
