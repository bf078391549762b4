//! Reads a forest from its records. The records are not trusted: memory grows only with the data received, and
//! everything that the evaluation relies on is checked.

use super::super::column::{Column, FORMS, Form};
use super::super::grow::Growing;
use super::super::linear::{LinearLeaf, MAX_TERMS, Term};
use super::super::objective::Objective;
use super::super::sets::MAX_WORDS;
use super::super::{Forest, MAX_CLASSES, MAX_FEATURES, MAX_NAME, MAX_NODES, MAX_TREES, Meaning};
use super::{
    DIVIDED, GROUPS, HEADER, LABELS, LINEAR, NAMES, NODES, SETS, SHARED, SHARES, TERMS, UNEXPLAINED, WIDE_HEADER, WORDS,
};
use crate::{Error, Result};

/// A forest that is being read from records.
#[derive(Debug)]
pub(in super::super::super) struct Decoder {
    header: Option<Header>,
    features: Vec<Box<str>>,
    group_of: Vec<u16>,
    growing: Growing,
    shares: Vec<f32>,
}

#[derive(Debug)]
struct Header {
    meaning: Meaning,
    base: Vec<f64>,
    features: usize,
    trees: usize,
    nodes: usize,
    sets: usize,
    words: usize,
    leaves: usize,
    terms: usize,
    labels: usize,
    has_shares: bool,
}

impl Decoder {
    /// A decoder before the first record.
    pub(in super::super::super) fn new() -> Self {
        Self { header: None, features: Vec::new(), group_of: Vec::new(), growing: Growing::new(), shares: Vec::new() }
    }

    /// Reads the next record.
    ///
    /// # Errors
    /// [`Error::Corrupt`]; the decoder must not be used afterwards.
    pub(in super::super::super) fn push(&mut self, record: &[u8]) -> Result<()> {
        let (&tag, content) = record.split_first().ok_or(Error::Corrupt("a record is empty"))?;
        let is_header = self.header.is_none() && tag == WIDE_HEADER;
        if content.is_empty() || tag != self.part() && !is_header {
            return Err(Error::Corrupt("a record is out of order or empty"));
        }
        let mut reader = Reader(content);
        let Some(header) = &self.header else {
            self.header = Some(Header::read(&mut reader, is_header)?);
            return Ok(());
        };
        if tag == NODES {
            self.growing.expect(header.nodes);
        }
        while !reader.0.is_empty() {
            if self.part() != tag {
                return Err(Error::Corrupt("there is more in a record than announced"));
            }
            match tag {
                NAMES => self.features.push(reader.name()?.into()),
                LABELS => self.push_label(reader.name()?),
                GROUPS => self.group_of.push(u16::from_le_bytes(reader.take()?)),
                SETS => self.push_set(u32::from_le_bytes(reader.take()?))?,
                WORDS => self.growing.sets().words.push(u32::from_le_bytes(reader.take()?)),
                LINEAR => {
                    let node = u32::from_le_bytes(reader.take()?);
                    let end = u32::from_le_bytes(reader.take()?);
                    let leaf = LinearLeaf { node, end, if_missing: reader.number()? };
                    self.growing.make_linear(leaf).map_err(Error::Corrupt)?;
                }
                SHARES => {
                    let share = f32::from_le_bytes(reader.take()?);
                    if !(0.0..=1.0).contains(&share) {
                        return Err(Error::Corrupt("a share of training rows is out of range"));
                    }
                    self.shares.push(share);
                }
                TERMS => {
                    let feature = u32::from(u16::from_le_bytes(reader.take()?));
                    let term = Term { feature, weight: reader.number()? };
                    self.growing.linear().add_term(term).map_err(Error::Corrupt)?;
                }
                _ => self.push_node(&mut reader)?,
            }
        }
        Ok(())
    }

    /// Returns the forest, after every record was read.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when records are missing or contradict each other.
    pub(in super::super::super) fn finish(self) -> Result<Forest> {
        let is_whole = self.part() == 0;
        let header = self.header.filter(|_| is_whole).ok_or(Error::Corrupt("records are missing"))?;
        let mut grown = self.growing.finish().map_err(Error::Corrupt)?;
        // The nodes were added without shares.
        grown.shares = self.shares;
        Forest::assemble(header.meaning, self.features, header.base, self.group_of, grown).map_err(Error::Corrupt)
    }

    /// Bytes of memory in use.
    pub(in super::super::super) fn bytes(&self) -> u64 {
        let names: usize = self.features.iter().map(|name| name.len() + size_of::<Box<str>>()).sum();
        let labels = self.header.as_ref().map_or(&[][..], |header| &header.meaning.labels[..]);
        let labels: usize = labels.iter().map(|label| label.len() + size_of::<Box<str>>()).sum();
        (names + labels + self.group_of.capacity() * 2 + self.shares.capacity() * 4) as u64 + self.growing.bytes()
    }

