//! Indicators: one number per node, expressed per unit of the node's output.

mod csv;
mod json;

use super::labels::Labels;
use super::shown::{shown, shown_node};
use crate::{Error, Place, Progress, Result};

/// The longest name of an indicator, and the longest unit, in bytes.
pub const MAX_INDICATOR_NAME: usize = 256;

/// The maximum number of stressors accepted from one input.
pub(super) const MAX_STRESSORS: usize = 10_000;

/// The indicator with the value 1 for every node; every model has it.
pub const OUTPUT: &str = "output";

/// A named stressor vector.
#[derive(Debug, Clone, PartialEq)]
pub struct Indicator {
    /// The name, not empty, at most 256 bytes.
    pub name: Box<str>,
    /// The unit, may be empty.
    pub unit: Box<str>,
    /// One finite value per node, in the order of the table.
    pub values: Vec<f64>,
}

/// The labels for which an indicator document gives values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Region and sector: `{"USA":{"C10T12":0.18}}` or csv `region,sector,value`.
    Node,
    /// Region: the same value for all its sectors: `{"USA":0.27}` or csv `region,value`.
    Region,
    /// Sector: the same value in all regions: `{"C10T12":0.2}` or csv `sector,value`.
    Sector,
    /// Region and sector separately, then multiplied: `{"region":{..},"sector":{..},"mean":"product"}`; with
    /// `"mean":"geometric"`, the square root of the product. JSON only.
    Product,
}

impl By {
    /// The variant with this name, ignoring case.
    pub fn from_name(name: &[u8]) -> Option<Self> {
        let all = [Self::Node, Self::Region, Self::Sector, Self::Product];
        all.into_iter().find(|by| name.eq_ignore_ascii_case(by.name().as_bytes()))
    }

    /// The name used in options.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Region => "region",
            Self::Sector => "sector",
            Self::Product => "product",
        }
    }
}

/// How an indicator's document is read.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    /// The labels for which values are given.
    pub by: By,
    /// The value of labels that the document does not contain; with `None` such labels are an error.
    pub default: Option<f64>,
    /// Whether labels that the model does not contain are ignored; otherwise they are errors.
    pub ignore: bool,
    /// Whether several values for one label are summed; otherwise they are an error.
    pub sum: bool,
    /// If given, values are totals, and each is divided by this output of its node.
    pub totals: Option<&'a [f64]>,
    /// The stressor to select from a csv of several stressors: the name of a row if the header holds node labels, or a
    /// value of the stressor column. `None` selects the row with the name of the indicator; a stressor column must then
    /// hold one stressor only.
    pub row: Option<&'a [u8]>,
    /// Reports progress and cancels reading of csv; with `None` reading cannot be cancelled.
    pub progress: Option<&'a Progress>,
}

impl Reading<'_> {
    /// Reads plain values by `by`; every label needs one value.
    pub fn by(by: By) -> Self {
        Self { by, default: None, ignore: false, sum: false, totals: None, row: None, progress: None }
    }
}

impl Indicator {
    /// Reads a document: JSON if its first character is `{`, else csv with a header. The csv has `region,sector,value`
    /// in columns with common names, or joined labels as in the table (`USA_C10`), or one row per stressor below a
    /// header of node labels, as in extension files of EXIOBASE and pymrio (`S.txt`).
    ///
    /// Every label of the model needs a value, unless there is a default. At least one label must exist in the model.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a name, a unit or a default that is not valid; [`Error::BadInput`] with line and column
    /// (for JSON: the character) for the document; [`Error::TooBig`] for too many stressors; [`Error::Cancelled`].
    pub fn parse(name: &[u8], unit: &[u8], document: &[u8], reading: &Reading<'_>, labels: &Labels) -> Result<Self> {
        let (name, unit) = (check_name(name)?, check_unit(unit)?);
        let by = reading.by;
        if reading.default.is_some_and(|value| !value.is_finite()) {
            return Err(Error::Invalid("DEFAULT must be a finite number".into()));
        }
        if reading.totals.is_some() && by != By::Node {
            return Err(Error::Invalid("TOTALS needs BY node: only nodes have an output to divide by".into()));
        }
        let document = document.strip_prefix(b"\xef\xbb\xbf").unwrap_or(document);
        check_plain(document)?;
        let mut values = Values::new(reading, labels);
        match document.trim_ascii_start().first() {
            None => return Err(Error::bad_whole("the document is empty")),
            Some(b'{') if reading.row.is_some() => {
                return Err(Error::Invalid("ROW picks a stressor of a csv: JSON holds the values of one".into()));
            }
            Some(b'{') => json::read(document, &mut values)?,
            Some(_) if by == By::Product => {
                return Err(Error::bad_whole("BY product takes a JSON document, {\"region\":{..},\"sector\":{..}}"));
            }
            Some(_) => {
                let idle = Progress::default();
                csv::read(document, name, reading.row, reading.progress.unwrap_or(&idle), &mut values)?;
            }
        }
        // `{}` with DEFAULT sets the default for all labels on purpose. A csv without rows is a mistake.
        let means_default = document.trim_ascii_start().starts_with(b"{") && reading.default.is_some();
        if values.matched + values.unmatched == 0 && !means_default {
            return Err(Error::bad_whole(NO_VALUES));
        }
        values.check_matches()?;
        let mut values = values.finish(reading.default)?;
        if let Some(output) = reading.totals {
            divide(&mut values, output, labels)?;
        }
        Ok(Self { name: name.into(), unit: unit.into(), values })
    }
}

