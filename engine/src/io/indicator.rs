//! Indicators: one number per node, per unit of its output.

mod csv;
mod json;

use super::labels::Labels;
use crate::{Error, Place, Result};

/// The longest name of an indicator, and the longest unit, in bytes.
pub const MAX_INDICATOR_NAME: usize = 256;

/// The indicator of all ones that every model has.
pub const OUTPUT: &str = "output";

/// A named stressor vector.
#[derive(Debug, Clone, PartialEq)]
pub struct Indicator {
    /// The name, not empty, at most 256 bytes.
    pub name: Box<str>,
    /// The unit, may be empty.
    pub unit: Box<str>,
    /// One finite value >= 0 per node, in the order of the table.
    pub values: Vec<f64>,
}

/// What the values of an indicator document are given by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Region and sector: `{"USA":{"C10T12":0.18}}` or csv `region,sector,value`.
    Node,
    /// Region, the same for all its sectors: `{"USA":0.27}` or csv `region,value`.
    Region,
    /// Sector, the same in all regions: `{"C10T12":0.2}` or csv `sector,value`.
    Sector,
    /// Region and sector apart, then multiplied: `{"region":{..},"sector":{..},"mean":"product"}`; with
    /// `"mean":"geometric"` the square root of the product. JSON only.
    Product,
}

impl By {
    /// The way of this name, in any case.
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

impl Indicator {
    /// Reads a document, JSON when its first character is `{`, else csv with a header.
    ///
    /// Every label of the model needs a value unless there is a `default` for those that have none; labels that the
    /// model lacks are errors unless `ignore` says to pass over them. A label may occur once.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a name, a unit or a default that cannot be used; [`Error::BadInput`] with line and column
    /// (of JSON: the character) for the document.
    pub fn parse(
        name: &[u8],
        unit: &[u8],
        by: By,
        document: &[u8],
        default: Option<f64>,
        ignore: bool,
        labels: &Labels,
    ) -> Result<Self> {
        let (name, unit) = (check_name(name)?, check_unit(unit)?);
        if default.is_some_and(|value| !usable(value)) {
            return Err(Error::Invalid("DEFAULT must be a finite number >= 0".into()));
        }
        let document = document.strip_prefix(b"\xef\xbb\xbf").unwrap_or(document);
        let mut values = Values::new(by, labels, ignore);
        match document.trim_ascii_start().first() {
            None => return Err(Error::bad_whole("the document is empty")),
            Some(b'{') => json::read(document, &mut values)?,
            Some(_) if by == By::Product => {
                return Err(Error::bad_whole("BY product takes a JSON document, {\"region\":{..},\"sector\":{..}}"));
            }
            Some(_) => csv::read(document, &mut values)?,
        }
        Ok(Self { name: name.into(), unit: unit.into(), values: values.finish(default)? })
    }
}

/// A name that an indicator can have.
///
/// # Errors
/// [`Error::Invalid`]
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

/// A unit that an indicator can have; it may be empty.
///
/// # Errors
/// [`Error::Invalid`]
pub fn check_unit(unit: &[u8]) -> Result<&str> {
    let text = std::str::from_utf8(unit).ok();
    text.filter(|text| text.len() <= MAX_INDICATOR_NAME && !text.bytes().any(|byte| byte.is_ascii_control()))
        .ok_or_else(|| Error::Invalid("the unit must be at most 256 bytes of UTF-8 without control characters".into()))
}

fn usable(value: f64) -> bool {
    value >= 0.0 && value.is_finite()
}

/// What a value is given for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Axis {
    Node,
    Region,
    Sector,
}

/// Why a value cannot be taken.
type Refused = &'static str;

const TWICE: Refused = "the label occurs twice";
const UNKNOWN: Refused = "the model has no such label; give IGNORE to pass over it";
const NEGATIVE: Refused = "a value must be a finite number >= 0";

/// The values of a document as they come in; NaN where none has come.
struct Values<'a> {
    by: By,
    labels: &'a Labels,
    ignore: bool,
    nodes: Vec<f64>,
    regions: Vec<f64>,
    sectors: Vec<f64>,
    geometric: bool,
}

impl<'a> Values<'a> {
    fn new(by: By, labels: &'a Labels, ignore: bool) -> Self {
        let some = |wanted: bool, len: usize| if wanted { vec![f64::NAN; len] } else { Vec::new() };
        Self {
            by,
            labels,
            ignore,
            nodes: some(by == By::Node, labels.len()),
            regions: some(matches!(by, By::Region | By::Product), labels.regions().len()),
            sectors: some(matches!(by, By::Sector | By::Product), labels.sectors().len()),
            geometric: false,
        }
    }

    /// The place of a label's value, `None` for a label to be passed over.
    fn find(&self, axis: Axis, region: &str, sector: &str) -> Result<Option<usize>, Refused> {
        let found = match axis {
            Axis::Node => self.labels.node(region.as_bytes(), sector.as_bytes()).ok(),
            Axis::Region => self.labels.region(region.as_bytes()).map(|i| i as usize),
            Axis::Sector => self.labels.sector(sector.as_bytes()).map(|i| i as usize),
        };
        if found.is_some() || self.ignore { Ok(found) } else { Err(UNKNOWN) }
    }

    /// Takes one value.
    fn set(&mut self, axis: Axis, at: Option<usize>, value: f64) -> Result<(), Refused> {
        if !usable(value) {
            return Err(NEGATIVE);
        }
        let Some(at) = at else { return Ok(()) };
        let slot = match axis {
            Axis::Node => &mut self.nodes[at],
            Axis::Region => &mut self.regions[at],
            Axis::Sector => &mut self.sectors[at],
        };
        if !slot.is_nan() {
            return Err(TWICE);
        }
        // A negative zero would be shown as one.
        *slot = value + 0.0;
        Ok(())
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
        let of_node = |&(region, sector): &(u32, u32)| match self.by {
            By::Node => unreachable!("given by node"),
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
        match values.iter().all(|&value| usable(value)) {
            true => Ok(values),
            false => Err(Error::bad_whole("a product of values is too large")),
        }
    }
}
