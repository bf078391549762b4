//! Decoding a model from its frames. The input is not trusted: memory grows with the data received, not with announced
//! counts, and everything that a model depends on is checked.

use std::collections::HashSet;

use super::super::demand::{FinalDemand, MAX_COLUMNS};
use super::super::indicator::Indicator;
use super::super::labels::{Labels, MAX_NODES};
use super::super::model::{self, IoModel};
use super::super::options::{Format, LeontiefMode, Precision};
use super::super::table::{OutputSource, Table};
use super::gathering::Gathering;
use super::{
    COLUMNS, DEMAND, DEMAND_COUNTS, FORMATS, HEADER, INDICATOR, MODES, NODES, OUTPUT, PAIRS, PRECISIONS, SOURCES, TEXT,
    WITH_DEMAND, Wire,
};
use crate::io::leontief::matrix::Matrix;
use crate::{Error, Result};

/// An input-output model that is being decoded.
#[derive(Debug)]
pub struct IoDecoder {
    header: Header,
    part: Part,
    text: Vec<u8>,
    labels: Option<Labels>,
    warnings: Vec<String>,
    output: Option<Vec<f64>>,
    coefficients: Gathering,
    nonzeros: u64,
    /// Names of purchasing regions and of categories.
    demand_names: [Vec<Box<str>>; 2],
    pairs: Vec<(u32, u32)>,
    demand: Gathering,
    /// The sum of the absolute values of the columns of final demand received.
    demand_size: f64,
    indicators: Vec<Indicator>,
    names: HashSet<Box<str>>,
}

#[derive(Debug)]
struct Header {
    nodes: usize,
    regions: usize,
    sectors: usize,
    precision: Precision,
    format: Format,
    source: OutputSource,
    leontief: Option<LeontiefMode>,
    has_output: bool,
    warnings: usize,
    indicators: usize,
    text: u64,
    /// Purchasing regions, categories and columns of final demand.
    demand: [usize; 3],
}

/// The content of the next frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Text,
    Nodes,
    Output,
    Columns,
    Pairs,
    Demand,
    Indicators,
}

impl IoDecoder {
    /// Reads the first frame, without its preamble, which has the version.
    ///
    /// # Errors
    /// [`Error::Corrupt`].
    pub fn begin(version: u8, frame: &[u8]) -> Result<Self> {
        let header = Header::read(version, frame)?;
        let n = header.nodes;
        let coefficients = Gathering::new(header.precision, n, n);
        let [.., columns] = header.demand;
        let demand = Gathering::new(header.precision, n, columns);
        Ok(Self {
            header,
            part: Part::Text,
            text: Vec::new(),
            labels: None,
            warnings: Vec::new(),
            output: None,
            coefficients,
            nonzeros: 0,
            demand_names: Default::default(),
            pairs: Vec::new(),
            demand,
            demand_size: 0.0,
            indicators: Vec::new(),
            names: HashSet::new(),
        })
    }

    /// Reads the next frame.
    ///
    /// # Errors
    /// [`Error::Corrupt`]; the decoder must not be used after an error.
    pub fn push(&mut self, frame: &[u8]) -> Result<()> {
        let (&tag, content) = frame.split_first().ok_or(Error::Corrupt("a frame is empty"))?;
        match (self.part, tag) {
            (Part::Text, TEXT) => self.push_text(content),
            (Part::Nodes, NODES) => self.push_nodes(content),
            (Part::Output, OUTPUT) => self.push_output(content),
            (Part::Columns, COLUMNS) => self.push_columns(content),
            (Part::Pairs, PAIRS) => self.push_pairs(content),
            (Part::Demand, DEMAND) => self.push_demand(content),
            (Part::Indicators, INDICATOR) => self.push_indicator(content),
            _ => Err(Error::Corrupt("a frame is out of order")),
        }
    }

    /// The model, after all frames were received.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if frames are missing.
    pub fn finish(self) -> Result<IoModel> {
        let missing = Error::Corrupt("frames are missing");
        if self.part != Part::Indicators || self.indicators.len() != self.header.indicators {
            return Err(missing);
        }
        let demand = match self.pairs.is_empty() {
            true => None,
            false => Some(of_names(&self.demand_names, &self.pairs, self.demand.finish(), self.demand_size)?),
        };
        let table = Table {
            labels: self.labels.ok_or(missing)?,
            coefficients: self.coefficients.finish(),
            output: self.output,
            demand,
            format: self.header.format,
            output_source: self.header.source,
            leontief: self.header.leontief,
            warnings: self.warnings,
        };
        Ok(IoModel::assembled(table, self.nonzeros, self.indicators))
    }