/// Fails if the document is compressed.
fn check_plain(document: &[u8]) -> Result<()> {
    let how = match document {
        [0x1f, 0x8b, ..] => "gzip: unpack it first (gunzip)",
        [b'P', b'K', 3, 4, ..] => "zip: unpack it first (unzip)",
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "zstd: unpack it first (unzstd)",
        _ => return Ok(()),
    };
    Err(Error::bad_whole(format!("the document is compressed by {how}")))
}

/// Divides totals by output.
fn divide(totals: &mut [f64], output: &[f64], labels: &Labels) -> Result<()> {
    for (i, (value, &x)) in totals.iter_mut().zip(output).enumerate() {
        if x == 0.0 && *value != 0.0 {
            let (region, sector) = labels.names(i);
            let node = shown_node(region, sector);
            return Err(Error::bad_whole(format!(
                "{node} has a total of {value} and no output to divide it by: give 0"
            )));
        }
        if x != 0.0 {
            *value /= x;
        }
        if !value.is_finite() {
            return Err(Error::bad_whole("a total divided by output is too large"));
        }
    }
    Ok(())
}

/// Checks the name of an indicator.
///
/// # Errors
/// [`Error::Invalid`].
pub fn check_name(name: &[u8]) -> Result<&str> {
    let text = std::str::from_utf8(name).ok().filter(|text| !text.bytes().any(|byte| byte.is_ascii_control()));
    match text {
        Some(OUTPUT) => Err(Error::Invalid("the indicator output is built in".into())),
        Some(text) if !text.is_empty() && text.len() <= MAX_INDICATOR_NAME => Ok(text),
        _ => Err(Error::Invalid(
            "the name of an indicator must be 1 to 256 bytes of UTF-8 without control characters".into(),
        )),
    }
}

/// Checks the unit of an indicator; it may be empty.
///
/// # Errors
/// [`Error::Invalid`].
pub fn check_unit(unit: &[u8]) -> Result<&str> {
    let text = std::str::from_utf8(unit).ok();
    text.filter(|text| text.len() <= MAX_INDICATOR_NAME && !text.bytes().any(|byte| byte.is_ascii_control()))
        .ok_or_else(|| Error::Invalid("the unit must be at most 256 bytes of UTF-8 without control characters".into()))
}

/// The type of label that a value belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Axis {
    Node,
    Region,
    Sector,
}

/// Why a value is rejected.
type Refused = &'static str;

const TWICE: Refused = "the label occurs twice; SUM adds such values up";
const UNKNOWN: Refused = "the model has no such label; give IGNORE to pass over it";
const NO_VALUES: Refused = "the document has no values";
const NOT_FINITE: Refused = "a value must be a finite number";
const NEGATIVE_ROOT: Refused = "the geometric mean needs values >= 0";

/// The values read so far; NaN where a label has no value yet.
struct Values<'a> {
    by: By,
    labels: &'a Labels,
    ignore: bool,
    sum: bool,
    /// Counts of labels that the model contains and does not contain, and an example of the latter.
    matched: u64,
    unmatched: u64,
    unknown_example: Option<String>,
    nodes: Vec<f64>,
    regions: Vec<f64>,
    sectors: Vec<f64>,
    geometric: bool,
}

