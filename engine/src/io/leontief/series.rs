//! Data derived from the inverse for one indicator: rows over all nodes, stored by node.
//!
//! With `t_k = r'A^k` the production layers, `m = r'L` the multipliers and `q_k = m'A^k` the sum of the layers from k
//! on, `q_k = t_k + q_(k+1)`. Residuals are summed from the deepest layer upwards, without cancellation, so each is
//! exact to rounding even if it is small. All numbers of a node are contiguous, so an assessment reads a few cache
//! lines in one place.

use faer::Mat;

use crate::io::labels::Labels;
use crate::io::leontief::inverse::Leontief;
use crate::io::leontief::matrix::Columns;
use crate::io::leontief::neumann;
use crate::io::leontief::product::{self, Number, each_column, rows_times, with_columns};
use crate::io::options::LeontiefMode;
use crate::io::select::fewest_reaching;
use crate::io::stage::Stage;
use crate::io::table::Table;
use crate::model::Query;
use crate::{Error, Result};

/// The number of layers 0..=K for the maximum K.
const LAYERS: usize = Query::MAX_LAYERS as usize + 1;

/// The share of the total to which `nodes_80` refers.
pub(crate) const MOST: f64 = 0.8;

/// The series of one indicator over all n nodes.
#[derive(Debug)]
pub(crate) struct Series {
    /// Multipliers `m = r'L`.
    total: Vec<f64>,
    /// `m'A`, the multipliers without the direct part.
    upstream: Vec<f64>,
    /// The part of each multiplier that comes from other regions.
    foreign: Vec<f64>,
    /// The smallest number of nodes that contribute 80 %; empty in lazy mode.
    nodes_80: Vec<u32>,
    /// By node: `t_0..t_32`, `q_1..q_33`, then, in full mode only, contributions by region and by sector.
    rows: Vec<f64>,
    stride: usize,
    regions: usize,
}

/// Bytes of one [`Series`], including the memory needed while it is built.
pub(crate) fn series_bytes(labels: &Labels, mode: LeontiefMode) -> u64 {
    let scratch = match mode {
        LeontiefMode::Full => 8,
        LeontiefMode::Lazy => 3 * labels.regions().len() + 8,
    };
    (labels.len() * (stride(labels, mode) + 4 + scratch) * 8) as u64
}

fn stride(labels: &Labels, mode: LeontiefMode) -> usize {
    match mode {
        LeontiefMode::Full => 2 * LAYERS + labels.regions().len() + labels.sectors().len(),
        LeontiefMode::Lazy => 2 * LAYERS,
    }
}

impl Series {
    /// Derives the series of several indicators, given by their values, in as few passes over the matrices as possible.
    ///
    /// # Errors
    /// [`Error::Cancelled`]; [`Error::BadInput`] if a result is not a finite number.
    pub(crate) fn derive(
        table: &Table,
        leontief: &Leontief,
        values: &[&[f64]],
        stage: &Stage<'_>,
    ) -> Result<Vec<Self>> {
        let n = table.labels.len();
        let stride = stride(&table.labels, leontief.mode());
        let mut all: Vec<Self> = values
            .iter()
            .map(|r| Self {
                total: vec![0.0; n],
                upstream: Vec::new(),
                foreign: vec![0.0; n],
                nodes_80: Vec::new(),
                rows: direct_rows(r, stride),
                stride,
                regions: table.labels.regions().len(),
            })
            .collect();
        if let Some(inverse) = leontief.full() {
            let groups = stage.part(0.0, 0.3);
            with_columns!(inverse, columns => group_sums(table, columns, values, &mut all, &groups))?;
        }
        let mut terms: Vec<Vec<f64>> = values.iter().map(|r| r.to_vec()).collect();
        let layers = stage.part(0.3, 0.7);
        for k in 1..=LAYERS {
            terms = rows_times(&terms, &table.coefficients, &layers.slice(k - 1, LAYERS))?;
            for (series, term) in all.iter_mut().zip(&terms) {
                series.put_layer(k, term);
            }
        }
        // The sum of all layers from the deepest on: t'L.
        let rest = stage.part(0.7, 0.8);
        let deepest = match leontief.full() {
            Some(inverse) => rows_times(&terms, inverse, &rest)?,
            None => neumann::rows(&table.coefficients, terms, &rest)?,
        };
        for (i, (series, deepest)) in all.iter_mut().zip(&deepest).enumerate() {
            series.add_up_residuals(deepest);
            if leontief.full().is_none() {
                series.total = values[i].iter().zip(&series.upstream).map(|(r, up)| r + up).collect();
                let stage = stage.part(0.8, 1.0).slice(i, values.len());
                series.foreign = foreign_sums(table, values[i], &stage)?;
            }
        }
        let finite = |series: &Self| series.total.iter().chain(&series.rows).all(|x| x.is_finite());
        if all.iter().all(finite) { Ok(all) } else { Err(Error::bad_whole("results are beyond the range of numbers")) }
    }

    /// Stores `t_k`, k = 1..=33, also at the place of `q_k`, which is later computed from it. `t_33` is not shown.
    fn put_layer(&mut self, k: usize, term: &[f64]) {
        for (row, &t) in self.rows.chunks_exact_mut(self.stride).zip(term) {
            if k < LAYERS {
                row[k] = t;
            }
            row[LAYERS + k - 1] = t;
        }
    }

