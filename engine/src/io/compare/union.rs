//! The labels of two tables together, each with its number in both.

use crate::io::labels::Labels;
use crate::io::printed::Printed;

/// A label and its number in each of two tables; `None` where a table lacks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shared<K> {
    pub(super) name: K,
    pub(super) numbers: [Option<u32>; 2],
}

/// The labels of two tables, sorted by name (by bytes; nodes by region, then sector). The order does not depend on which
/// table is first.
pub(super) struct Union<'a> {
    pub(super) regions: Vec<Shared<&'a str>>,
    pub(super) sectors: Vec<Shared<&'a str>>,
    /// Names are region and sector.
    pub(super) nodes: Vec<Shared<(&'a str, &'a str)>>,
}

impl<'a> Union<'a> {
    pub(super) fn new(tables: [(&'a Labels, &'a Printed); 2]) -> Self {
        let regions = tables.map(|(labels, printed)| sorted(printed.region_rank(), |i| &*labels.regions()[i]));
        let sectors = tables.map(|(labels, printed)| sorted(printed.sector_rank(), |i| &*labels.sectors()[i]));
        let nodes = tables.map(|(labels, printed)| sorted(printed.node_rank(), |i| labels.names(i)));
        Self { regions: merge(&regions), sectors: merge(&sectors), nodes: merge(&nodes) }
    }

    /// Sums of one value per node, by region and by sector.
    pub(super) fn sums(&self, labels: [&Labels; 2], values: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let places = [0, 1].map(|side| {
            (
                places(&self.regions, side, labels[side].regions().len()),
                places(&self.sectors, side, labels[side].sectors().len()),
            )
        });
        let (mut regions, mut sectors) = (vec![0.0; self.regions.len()], vec![0.0; self.sectors.len()]);
        for (node, value) in self.nodes.iter().zip(values) {
            let found = (0..2).find_map(|side| Some((side, node.numbers[side]?)));
            let Some((side, i)) = found else { continue };
            let (region, sector) = labels[side].nodes()[i as usize];
            regions[places[side].0[region as usize]] += value;
            sectors[places[side].1[sector as usize]] += value;
        }
        (regions, sectors)
    }
}

/// Names with their numbers, in the order of the ranks.
fn sorted<K>(rank: &[u32], name: impl Fn(usize) -> K) -> Vec<(K, u32)> {
    let mut order = vec![0; rank.len()];
    for (i, &rank) in (0..).zip(rank) {
        order[rank as usize] = i;
    }
    order.into_iter().map(|i: u32| (name(i as usize), i)).collect()
}

/// Merges two lists that are sorted by name.
fn merge<K: Ord + Copy>([a, b]: &[Vec<(K, u32)>; 2]) -> Vec<Shared<K>> {
    let mut merged = Vec::with_capacity(a.len().max(b.len()));
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    loop {
        let name = match (a.peek(), b.peek()) {
            (Some((a, _)), Some((b, _))) => *a.min(b),
            (Some((name, _)), None) | (None, Some((name, _))) => *name,
            (None, None) => return merged,
        };
        let numbers = [a.next_if(|item| item.0 == name), b.next_if(|item| item.0 == name)];
        merged.push(Shared { name, numbers: numbers.map(|item| item.map(|item| item.1)) });
    }
}

/// The place in the list of each label of one table, by its number there.
fn places<K>(list: &[Shared<K>], side: usize, len: usize) -> Vec<usize> {
    let mut places = vec![0; len];
    for (place, label) in list.iter().enumerate() {
        if let Some(number) = label.numbers[side] {
            places[number as usize] = place;
        }
    }
    places
}