    /// The tag of the next record; 0 at the end.
    fn part(&self) -> u8 {
        let Some(header) = &self.header else { return HEADER };
        let grown = self.growing.grown();
        let parts = [
            (NAMES, self.features.len(), header.features),
            (LABELS, header.meaning.labels.len(), header.labels),
            (GROUPS, self.group_of.len(), header.trees),
            (SETS, grown.sets.ends.len(), header.sets),
            (WORDS, grown.sets.words.len(), header.words),
            (NODES, grown.nodes.len(), header.nodes),
            (LINEAR, grown.linear.leaves.len(), header.leaves),
            (TERMS, grown.linear.terms.len(), header.terms),
            (SHARES, self.shares.len(), if header.has_shares { header.nodes } else { 0 }),
        ];
        parts.into_iter().find(|(_, arrived, announced)| arrived < announced).map_or(0, |(tag, ..)| tag)
    }

    fn push_label(&mut self, label: &str) {
        if let Some(header) = &mut self.header {
            header.meaning.labels.push(label.into());
        }
    }

    /// Reads the end of a set; the last set must end with the words.
    fn push_set(&mut self, end: u32) -> Result<()> {
        let header = self.header.as_ref().ok_or(Error::Corrupt("records are missing"))?;
        let ends = &mut self.growing.sets().ends;
        let is_last = ends.len() + 1 == header.sets;
        let fits = if is_last { end as usize == header.words } else { end as usize <= header.words };
        if !fits || ends.last().is_some_and(|&last| last > end) {
            return Err(Error::Corrupt("a set of categories ends where it cannot"));
        }
        ends.push(end);
        Ok(())
    }

    fn push_node(&mut self, reader: &mut Reader<'_>) -> Result<()> {
        let [form] = reader.take()?;
        let form = *FORMS.get(usize::from(form)).ok_or(Error::Corrupt("the form of a column is unknown"))?;
        let pushed = if form == Form::Nothing {
            self.growing.leaf(reader.number()?)
        } else {
            let feature = u32::from(u16::from_le_bytes(reader.take()?));
            if feature as usize >= self.features.len() {
                return Err(Error::Corrupt("a node uses a feature that does not exist"));
            }
            let (threshold, mean) = (reader.number()?, reader.number()?);
            self.growing.split(Column { feature, form }, threshold, mean, f32::NAN)
        };
        pushed.map_err(Error::Corrupt)
    }
}

impl Header {
    fn read(reader: &mut Reader<'_>, is_wide: bool) -> Result<Self> {
        let [code] = reader.take()?;
        let [flags] = if is_wide { reader.take()? } else { [0] };
        if flags & !(UNEXPLAINED | SHARED) != 0 {
            return Err(Error::Corrupt("the header has an unknown flag"));
        }
        let is_divided = !is_wide && code & DIVIDED != 0;
        let code = if is_divided { code & !DIVIDED } else { code };
        let objective = Objective::coded(code).ok_or(Error::Corrupt("the objective is unknown"))?;
        let mut meaning = Meaning { has_contributions: flags & UNEXPLAINED == 0, ..Meaning::of(objective) };
        meaning.steepness = reader.number()?;
        if is_wide {
            meaning.divisor = reader.number()?;
        }
        let features = reader.count(1, MAX_FEATURES)?;
        let groups = reader.count(1, MAX_CLASSES)?;
        let trees = reader.count(1, MAX_TREES)?;
        let nodes = reader.count(1, MAX_NODES)?;
        let sets = reader.count(0, MAX_NODES)?;
        let words = reader.count(0, if sets > 0 { MAX_WORDS } else { 0 })?;
        let leaves = if is_wide { reader.count(0, nodes)? } else { 0 };
        let terms = if is_wide { reader.count(0, if leaves > 0 { MAX_TERMS } else { 0 })? } else { 0 };
        let labels = if is_wide { reader.count(0, MAX_CLASSES)? } else { 0 };
        let mut base = Vec::new();
        for _ in 0..groups {
            base.push(reader.number()?);
        }
        if is_divided {
            meaning.divisor = reader.number()?;
        }
        if !reader.0.is_empty() || base.iter().any(|base| !base.is_finite()) {
            return Err(Error::Corrupt("the header has another length, or a base that is not finite"));
        }
        Ok(Self {
            meaning,
            base,
            features,
            trees,
            nodes,
            sets,
            words,
            leaves,
            terms,
            labels,
            has_shares: flags & SHARED != 0,
        })
    }
}

/// The bytes that are not yet read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk::<N>().ok_or(Error::Corrupt("a record is too short"))?;
        self.0 = rest;
        Ok(*bytes)
    }

    fn number(&mut self) -> Result<f64> {
        Ok(f64::from_le_bytes(self.take()?))
    }

    fn count(&mut self, least: usize, most: usize) -> Result<usize> {
        let count = u32::from_le_bytes(self.take()?) as usize;
        if (least..=most).contains(&count) { Ok(count) } else { Err(Error::Corrupt("a count is out of range")) }
    }

    fn name(&mut self) -> Result<&'a str> {
        let length = usize::from(u16::from_le_bytes(self.take()?));
        let (name, rest) = self.0.split_at_checked(length).ok_or(Error::Corrupt("a name is too short"))?;
        self.0 = rest;
        let name = std::str::from_utf8(name).ok().filter(|name| name.len() <= MAX_NAME);
        name.ok_or(Error::Corrupt("a name is not UTF-8 or too long"))
    }
}
