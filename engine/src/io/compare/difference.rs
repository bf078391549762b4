//! The figures of one node in two tables, and their difference.

use super::union::Union;
use crate::io::assess::{Assessment, Basis, Item};
use crate::io::select::Top;
use crate::{Error, Progress, Result};

/// One node in two tables. Differences are those of the second table minus those of the first. Lists are sorted by
/// size, largest first, ties by label, and hold at most `top` items; items refer to the labels of the union.
pub(super) struct Comparison<'a> {
    /// Region and sector of the node.
    pub(super) subject: (&'a str, &'a str),
    /// The figures in both tables.
    pub(super) figures: [Assessment<'a>; 2],
    pub(super) union: Union<'a>,
    /// The difference of the totals.
    pub(super) difference: f64,
    pub(super) by_region: Vec<Item>,
    pub(super) by_sector: Vec<Item>,
    pub(super) contributors: Vec<Item>,
    pub(super) suppliers: Vec<Item>,
    /// The part of the difference that comes from the indicator.
    pub(super) of_indicator: f64,
    /// The part of the difference that comes from the structure.
    pub(super) of_structure: f64,
}

impl Comparison<'_> {
    /// A difference as a share of the total in the first table; `None` if that total is 0 or its contributions have both
    /// signs.
    pub(super) fn share(&self, difference: f64) -> Option<f64> {
        self.figures[0].ratio(difference).filter(|share| share.is_finite())
    }
}

/// Compares the nodes `nodes` of two tables.
///
/// # Errors
/// [`Error::BadInput`] if a column solved on demand does not converge or results are beyond the range of numbers,
/// [`Error::Cancelled`].
pub(super) fn compare<'a>(
    bases: &[Basis<'a>; 2],
    nodes: [usize; 2],
    top: usize,
    progress: &Progress,
) -> Result<Comparison<'a>> {
    let [a, b] = bases;
    let column = |basis: &Basis<'_>, j: usize| -> Result<Vec<f64>> {
        Ok(basis.leontief.solver.column(&basis.table.coefficients, j, progress)?.numbers())
    };
    let figures = [a.figures(nodes[0], progress)?, b.figures(nodes[1], progress)?];
    let columns = [column(a, nodes[0])?, column(b, nodes[1])?];
    let by_supplier = [a.suppliers(nodes[0]), b.suppliers(nodes[1])];
    let labels = [&a.table.labels, &b.table.labels];
    let union = Union::new([(labels[0], a.printed), (labels[1], b.printed)]);

    let (mut of_indicator, mut of_structure) = (0.0, 0.0);
    let mut contributions = Vec::with_capacity(union.nodes.len());
    let mut suppliers = Vec::with_capacity(union.nodes.len());
    for node in &union.nodes {
        // The number of this node in one of the tables; 0 if the table lacks the node.
        let at = |side: usize, numbers: &[f64]| node.numbers[side].map_or(0.0, |i| numbers[i as usize]);
        let (r_a, r_b) = (at(0, a.values), at(1, b.values));
        let (l_a, l_b) = (at(0, &columns[0]), at(1, &columns[1]));
        of_indicator += (r_b - r_a) * ((l_a + l_b) / 2.0);
        of_structure += (r_a / 2.0 + r_b / 2.0) * (l_b - l_a);
        contributions.push(r_b * l_b - r_a * l_a + 0.0);
        suppliers.push(at(1, &by_supplier[1]) - at(0, &by_supplier[0]) + 0.0);
    }
    let (regions, sectors) = union.sums(labels, &contributions);
    let difference = figures[1].total - figures[0].total;
    let sums = [difference, of_indicator, of_structure];
    let lists = [&contributions, &suppliers, &regions, &sectors];
    if !sums.iter().chain(lists.into_iter().flatten()).all(|x| x.is_finite()) {
        return Err(Error::bad_whole("results are beyond the range of numbers"));
    }
    // Labels of the union are sorted, so the place of a label is its rank.
    let rank: Vec<u32> = (0..union.nodes.len() as u32).collect();
    let by_size = |values: &[f64]| Top::new(top, &rank[..values.len()]).by_size(values);
    Ok(Comparison {
        subject: labels[0].names(nodes[0]),
        difference,
        by_region: by_size(&regions),
        by_sector: by_size(&sectors),
        contributors: by_size(&contributions),
        suppliers: by_size(&suppliers),
        of_indicator,
        of_structure,
        figures,
        union,
    })
}
