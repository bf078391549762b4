//! Names of regions, sectors and nodes.

use std::collections::HashMap;

use foldhash::quality::RandomState;

use crate::{Error, Result};

/// Numbers by name. The default hasher of the standard library takes longer than the rest of a lookup.
pub(super) type Names = HashMap<Box<str>, u32, RandomState>;

/// The longest name of a region or a sector, in bytes.
pub const MAX_NAME: usize = 512;

/// The maximum number of nodes of a table: a matrix of this size takes 8 GiB.
pub const MAX_NODES: usize = 32_768;

/// The nodes of a table in the order of the table, and indexes that map names to nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    regions: Vec<Box<str>>,
    sectors: Vec<Box<str>>,
    nodes: Vec<(u32, u32)>,
    region_index: Names,
    sector_index: Names,
    node_index: HashMap<(u32, u32), u32, RandomState>,
}

impl Labels {
    /// Creates labels from nodes given as `(region, sector)`, in order. Regions and sectors are numbered by first
    /// occurrence.
    ///
    /// # Errors
    /// `Err(i)` if node `i` has an empty name, is a duplicate or exceeds [`MAX_NODES`].
    pub fn new<'a>(nodes: impl IntoIterator<Item = (&'a str, &'a str)>) -> std::result::Result<Self, usize> {
        let mut labels = Self {
            regions: Vec::new(),
            sectors: Vec::new(),
            nodes: Vec::new(),
            region_index: HashMap::default(),
            sector_index: HashMap::default(),
            node_index: HashMap::default(),
        };
        for (i, (region, sector)) in nodes.into_iter().enumerate() {
            if region.is_empty() || sector.is_empty() || i >= MAX_NODES {
                return Err(i);
            }
            let r = intern(region, &mut labels.regions, &mut labels.region_index);
            let s = intern(sector, &mut labels.sectors, &mut labels.sector_index);
            if labels.node_index.insert((r, s), i as u32).is_some() {
                return Err(i);
            }
            labels.nodes.push((r, s));
        }
        Ok(labels)
    }

    /// The number of nodes.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are no nodes.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Regions in the order of the table.
    pub fn regions(&self) -> &[Box<str>] {
        &self.regions
    }

    /// Sectors in the order of the table.
    pub fn sectors(&self) -> &[Box<str>] {
        &self.sectors
    }

    /// The region number and sector number of every node.
    pub fn nodes(&self) -> &[(u32, u32)] {
        &self.nodes
    }

    /// Region and sector of node `i`.
    ///
    /// # Panics
    /// If there is no such node.
    pub fn names(&self, i: usize) -> (&str, &str) {
        let (r, s) = self.nodes[i];
        (&self.regions[r as usize], &self.sectors[s as usize])
    }

    /// The number of a region.
    pub fn region(&self, name: &[u8]) -> Option<u32> {
        self.region_index.get(std::str::from_utf8(name).ok()?).copied()
    }

    /// The number of a sector.
    pub fn sector(&self, name: &[u8]) -> Option<u32> {
        self.sector_index.get(std::str::from_utf8(name).ok()?).copied()
    }

    /// The number of a node.
    ///
    /// # Errors
    /// [`Error::NoSubject`], which states which of the two names is unknown.
    pub fn node(&self, region: &[u8], sector: &[u8]) -> Result<usize> {
        let r = self.region(region).ok_or(Error::NoSubject("unknown region, see MODEL.LABELS key REGIONS"))?;
        let s = self.sector(sector).ok_or(Error::NoSubject("unknown sector, see MODEL.LABELS key SECTORS"))?;
        let node = self.node_at(r, s);
        node.map(|i| i as usize).ok_or(Error::NoSubject("the region has no such sector, see MODEL.LABELS key NODES"))
    }

    /// The node with this region number and sector number.
    pub(crate) fn node_at(&self, region: u32, sector: u32) -> Option<u32> {
        self.node_index.get(&(region, sector)).copied()
    }

    /// The approximate size in memory, in bytes.
    pub fn bytes(&self) -> u64 {
        let names: usize = self.regions.iter().chain(&self.sectors).map(|name| 2 * name.len() + 64).sum();
        (names + self.nodes.len() * 32) as u64
    }
}

/// The number of a name; a new name gets the next number.
pub(super) fn intern(name: &str, names: &mut Vec<Box<str>>, index: &mut Names) -> u32 {
    if let Some(&number) = index.get(name) {
        return number;
    }
    let number = names.len() as u32;
    names.push(name.into());
    index.insert(name.into(), number);
    number
}
