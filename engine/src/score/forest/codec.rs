//! The byte form of a forest: records, each beginning with its tag. All numbers are little-endian.
//!
//! | records | tag | content |
//! | --- | --- | --- |
//! | 1 | 1 | `u8` objective; `f64` steepness; `u32` features, groups, trees, nodes, sets, words; `f64` base of each group; `f64` divisor if bit 7 of the objective is set (version 2) |
//! | 1.. | 2 | names of features, each as `u16` length and bytes |
//! | 1.. | 3 | `u16` group of each tree |
//! | 0.. | 4 | `u32` end of each set of categories among the words |
//! | 0.. | 5 | `u32` words of the sets |
//! | 1.. | 6 | nodes of all trees, breadth first: `u8` form of the column, 0 for a leaf; then a leaf's `f64` value, or `u16` feature, `f64` threshold, `f64` mean |
//!
//! A writer puts the same number of items into every record of a tag, so any record can be written without the others.
//! A reader accepts any division between items. References between nodes are not written, because the order of the
//! nodes determines them ([`grow`](super::grow)).

mod decode;

pub(in super::super) use decode::Decoder;

use super::Forest;
use super::column::Form;

const HEADER: u8 = 1;
const NAMES: u8 = 2;
const GROUPS: u8 = 3;
const SETS: u8 = 4;
const WORDS: u8 = 5;
const NODES: u8 = 6;

/// The bit of the objective's code for a forest with a divisor.
const DIVIDED: u8 = 1 << 7;

/// Items in one record of each tag except the first: at most 60 KiB.
const CUTS: [(u8, usize); 5] = [(NAMES, 230), (GROUPS, 30_000), (SETS, 15_000), (WORDS, 15_000), (NODES, 3_200)];

impl Forest {
    /// All records, each at most 60 KiB.
    #[cfg(test)]
    pub(in super::super) fn encode(&self) -> Vec<Vec<u8>> {
        (0..self.records()).map(|index| self.record(index)).collect()
    }

    /// The number of records.
    pub(in super::super) fn records(&self) -> usize {
        1 + CUTS.iter().map(|&(tag, cut)| self.items(tag).div_ceil(cut)).sum::<usize>()
    }

    /// The record with this index; empty if there is none.
    pub(in super::super) fn record(&self, index: usize) -> Vec<u8> {
        let Some(mut index) = index.checked_sub(1) else { return self.header() };
        for (tag, cut) in CUTS {
            let items = self.items(tag);
            let records = items.div_ceil(cut);
            if index < records {
                let mut out = vec![tag];
                let (from, to) = (index * cut, items.min((index + 1) * cut));
                (from..to).for_each(|i| self.item(tag, i, &mut out));
                return out;
            }
            index -= records;
        }
        Vec::new()
    }

    fn header(&self) -> Vec<u8> {
        let mut out = vec![HEADER, self.objective.code()];
        out.extend_from_slice(&self.steepness.to_le_bytes());
        let counts = [
            self.features.len(),
            self.base.len(),
            self.group_of.len(),
            self.grown.nodes.len(),
            self.grown.sets.ends.len(),
            self.grown.sets.words.len(),
        ];
        counts.iter().for_each(|&count| out.extend_from_slice(&(count as u32).to_le_bytes()));
        self.base.iter().for_each(|base| out.extend_from_slice(&base.to_le_bytes()));
        if self.divisor != 1.0 {
            out[1] |= DIVIDED;
            out.extend_from_slice(&self.divisor.to_le_bytes());
        }
        out
    }

    /// The number of items with this tag.
    fn items(&self, tag: u8) -> usize {
        match tag {
            NAMES => self.features.len(),
            GROUPS => self.group_of.len(),
            SETS => self.grown.sets.ends.len(),
            WORDS => self.grown.sets.words.len(),
            _ => self.grown.nodes.len(),
        }
    }

    /// Writes one item.
    fn item(&self, tag: u8, i: usize, out: &mut Vec<u8>) {
        match tag {
            NAMES => {
                let name = self.features[i].as_bytes();
                out.extend_from_slice(&(name.len() as u16).to_le_bytes());
                out.extend_from_slice(name);
            }
            GROUPS => out.extend_from_slice(&self.group_of[i].to_le_bytes()),
            SETS => out.extend_from_slice(&self.grown.sets.ends[i].to_le_bytes()),
            WORDS => out.extend_from_slice(&self.grown.sets.words[i].to_le_bytes()),
            _ => {
                let node = &self.grown.nodes[i];
                let column = self.grown.columns[node.column()];
                out.push(column.form.code());
                if column.form != Form::Nothing {
                    out.extend_from_slice(&(column.feature as u16).to_le_bytes());
                    out.extend_from_slice(&node.threshold.to_le_bytes());
                }
                out.extend_from_slice(&self.grown.values[i].to_le_bytes());
            }
        }
    }
}
