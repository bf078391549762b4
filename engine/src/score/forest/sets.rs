//! Sets of categories, which splits compare with, and their masks.

use super::column::MASKED;
use super::{MAX_NODES, Refused};

/// Maximum number of words of all sets of categories.
pub(super) const MAX_WORDS: usize = 10_000_000;

/// Sets of categories, as bit sets.
#[derive(Debug, Default)]
pub(super) struct Sets {
    /// The end of each set in `words`.
    pub(super) ends: Vec<u32>,
    pub(super) words: Vec<u32>,
}

impl Sets {
    /// Adds a set and returns its number.
    pub(super) fn add(&mut self, words: &[u32]) -> Result<u32, Refused> {
        if self.words.len() + words.len() > MAX_WORDS || self.ends.len() >= MAX_NODES {
            return Err("the sets of categories have more than 10 million words");
        }
        self.words.extend_from_slice(words);
        self.ends.push(self.words.len() as u32);
        Ok(self.ends.len() as u32 - 1)
    }

    /// Drops all sets after the first `count`.
    pub(super) fn truncate(&mut self, count: usize) {
        self.ends.truncate(count);
        self.words.truncate(self.ends.last().map_or(0, |&end| end as usize));
    }

    /// For each node its set as bits, 0 for one without a set. Empty if there are no sets, or one that has a category from
    /// [`MASKED`] on.
    pub(super) fn masks(&self, nodes: impl Iterator<Item = Option<usize>>) -> Vec<u64> {
        // Once for each set: splits may share them.
        let of_sets: Option<Vec<u64>> = (0..self.ends.len()).map(|set| self.mask(set)).collect();
        match of_sets.filter(|of_sets| !of_sets.is_empty()) {
            Some(of_sets) => nodes.map(|set| set.map_or(0, |set| of_sets[set])).collect(),
            None => Vec::new(),
        }
    }

    /// The set as bits, if it has no category from [`MASKED`] on.
    fn mask(&self, set: usize) -> Option<u64> {
        let start = set.checked_sub(1).map_or(0, |before| self.ends[before]);
        let words = &self.words[start as usize..self.ends[set] as usize];
        let (first, rest) = words.split_at(words.len().min(2));
        let mask = first.iter().rev().fold(0, |mask, &word| mask << 32 | u64::from(word));
        (mask >> MASKED == 0 && rest.iter().all(|&word| word == 0)).then_some(mask)
    }

    /// Whether the set contains the category of `x`: its integer part, as in `LightGBM`.
    pub(super) fn has(&self, set: f64, x: f64) -> bool {
        // Numbers above -1 have an integer part of 0 or more. A number that does not fit into an i32 is not a category;
        // neither is NaN.
        if !(x > -1.0 && x < 2_147_483_648.0) {
            return false;
        }
        let (set, category) = (set as usize, x as usize);
        let start = if set == 0 { 0 } else { self.ends[set - 1] };
        let words = &self.words[start as usize..self.ends[set] as usize];
        words.get(category / 32).is_some_and(|word| word >> (category % 32) & 1 != 0)
    }

    /// Bytes of memory in use.
    pub(super) fn bytes(&self) -> usize {
        (self.ends.capacity() + self.words.capacity()) * 4
    }
}
