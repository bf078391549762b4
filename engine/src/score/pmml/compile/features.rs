//! Features: the active fields of a file's model, and the treatment of their values.

use super::super::element::{Element, shown};
use super::super::program::{Input, Invalid, Kind, Outliers};
use super::words::{infinity, kind_of};
use super::{Compiler, Field, Known, Origin};
use crate::score::MAX_FEATURES;
use crate::score::categories::{Categories, Category, MAX_CATEGORIES, Unseen};
use crate::{Error, Result};

/// The attributes of a `MiningField`; `importance` cannot change a score.
const MINING_FIELD: &[&str] = &[
    "name",
    "usageType",
    "optype",
    "importance",
    "outliers",
    "lowValue",
    "highValue",
    "missingValueReplacement",
    "missingValueTreatment",
    "invalidValueTreatment",
    "invalidValueReplacement",
];

/// The attributes that say what is done with values. A model in an ensemble may repeat them.
const TREATMENTS: [&str; 7] = [
    "outliers",
    "lowValue",
    "highValue",
    "missingValueReplacement",
    "missingValueTreatment",
    "invalidValueTreatment",
    "invalidValueReplacement",
];

/// A feature.
#[derive(Debug)]
pub(super) struct Feature<'a> {
    pub(super) name: &'a str,
    pub(super) kind: Kind,
    mining: &'a Element,
    data: Option<&'a Element>,
}

impl<'a> Compiler<'a> {
    /// Makes a feature of every active field of the file's model, in the order of its schema.
    pub(super) fn declare_features(&mut self, model: &'a Element) -> Result<()> {
        for mining in model.needed_child("MiningSchema")?.children_called("MiningField") {
            mining.only(MINING_FIELD, &[])?;
            if !is_active(mining)? {
                continue;
            }
            let name = mining.needed("name")?;
            let data = self.data.get(name).copied();
            let kind = match data {
                None => Kind::Double,
                Some(data) => {
                    data.only(&["name", "displayName", "optype", "dataType", "isCyclic"], &["Value", "Interval"])?;
                    if data.attribute("isCyclic").is_some_and(|is| is != "0") {
                        return Err(Error::bad_whole("a cyclic field of the PMML cannot be used"));
                    }
                    data.attribute("dataType").map_or(Ok(Kind::Double), kind_of)?
                }
            };
            if self.features.len() == MAX_FEATURES {
                return Err(Error::TooBig {
                    what: "the number of active fields of the PMML",
                    limit: MAX_FEATURES as u64,
                });
            }
            let slot = self.slot(Origin::One(self.features.len() as u32))?;
            self.features.push(Feature { name, kind, mining, data });
            if self.scopes[0].known.insert(name, Known::Field(Field { slot, kind })).is_some() {
                return Err(Error::bad_whole("two active fields of the PMML have the same name"));
            }
        }
        Ok(())
    }

    /// Checks the schema of a model in an ensemble: its fields must be known, and what it says about their values must be
    /// the default or what the model around it has done already.
    pub(super) fn check_schema(&self, model: &'a Element) -> Result<()> {
        let schema = model.child("MiningSchema").into_iter().flat_map(|schema| schema.children_called("MiningField"));
        for mining in schema {
            mining.only(MINING_FIELD, &[])?;
            if !is_active(mining)? {
                continue;
            }
            let name = mining.needed("name")?;
            // The slots of features come first, in their order.
            let feature = match self.scopes[0].known.get(name) {
                Some(Known::Field(field)) => self.features.get(field.slot as usize),
                _ => None,
            };
            let is_default = |attribute: &str, value: &str| {
                matches!(
                    (attribute, value),
                    ("outliers", "asIs")
                        | ("missingValueTreatment", "asIs")
                        | ("invalidValueTreatment", "returnInvalid")
                ) || attribute.ends_with("Value") && mining.attribute("outliers").is_none_or(|is| is == "asIs")
            };
            for attribute in TREATMENTS {
                let Some(value) = mining.attribute(attribute) else { continue };
                let is_repeated = feature.is_some_and(|feature| feature.mining.attribute(attribute) == Some(value));
                if !is_repeated && !is_default(attribute, value) {
                    return Err(Error::bad_whole(format!(
                        "a model inside the PMML treats values of {} in another way than the whole ({attribute})",
                        shown(name)
                    )));
                }
            }
        }
        Ok(())
    }

    /// The treatment of each feature, and its categories. All texts of the file must be known by now.
    pub(super) fn inputs(&mut self) -> Result<(Vec<Input>, Vec<Option<Categories>>)> {
        let (mut inputs, mut categories, mut total) = (Vec::new(), Vec::new(), 0);
        for i in 0..self.features.len() {
            let Feature { name, kind, mining, data } = &self.features[i];
            let (name, kind, mining, data) = (*name, *kind, *mining, *data);
            let mut input = self.input(name, kind, mining, data)?;
            let names: Vec<Category> = match kind {
                Kind::Boolean => {
                    input.words = vec![0, 1, 0, 1];
                    let texts = ["false", "true"].map(|text| Category::Text(text.into()));
                    texts.into_iter().chain([0.0, 1.0].map(Category::Number)).collect()
                }
                Kind::Text => self.names(&mut input),
                _ => Vec::new(),
            };
            total += names.len();
            if total > MAX_CATEGORIES {
                return Err(Error::TooBig {
                    what: "the number of categories of the PMML",
                    limit: MAX_CATEGORIES as u64,
                });
            }
            let unseen = if kind == Kind::Boolean { Unseen::Refused } else { Unseen::Other };
            let list = if names.is_empty() { Ok(None) } else { Categories::new(names, unseen).map(Some) };
            categories.push(list.map_err(Error::bad_whole)?);
            inputs.push(input);
        }
        Ok((inputs, categories))
    }

