//! The byte form of a forest: records, each beginning with its tag. All numbers are little-endian.
//!
//! | records | tag | content |
//! | --- | --- | --- |
//! | 1 | 1 | `u8` objective; `f64` steepness; `u32` features, groups, trees, nodes, sets, words; `f64` base of each group; `f64` divisor if bit 7 of the objective is set (version 2) |
//! | 1.. | 2 | names of features, each as `u16` length and bytes |
//! | 0.. | 19 | labels of classes, each as `u16` length and bytes |
//! | 1.. | 3 | `u16` group of each tree |
//! | 0.. | 4 | `u32` end of each set of categories among the words |
//! | 0.. | 5 | `u32` words of the sets |
//! | 1 | 16 | in place of tag 1 where that does not suffice: `u8` objective, `u8` flags ([`UNEXPLAINED`], [`SHARED`]); `f64` steepness, divisor; `u32` features, groups, trees, nodes, sets, words, linear leaves, terms, labels; `f64` base of each group |
//! | 1.. | 6 | nodes of all trees, breadth first: `u8` form of the column, 0 for a leaf; then a leaf's `f64` value, or `u16` feature, `f64` threshold, `f64` mean |
//! | 0.. | 17 | linear leaves: `u32` node, `u32` end of its terms among all, `f64` value if a feature is missing |
//! | 0.. | 18 | their terms: `u16` feature, `f64` weight |
//! | 0.. | 20 | for each node, if the header says so ([`SHARED`]): the `f32` share of its training rows that go to the first child |
//!
//! A writer puts the same number of items into every record of a tag, so any record can be written without the others.
//! A reader accepts any division between items. References between nodes are not written, because the order of the
//! nodes determines them ([`grow`](super::grow)).

mod decode;

pub(in super::super) use decode::Decoder;

use super::column::Form;
use super::grow::Grown;
use super::{Forest, Meaning};

const HEADER: u8 = 1;
const NAMES: u8 = 2;
const GROUPS: u8 = 3;
const SETS: u8 = 4;
const WORDS: u8 = 5;
const NODES: u8 = 6;
const WIDE_HEADER: u8 = 16;
const LINEAR: u8 = 17;
const TERMS: u8 = 18;
const LABELS: u8 = 19;
const SHARES: u8 = 20;

/// The code of the first objective that version 3 of the byte form does not have.
const FIRST_OF_VERSION_4: u8 = 70;

/// The flag of a forest without contributions.
const UNEXPLAINED: u8 = 1;

/// The flag of a forest that has the training rows of its nodes.
const SHARED: u8 = 2;

/// The bit of the objective's code for a forest with a divisor.
const DIVIDED: u8 = 1 << 7;

/// Items in one record of each tag except the first: at most 60 KiB.
const CUTS: [(u8, usize); 9] = [
    (NAMES, 230),
    (LABELS, 230),
    (GROUPS, 30_000),
    (SETS, 15_000),
    (WORDS, 15_000),
    (NODES, 3_200),
    (LINEAR, 3_800),
    (TERMS, 6_000),
    (SHARES, 15_000),
];

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

    /// Whether readers of version 2 of the byte form know everything that the forest has.
    pub(in super::super) fn is_plain(&self) -> bool {
        let Meaning { has_contributions, ref labels, .. } = self.meaning;
        let Grown { shares, linear, .. } = &self.grown;
        has_contributions && labels.is_empty() && shares.is_empty() && linear.is_empty()
    }

    /// Whether readers of version 3 of the byte form do not know the objective.
    pub(in super::super) fn has_new_objective(&self) -> bool {
        self.meaning.objective.code() >= FIRST_OF_VERSION_4
    }

    fn header(&self) -> Vec<u8> {
        let Meaning { objective, steepness, divisor, has_contributions, ref labels } = self.meaning;
        let has_shares = !self.grown.shares.is_empty();
        let is_wide = !self.is_plain();
        let mut out = vec![if is_wide { WIDE_HEADER } else { HEADER }, objective.code()];
        if is_wide {
            let unexplained = if has_contributions { 0 } else { UNEXPLAINED };
            out.push(unexplained | if has_shares { SHARED } else { 0 });
        }
        out.extend_from_slice(&steepness.to_le_bytes());
        if is_wide {
            out.extend_from_slice(&divisor.to_le_bytes());
        }
        let counts = [
            self.features.len(),
            self.base.len(),
            self.group_of.len(),
            self.grown.nodes.len(),
            self.grown.sets.ends.len(),
            self.grown.sets.words.len(),
            self.grown.linear.leaves.len(),
            self.grown.linear.terms.len(),
            labels.len(),
        ];
        let counts = if is_wide { &counts[..] } else { &counts[..6] };
        counts.iter().for_each(|&count| out.extend_from_slice(&(count as u32).to_le_bytes()));
        self.base.iter().for_each(|base| out.extend_from_slice(&base.to_le_bytes()));
        if !is_wide && divisor != 1.0 {
            out[1] |= DIVIDED;
            out.extend_from_slice(&divisor.to_le_bytes());
        }
        out
    }

    /// The number of items with this tag.
    fn items(&self, tag: u8) -> usize {
        match tag {
            NAMES => self.features.len(),
            LABELS => self.meaning.labels.len(),
            GROUPS => self.group_of.len(),
            SETS => self.grown.sets.ends.len(),
            WORDS => self.grown.sets.words.len(),
            LINEAR => self.grown.linear.leaves.len(),
            TERMS => self.grown.linear.terms.len(),
            SHARES => self.grown.shares.len(),
            _ => self.grown.nodes.len(),
        }
    }

    /// Writes one item.
    fn item(&self, tag: u8, i: usize, out: &mut Vec<u8>) {
        match tag {
            NAMES | LABELS => {
                let names = if tag == NAMES { &self.features[..] } else { &self.meaning.labels[..] };
                let name = names[i].as_bytes();
                out.extend_from_slice(&(name.len() as u16).to_le_bytes());
                out.extend_from_slice(name);
            }
            GROUPS => out.extend_from_slice(&self.group_of[i].to_le_bytes()),
            SETS => out.extend_from_slice(&self.grown.sets.ends[i].to_le_bytes()),
            WORDS => out.extend_from_slice(&self.grown.sets.words[i].to_le_bytes()),
            SHARES => out.extend_from_slice(&self.grown.shares[i].to_le_bytes()),
            LINEAR => {
                let leaf = &self.grown.linear.leaves[i];
                out.extend_from_slice(&leaf.node.to_le_bytes());
                out.extend_from_slice(&leaf.end.to_le_bytes());
                out.extend_from_slice(&leaf.if_missing.to_le_bytes());
            }
            TERMS => {
                let term = &self.grown.linear.terms[i];
                out.extend_from_slice(&(term.feature as u16).to_le_bytes());
                out.extend_from_slice(&term.weight.to_le_bytes());
            }
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
