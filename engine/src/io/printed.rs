//! Labels as they are printed and sorted in documents.

use super::labels::Labels;
use crate::json::json_string;

/// JSON strings of labels, and the ranks of regions, sectors and nodes in the order of their names (by bytes; nodes by
/// region, then sector).
#[derive(Debug)]
pub(crate) struct Printed {
    regions: Vec<Box<[u8]>>,
    sectors: Vec<Box<[u8]>>,
    region_rank: Vec<u32>,
    sector_rank: Vec<u32>,
    node_rank: Vec<u32>,
}

impl Printed {
    pub(crate) fn new(labels: &Labels) -> Self {
        let region_rank = ranks(labels.regions());
        let sector_rank = ranks(labels.sectors());
        let place = |&(r, s): &(u32, u32)| (region_rank[r as usize], sector_rank[s as usize]);
        let places: Vec<(u32, u32)> = labels.nodes().iter().map(place).collect();
        let node_rank = ranks(&places);
        Self {
            regions: labels.regions().iter().map(|name| quoted(name)).collect(),
            sectors: labels.sectors().iter().map(|name| quoted(name)).collect(),
            region_rank,
            sector_rank,
            node_rank,
        }
    }

    /// A region's name as a JSON string.
    pub(crate) fn region(&self, region: u32) -> &[u8] {
        &self.regions[region as usize]
    }

    /// A sector's name as a JSON string.
    pub(crate) fn sector(&self, sector: u32) -> &[u8] {
        &self.sectors[sector as usize]
    }

    pub(crate) fn region_rank(&self) -> &[u32] {
        &self.region_rank
    }

    pub(crate) fn sector_rank(&self) -> &[u32] {
        &self.sector_rank
    }

    pub(crate) fn node_rank(&self) -> &[u32] {
        &self.node_rank
    }

    pub(crate) fn bytes(&self) -> u64 {
        let names: usize = self.regions.iter().chain(&self.sectors).map(|name| name.len() + 20).sum();
        (names + self.node_rank.len() * 4) as u64
    }
}

fn ranks<T: Ord>(items: &[T]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..items.len() as u32).collect();
    order.sort_by(|&a, &b| items[a as usize].cmp(&items[b as usize]));
    let mut ranks = vec![0; items.len()];
    for (rank, &i) in (0..).zip(&order) {
        ranks[i as usize] = rank;
    }
    ranks
}

fn quoted(name: &str) -> Box<[u8]> {
    let mut text = Vec::with_capacity(name.len() + 2);
    json_string(name, &mut text);
    text.into()
}