    /// The size in memory, in bytes.
    pub fn bytes(&self) -> u64 {
        let columns = self.coefficients.bytes() + self.demand.bytes() + self.pairs.capacity() * 8;
        let names: usize = self.demand_names.iter().flatten().map(|name| name.len() + 24).sum();
        let vectors = self.indicators.len() + usize::from(self.output.is_some());
        let labels = self.labels.as_ref().map_or(0, Labels::bytes);
        (self.text.capacity() + names + columns + vectors * self.header.nodes * 8) as u64 + labels
    }

    fn push_text(&mut self, content: &[u8]) -> Result<()> {
        let length = self.text.len() as u64 + content.len() as u64;
        if content.is_empty() || length > self.header.text {
            return Err(Error::Corrupt("the text has another length than announced"));
        }
        self.text.extend_from_slice(content);
        if length == self.header.text {
            self.part = Part::Nodes;
        }
        Ok(())
    }

    fn push_nodes(&mut self, content: &[u8]) -> Result<()> {
        let pairs = pairs(content, self.header.nodes)?;
        let text = std::mem::take(&mut self.text);
        let mut reader = Reader(&text);
        let regions = reader.texts(self.header.regions)?;
        let sectors = reader.texts(self.header.sectors)?;
        for warning in reader.texts(self.header.warnings)? {
            if !warning.is_ascii() {
                return Err(Error::Corrupt("a warning is not ASCII"));
            }
            self.warnings.push(warning.to_owned());
        }
        let [purchasing, categories, _] = self.header.demand;
        for (names, count) in self.demand_names.iter_mut().zip([purchasing, categories]) {
            names.extend(reader.texts(count)?.into_iter().map(Box::<str>::from));
        }
        if !reader.0.is_empty() {
            return Err(Error::Corrupt("there is more text than announced"));
        }
        let mut names = Vec::with_capacity(pairs.len());
        for (region, sector) in pairs {
            let (region, sector) = (regions.get(region as usize), sectors.get(sector as usize));
            names.push(region.copied().zip(sector.copied()).ok_or(Error::Corrupt("a node has no name"))?);
        }
        let labels = Labels::new(names).map_err(|_| Error::Corrupt("a node occurs twice or has no name"))?;
        // The order of the nodes determines all numbers. Other numbers, or names without a node, cannot come from the
        // encoder.
        let same =
            |expected: &[Box<str>], received: &[&str]| expected.iter().map(AsRef::as_ref).eq(received.iter().copied());
        if !same(labels.regions(), &regions) || !same(labels.sectors(), &sectors) {
            return Err(Error::Corrupt("names are not in the order of the nodes"));
        }
        self.labels = Some(labels);
        self.part = if self.header.has_output { Part::Output } else { Part::Columns };
        Ok(())
    }

    fn push_output(&mut self, content: &[u8]) -> Result<()> {
        let output = vector(content, self.header.nodes)?;
        self.output = Some(output);
        self.part = Part::Columns;
        Ok(())
    }

    fn push_columns(&mut self, content: &[u8]) -> Result<()> {
        let (nonzeros, complete) = self.coefficients.push(content)?;
        self.nonzeros += nonzeros;
        if complete {
            let [.., columns] = self.header.demand;
            self.part = if columns > 0 { Part::Pairs } else { Part::Indicators };
        }
        Ok(())
    }

    fn push_pairs(&mut self, content: &[u8]) -> Result<()> {
        let [.., columns] = self.header.demand;
        self.pairs = pairs(content, columns)?;
        self.part = Part::Demand;
        Ok(())
    }

    fn push_demand(&mut self, content: &[u8]) -> Result<()> {
        let (_, complete) = self.demand.push(content)?;
        self.demand_size = self.demand.added_size(self.demand_size, content);
        if complete {
            self.part = Part::Indicators;
        }
        Ok(())
    }

    fn push_indicator(&mut self, content: &[u8]) -> Result<()> {
        if self.indicators.len() == self.header.indicators {
            return Err(Error::Corrupt("there are more indicators than announced"));
        }
        let mut reader = Reader(content);
        let (name, unit) = (reader.text()?, reader.text()?);
        let values = signed(reader.0, self.header.nodes)?;
        let indicator = Indicator { name: name.into(), unit: unit.into(), values };
        model::check(&indicator, self.header.nodes).map_err(|_| Error::Corrupt("an indicator is not usable"))?;
        if !self.names.insert(indicator.name.clone()) {
            return Err(Error::Corrupt("an indicator occurs twice"));
        }
        self.indicators.push(indicator);
        Ok(())
    }
}