impl<'a> Values<'a> {
    fn new(reading: &Reading<'_>, labels: &'a Labels) -> Self {
        let by = reading.by;
        let some = |wanted: bool, len: usize| if wanted { vec![f64::NAN; len] } else { Vec::new() };
        Self {
            by,
            labels,
            ignore: reading.ignore,
            sum: reading.sum,
            matched: 0,
            unmatched: 0,
            unknown_example: None,
            nodes: some(by == By::Node, labels.len()),
            regions: some(matches!(by, By::Region | By::Product), labels.regions().len()),
            sectors: some(matches!(by, By::Sector | By::Product), labels.sectors().len()),
            geometric: false,
        }
    }

    /// The index of a label's value, `None` for a label to be ignored.
    fn find(&mut self, axis: Axis, region: &str, sector: &str) -> Result<Option<usize>, Refused> {
        let found = match axis {
            Axis::Node => self.labels.node(region.as_bytes(), sector.as_bytes()).ok(),
            Axis::Region => self.labels.region(region.as_bytes()).map(|i| i as usize),
            Axis::Sector => self.labels.sector(sector.as_bytes()).map(|i| i as usize),
        };
        self.count(found.is_some(), if axis == Axis::Sector { sector } else { region });
        if found.is_some() || self.ignore { Ok(found) } else { Err(UNKNOWN) }
    }

    fn count(&mut self, known: bool, label: &str) {
        if known {
            self.matched += 1;
        } else {
            self.unmatched += 1;
            self.unknown_example.get_or_insert_with(|| shown(label));
        }
    }

    /// Fails if no label of the document exists in the model: the document uses another list of codes.
    fn check_matches(&self) -> Result<()> {
        let (0, Some(example)) = (self.matched, &self.unknown_example) else { return Ok(()) };
        let (region, sector) = self.labels.names(0);
        Err(Error::bad_whole(format!(
            "none of the {} labels of the document is a label of the model (for example {example}; the model has {}): \
             does the document use another list of codes?",
            self.unmatched,
            shown_node(region, sector),
        )))
    }

    /// Stores one value.
    fn set(&mut self, axis: Axis, at: Option<usize>, value: f64) -> Result<(), Refused> {
        if !value.is_finite() {
            return Err(NOT_FINITE);
        }
        let Some(at) = at else { return Ok(()) };
        let slot = match axis {
            Axis::Node => &mut self.nodes[at],
            Axis::Region => &mut self.regions[at],
            Axis::Sector => &mut self.sectors[at],
        };
        // Adding 0 turns a negative zero into a positive one, which is printed without a sign.
        match slot.is_nan() {
            true => *slot = value + 0.0,
            false if self.sum => *slot += value,
            false => return Err(TWICE),
        }
        if slot.is_finite() { Ok(()) } else { Err(NOT_FINITE) }
    }

    fn finish(mut self, default: Option<f64>) -> Result<Vec<f64>> {
        for values in [&mut self.nodes, &mut self.regions, &mut self.sectors] {
            let missing = values.iter().filter(|value| value.is_nan()).count();
            match default {
                None if missing > 0 => {
                    let reason = format!("labels of the model without a value: {missing}; give DEFAULT for them");
                    return Err(Error::bad(reason, Place::default()));
                }
                None => {}
                Some(default) => {
                    values.iter_mut().filter(|value| value.is_nan()).for_each(|value| *value = default + 0.0)
                }
            }
        }
        // Two values below 0 have a positive product, whose root would be meaningless.
        if self.geometric && self.regions.iter().chain(&self.sectors).any(|value| *value < 0.0) {
            return Err(Error::bad_whole(NEGATIVE_ROOT));
        }
        let of_node = |&(region, sector): &(u32, u32)| match self.by {
            By::Node => unreachable!("values by node need no mapping"),
            By::Region => self.regions[region as usize],
            By::Sector => self.sectors[sector as usize],
            By::Product => {
                let product = self.regions[region as usize] * self.sectors[sector as usize];
                if self.geometric { product.sqrt() } else { product }
            }
        };
        let values = match self.by {
            By::Node => self.nodes,
            _ => self.labels.nodes().iter().map(of_node).collect(),
        };
        if values.iter().all(|value| value.is_finite()) {
            Ok(values)
        } else {
            Err(Error::bad_whole("a product of values is too large"))
        }
    }
}