    /// Replaces `t_1..t_33` with `q_1..q_33`, given `q_33`.
    fn add_up_residuals(&mut self, deepest: &[f64]) {
        for (row, &deepest) in self.rows.chunks_exact_mut(self.stride).zip(deepest) {
            row[2 * LAYERS - 1] = deepest;
            for k in (LAYERS..2 * LAYERS - 1).rev() {
                row[k] += row[k + 1];
            }
        }
        self.upstream = self.rows.chunks_exact(self.stride).map(|row| row[LAYERS]).collect();
    }

    fn row(&self, j: usize) -> &[f64] {
        &self.rows[j * self.stride..(j + 1) * self.stride]
    }

    /// Multipliers of all nodes.
    pub(crate) fn totals(&self) -> &[f64] {
        &self.total
    }

    /// Multipliers without the direct part, of all nodes.
    pub(crate) fn upstreams(&self) -> &[f64] {
        &self.upstream
    }

    /// Contributions of other regions, for all nodes.
    pub(crate) fn foreigns(&self) -> &[f64] {
        &self.foreign
    }

    /// `t_0..t_K` of node j.
    pub(crate) fn layers(&self, j: usize, deepest: usize) -> &[f64] {
        &self.row(j)[..=deepest]
    }

    /// `m'A^(K+1) e_j`.
    pub(crate) fn residual(&self, j: usize, deepest: usize) -> f64 {
        self.row(j)[LAYERS + deepest]
    }

    /// Contributions by region and by sector; empty in lazy mode.
    pub(crate) fn groups(&self, j: usize) -> (&[f64], &[f64]) {
        let groups = &self.row(j)[2 * LAYERS..];
        groups.split_at(self.regions.min(groups.len()))
    }

    /// The smallest number of nodes that contribute 80 %; `None` in lazy mode.
    pub(crate) fn nodes_80(&self, j: usize) -> Option<u32> {
        self.nodes_80.get(j).copied()
    }

    pub(crate) fn bytes(&self) -> u64 {
        ((self.total.len() * 3 + self.rows.len()) * 8 + self.nodes_80.len() * 4) as u64
    }
}

fn direct_rows(r: &[f64], stride: usize) -> Vec<f64> {
    let mut rows = vec![0.0; r.len() * stride];
    for (row, &r) in rows.chunks_exact_mut(stride).zip(r) {
        row[0] = r;
    }
    rows
}

/// Fills in the sums of contributions `r_i L_ij`: the total, by region, by sector, and of other regions, and the number
/// of nodes that contribute 80 %. Makes one pass over the inverse.
fn group_sums<T: Number>(
    table: &Table,
    inverse: &Columns<T>,
    values: &[&[f64]],
    all: &mut [Series],
    stage: &Stage<'_>,
) -> Result<()> {
    let nodes = table.labels.nodes();
    let mut contributions = vec![0.0; nodes.len()];
    each_column(inverse, stage, |j, column| {
        for (series, r) in all.iter_mut().zip(values) {
            for ((c, r), &l) in contributions.iter_mut().zip(*r).zip(column) {
                *c = r * l.into();
            }
            let row = &mut series.rows[j * series.stride..(j + 1) * series.stride];
            let (regions, sectors) = row[2 * LAYERS..].split_at_mut(series.regions);
            add_groups(nodes, &contributions, regions, sectors);
            let total = product::sum(&contributions);
            series.total[j] = total;
            series.foreign[j] = foreign_of(regions, nodes[j].0);
            series.nodes_80.push(fewest_reaching(MOST, total, &contributions));
        }
    })
}

/// Adds contributions to the sums of their regions and sectors.
pub(crate) fn add_groups(nodes: &[(u32, u32)], contributions: &[f64], regions: &mut [f64], sectors: &mut [f64]) {
    for (&(region, sector), &c) in nodes.iter().zip(contributions) {
        regions[region as usize] += c;
        sectors[sector as usize] += c;
    }
}

/// The sum over all regions except one. Adding the others, rather than subtracting one from the total, keeps a small
/// sum exact.
fn foreign_of(regions: &[f64], own: u32) -> f64 {
    let own = own as usize;
    regions[..own].iter().sum::<f64>() + regions[own + 1..].iter().sum::<f64>()
}

/// The contributions of other regions to each node, without the inverse: sums of the series for the indicator
/// restricted to each region.
fn foreign_sums(table: &Table, r: &[f64], stage: &Stage<'_>) -> Result<Vec<f64>> {
    let nodes = table.labels.nodes();
    let regions = table.labels.regions().len();
    let masked = Mat::from_fn(r.len(), regions, |i, region| if nodes[i].0 as usize == region { r[i] } else { 0.0 });
    let sums = neumann::many_rows(&table.coefficients, masked, stage)?;
    let sum_of_others = |j: usize| {
        let others = (0..regions).filter(|&region| region != nodes[j].0 as usize);
        others.map(|region| sums[(j, region)]).sum()
    };
    Ok((0..r.len()).map(sum_of_others).collect())
}
