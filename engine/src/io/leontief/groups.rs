//! Contributions of an indicator by group of nodes, for all nodes: by region and by sector, of other regions, and the
//! number of nodes that contribute most.

use super::matrix::{Columns, Matrix};
use super::number::Number;
use super::product::{self, each_column, with_columns};
use super::solver::Solver;
use crate::Result;
use crate::io::labels::Labels;
use crate::io::options::LeontiefMode;
use crate::io::select::fewest_reaching;
use crate::io::stage::Stage;
use crate::io::table::Table;

/// The share of the total to which `nodes_80` refers.
pub(crate) const MOST: f64 = 0.8;

/// Contributions by group, for all n nodes.
#[derive(Debug)]
pub(crate) struct Groups {
    /// The part of each multiplier that comes from other regions.
    foreign: Vec<f64>,
    /// Only with the inverse.
    sums: Option<Sums>,
}

#[derive(Debug)]
struct Sums {
    /// By node: contributions by region, then by sector.
    rows: Vec<f64>,
    stride: usize,
    regions: usize,
    /// The smallest number of nodes that contribute 80 %.
    nodes_80: Vec<u32>,
}

/// The groups of one node.
pub(crate) struct Group<'a> {
    /// Contributions by region.
    pub(crate) regions: &'a [f64],
    /// Contributions by sector.
    pub(crate) sectors: &'a [f64],
    /// The smallest number of nodes that contribute 80 %.
    pub(crate) nodes_80: u32,
}

/// Bytes of the groups of one indicator, including the memory needed while they are derived.
pub(crate) fn groups_bytes(labels: &Labels, mode: LeontiefMode) -> u64 {
    let (n, regions, sectors) = (labels.len(), labels.regions().len(), labels.sectors().len());
    let numbers = match mode {
        LeontiefMode::Full => regions + sectors + 2,
        LeontiefMode::Lazy => 3 * regions + 1,
    };
    (n * numbers * 8) as u64
}

impl Groups {
    /// The groups of several indicators, given by their values, in one pass over the inverse.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`].
    pub(crate) fn of_inverse(
        table: &Table,
        inverse: &Matrix,
        values: &[&[f64]],
        stage: &Stage<'_>,
    ) -> Result<Vec<Self>> {
        let labels = &table.labels;
        let (n, regions) = (labels.len(), labels.regions().len());
        let stride = regions + labels.sectors().len();
        let sums = || Sums { rows: vec![0.0; n * stride], stride, regions, nodes_80: Vec::with_capacity(n) };
        let mut all: Vec<(Vec<f64>, Sums)> = values.iter().map(|_| (Vec::with_capacity(n), sums())).collect();
        with_columns!(inverse, columns => add_columns(table, columns, values, &mut all, stage))?;
        Ok(all.into_iter().map(|(foreign, sums)| Self { foreign, sums: Some(sums) }).collect())
    }

    /// Without the inverse, only the contributions of other regions: the multipliers of the indicator restricted to
    /// each region.
    ///
    /// # Errors
    /// [`crate::Error::BadInput`] if they do not converge, [`crate::Error::Cancelled`].
    pub(crate) fn of_solver(table: &Table, solver: &Solver, r: &[f64], stage: &Stage<'_>) -> Result<Self> {
        let nodes = table.labels.nodes();
        let in_region = |region: u32| nodes.iter().zip(r).map(move |(node, &r)| if node.0 == region { r } else { 0.0 });
        let regions = 0..table.labels.regions().len() as u32;
        let masked = regions.clone().map(|region| in_region(region).collect()).collect();
        let sums = solver.rows(&table.coefficients, masked, stage)?;
        let sum_of_others = |j: usize| {
            let others = regions.clone().filter(|&region| region != nodes[j].0);
            others.map(|region| sums[region as usize][j]).sum()
        };
        Ok(Self { foreign: (0..r.len()).map(sum_of_others).collect(), sums: None })
    }

    /// Contributions of other regions, for all nodes.
    pub(crate) fn foreigns(&self) -> &[f64] {
        &self.foreign
    }

    /// The groups of node j; `None` if they were derived without the inverse.
    pub(crate) fn of(&self, j: usize) -> Option<Group<'_>> {
        let Sums { rows, stride, regions, nodes_80 } = self.sums.as_ref()?;
        let (regions, sectors) = rows[j * stride..(j + 1) * stride].split_at(*regions);
        Some(Group { regions, sectors, nodes_80: nodes_80[j] })
    }

    pub(crate) fn bytes(&self) -> u64 {
        let sums = self.sums.as_ref().map_or(0, |sums| sums.rows.len() * 8 + sums.nodes_80.len() * 4);
        (self.foreign.len() * 8 + sums) as u64
    }
}

/// Adds up the contributions `r_i L_ij` of each column.
fn add_columns<T: Number>(
    table: &Table,
    inverse: &Columns<T>,
    values: &[&[f64]],
    all: &mut [(Vec<f64>, Sums)],
    stage: &Stage<'_>,
) -> Result<()> {
    let nodes = table.labels.nodes();
    let mut contributions = vec![0.0; nodes.len()];
    each_column(inverse, stage, |j, column| {
        for ((foreign, sums), r) in all.iter_mut().zip(values) {
            for ((c, r), &l) in contributions.iter_mut().zip(*r).zip(column) {
                *c = r * l.into();
            }
            let row = &mut sums.rows[j * sums.stride..(j + 1) * sums.stride];
            let (regions, sectors) = row.split_at_mut(sums.regions);
            add_groups(nodes, &contributions, regions, sectors);
            foreign.push(foreign_of(regions, nodes[j].0));
            sums.nodes_80.push(fewest_reaching(MOST, product::sum(&contributions), &contributions));
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
pub(crate) fn foreign_of(regions: &[f64], own: u32) -> f64 {
    let own = own as usize;
    regions[..own].iter().sum::<f64>() + regions[own + 1..].iter().sum::<f64>()
}