impl Header {
    fn read(version: u8, frame: &[u8]) -> Result<Self> {
        let has_demand = version >= WITH_DEMAND;
        if frame.len() != HEADER + if has_demand { DEMAND_COUNTS } else { 0 } {
            return Err(Error::Corrupt("the header has another length"));
        }
        let mut reader = Reader(frame);
        let header = Self {
            nodes: reader.count()?,
            regions: reader.count()?,
            sectors: reader.count()?,
            precision: reader.coded(&PRECISIONS)?,
            format: reader.coded(&FORMATS)?,
            source: reader.coded(&SOURCES)?,
            leontief: reader.coded(&MODES)?,
            has_output: reader.coded(&[false, true])?,
            warnings: reader.count()?,
            indicators: reader.count()?,
            text: u64::from_le_bytes(reader.take()?),
            demand: match has_demand {
                true => [reader.count()?, reader.count()?, reader.count()?],
                false => [0; 3],
            },
        };
        if header.nodes == 0 || header.nodes > MAX_NODES {
            return Err(Error::Corrupt("the number of nodes is out of range"));
        }
        let [.., columns] = header.demand;
        if columns > MAX_COLUMNS || header.demand.iter().any(|&count| (count == 0) != (columns == 0)) {
            return Err(Error::Corrupt("the number of columns of final demand is out of range"));
        }
        Ok(header)
    }
}

/// Reads `count` pairs of numbers.
fn pairs(content: &[u8], count: usize) -> Result<Vec<(u32, u32)>> {
    let (pairs, rest) = content.as_chunks::<8>();
    if pairs.len() != count || !rest.is_empty() {
        return Err(Error::Corrupt("pairs of labels have another number than announced"));
    }
    let pair = |[a, b, c, d, e, f, g, h]: &[u8; 8]| {
        (u32::from_le_bytes([*a, *b, *c, *d]), u32::from_le_bytes([*e, *f, *g, *h]))
    };
    Ok(pairs.iter().map(pair).collect())
}

/// Final demand with these names of purchasing regions and of categories.
fn of_names(names: &[Vec<Box<str>>; 2], pairs: &[(u32, u32)], columns: Matrix, size: f64) -> Result<FinalDemand> {
    let [regions, categories] = names;
    let named = |&(region, category): &(u32, u32)| {
        Some((&**regions.get(region as usize)?, &**categories.get(category as usize)?))
    };
    let named: Option<Vec<(&str, &str)>> = pairs.iter().map(named).collect();
    let named = named.ok_or(Error::Corrupt("a column of final demand has no name"))?;
    let demand = FinalDemand::of_size(named, columns, size).ok_or(Error::Corrupt("final demand is not usable"))?;
    // As for the nodes: the encoder writes names in the order of the columns.
    if demand.regions() == regions && demand.categories() == categories {
        Ok(demand)
    } else {
        Err(Error::Corrupt("names are not in the order of the columns"))
    }
}

/// Reads one finite number >= 0 for each node.
fn vector(bytes: &[u8], n: usize) -> Result<Vec<f64>> {
    let numbers = signed(bytes, n)?;
    if numbers.iter().all(|x| *x >= 0.0) { Ok(numbers) } else { Err(Error::Corrupt("a number is below 0")) }
}

/// Reads one finite number for each node.
fn signed(bytes: &[u8], n: usize) -> Result<Vec<f64>> {
    if bytes.len() != n * f64::BYTES {
        return Err(Error::Corrupt("numbers are missing or left over"));
    }
    let numbers = f64::read(bytes).into_vec();
    if numbers.iter().all(|x| x.is_finite()) { Ok(numbers) } else { Err(Error::Corrupt("a number is not finite")) }
}

/// The unread part of a frame.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk::<N>().ok_or(Error::Corrupt("a frame is too short"))?;
        self.0 = rest;
        Ok(*bytes)
    }

    fn count(&mut self) -> Result<usize> {
        Ok(u32::from_le_bytes(self.take()?) as usize)
    }

    fn coded<T: Copy>(&mut self, all: &[T]) -> Result<T> {
        let [code] = self.take()?;
        all.get(usize::from(code)).copied().ok_or(Error::Corrupt("an option is unknown"))
    }

    fn text(&mut self) -> Result<&'a str> {
        let length = self.count()?;
        let (text, rest) = self.0.split_at_checked(length).ok_or(Error::Corrupt("a text is too short"))?;
        self.0 = rest;
        std::str::from_utf8(text).map_err(|_| Error::Corrupt("a text is not UTF-8"))
    }

    /// Reads `count` texts. The list grows as texts are read.
    fn texts(&mut self, count: usize) -> Result<Vec<&'a str>> {
        let mut texts = Vec::new();
        for _ in 0..count {
            texts.push(self.text()?);
        }
        Ok(texts)
    }
}