    /// The names of the categories of a text. Every text of the file may be compared with it; where only some are valid,
    /// all others are unseen.
    fn names(&self, input: &mut Input) -> Vec<Category> {
        let all = self.words.list();
        if !input.valid.is_empty() && input.on_invalid != Invalid::Keep {
            let lists = [&input.valid, &input.missing, &input.invalid];
            input.words = lists.into_iter().flatten().map(|&word| word as u32).collect();
            input.words.sort_unstable();
            input.words.dedup();
        } else {
            input.words = (0..all.len() as u32).collect();
        }
        if input.words.is_empty() {
            // A feature of texts must have a category; this one equals no constant either.
            return vec![Category::Text("".into())];
        }
        input.words.iter().filter_map(|&word| all.get(word as usize).cloned().map(Category::Text)).collect()
    }

    #[expect(clippy::too_many_lines, reason = "the attributes of two elements, in their order")]
    fn input(&mut self, name: &str, kind: Kind, mining: &'a Element, data: Option<&'a Element>) -> Result<Input> {
        let refused = |what: &str| {
            Error::bad_whole(format!("the field {} of the PMML has {what}, which cannot be used", shown(name)))
        };
        let mut input = Input {
            kind,
            words: Vec::new(),
            missing: Vec::new(),
            invalid: Vec::new(),
            valid: Vec::new(),
            intervals: Vec::new(),
            on_invalid: Invalid::Refuse,
            replacement: 0.0,
            refuses_missing: false,
            if_missing: None,
            outliers: Outliers::Keep,
            limits: (0.0, 0.0),
        };
        for limit in data.into_iter().flat_map(Element::parts) {
            if &*limit.name == "Interval" {
                if !kind.is_number() {
                    return Err(refused("an Interval though it is no number"));
                }
                input.intervals.push(interval(limit)?);
                continue;
            }
            limit.only(&["value", "displayValue", "property"], &[])?;
            let value = self.words.constant(limit.needed("value")?, kind)?;
            match limit.attribute("property").unwrap_or("valid") {
                "valid" => input.valid.push(value),
                "invalid" => input.invalid.push(value),
                "missing" => input.missing.push(value),
                _ => return Err(refused("a Value with an unknown property")),
            }
        }
        input.valid.sort_unstable_by(f64::total_cmp);
        input.valid.dedup();
        input.on_invalid = match mining.attribute("invalidValueTreatment").unwrap_or("returnInvalid") {
            "returnInvalid" => Invalid::Refuse,
            "asIs" => Invalid::Keep,
            "asMissing" => Invalid::Missing,
            "asValue" => {
                input.replacement = self.words.constant(mining.needed("invalidValueReplacement")?, kind)?;
                Invalid::Replace
            }
            _ => return Err(refused("an unknown invalidValueTreatment")),
        };
        match mining.attribute("missingValueTreatment").unwrap_or("asIs") {
            // These say how the replacement was chosen.
            "asIs" | "asMean" | "asMode" | "asMedian" | "asValue" => {}
            "returnInvalid" => input.refuses_missing = true,
            _ => return Err(refused("an unknown missingValueTreatment")),
        }
        if let Some(replacement) = mining.attribute("missingValueReplacement") {
            input.if_missing = Some(self.words.constant(replacement, kind)?);
        }
        input.outliers = match mining.attribute("outliers").unwrap_or("asIs") {
            "asIs" => Outliers::Keep,
            "asMissingValues" => Outliers::Missing,
            "asExtremeValues" => Outliers::Extreme,
            _ => return Err(refused("an unknown treatment of outliers")),
        };
        if input.outliers != Outliers::Keep {
            if !kind.is_number() {
                return Err(refused("outliers though it is no number"));
            }
            input.limits = (mining.needed_number("lowValue")?, mining.needed_number("highValue")?);
        }
        Ok(input)
    }
}

/// Whether a field is an input.
fn is_active(mining: &Element) -> Result<bool> {
    match mining.attribute("usageType").unwrap_or("active") {
        "active" => Ok(true),
        "target" | "predicted" | "supplementary" => Ok(false),
        _ => Err(Error::bad_whole("a MiningField of the PMML has a usageType that cannot be used")),
    }
}

/// An interval as a range `[from, to)`.
pub(super) fn interval(element: &Element) -> Result<(f64, f64)> {
    element.only(&["closure", "leftMargin", "rightMargin"], &[])?;
    // Without a margin, an interval ends at the infinity.
    let margin = |name, none: f64| match element.attribute(name).and_then(infinity) {
        Some(infinity) if infinity == none => Ok(None),
        Some(_) => Err(Error::bad_whole("an Interval of the PMML is empty")),
        None => element.number(name),
    };
    let (left, right) = (margin("leftMargin", f64::NEG_INFINITY)?, margin("rightMargin", f64::INFINITY)?);
    let (has_left, has_right) = match element.needed("closure")? {
        "openOpen" => (false, false),
        "openClosed" => (false, true),
        "closedOpen" => (true, false),
        "closedClosed" => (true, true),
        _ => return Err(Error::bad_whole("an Interval of the PMML has an unknown closure")),
    };
    let from = left.map_or(f64::NEG_INFINITY, |x| if has_left { x + 0.0 } else { (x + 0.0).next_up() });
    let to = right.map_or(f64::INFINITY, |x| if has_right { (x + 0.0).next_up() } else { x + 0.0 });
    if from < to { Ok((from, to)) } else { Err(Error::bad_whole("an Interval of the PMML is empty")) }
}
