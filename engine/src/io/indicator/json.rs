//! Indicator documents as JSON objects.
//!
//! The parser builds no tree: a visitor stores each value directly. So repeated keys are detected, nesting is limited
//! to the expected form, and memory does not depend on parts that the model does not use.

use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, Visitor};

use super::{Axis, By, Refused, TWICE, Values};
use crate::{Error, Place, Result};

/// Reads the whole document.
pub(super) fn read(document: &[u8], values: &mut Values<'_>) -> Result<()> {
    let why = Cell::new(None);
    let mut parser = serde_json::Deserializer::from_slice(document);
    let result = match values.by {
        By::Product => Parts { values, why: &why }.deserialize(&mut parser),
        By::Node => Object { values, why: &why, level: Level::Regions }.deserialize(&mut parser),
        By::Region => Object { values, why: &why, level: Level::Values(Axis::Region) }.deserialize(&mut parser),
        By::Sector => Object { values, why: &why, level: Level::Values(Axis::Sector) }.deserialize(&mut parser),
    };
    // Messages of the parser may quote the document, so they are not returned.
    result.and_then(|()| parser.end()).map_err(|error| {
        let place = Place { line: error.line() as u64, column: error.column() as u64, ..Place::default() };
        let reason = why.get().unwrap_or(match error.classify() {
            serde_json::error::Category::Data => "the document is not of the form that BY asks for",
            _ => "the document is not JSON",
        });
        Error::bad(reason, place)
    })
}

/// The type of the keys and values of an object.
#[derive(Debug, Clone, Copy)]
enum Level<'k> {
    /// Keys are regions, values are objects of sectors.
    Regions,
    /// Keys are sectors of this region, values are numbers.
    SectorsOf(&'k str),
    /// Keys are regions or sectors, values are numbers.
    Values(Axis),
}

/// An object of labels.
struct Object<'v, 'a, 'k> {
    values: &'v mut Values<'a>,
    why: &'v Cell<Option<Refused>>,
    level: Level<'k>,
}

impl<'de> DeserializeSeed<'de> for Object<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of labels")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        let Self { values, why, level } = self;
        let refuse = |reason| {
            why.set(Some(reason));
            M::Error::custom(reason)
        };
        let mut keys = HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            let (axis, region, sector) = match level {
                Level::Regions => {
                    if keys.contains(&key) && !values.sum {
                        return Err(refuse(TWICE));
                    }
                    if values.labels.region(key.as_bytes()).is_none() {
                        values.find(Axis::Region, &key, "").map_err(refuse)?;
                    }
                    map.next_value_seed(Object { values, why, level: Level::SectorsOf(&key) })?;
                    keys.insert(key);
                    continue;
                }
                Level::SectorsOf(region) => (Axis::Node, region, key.as_str()),
                Level::Values(axis) => (axis, key.as_str(), key.as_str()),
            };
            let at = values.find(axis, region, sector).map_err(refuse)?;
            let value: f64 = map.next_value()?;
            values.set(axis, at, value).map_err(refuse)?;
            if at.is_none() && !values.sum && !keys.insert(key) {
                return Err(refuse(TWICE));
            }
        }
        Ok(())
    }
}

/// The document of `BY product`.
struct Parts<'v, 'a> {
    values: &'v mut Values<'a>,
    why: &'v Cell<Option<Refused>>,
}

impl<'de> DeserializeSeed<'de> for Parts<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Parts<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with region, sector and mean")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        let Self { values, why } = self;
        let refuse = |reason| {
            why.set(Some(reason));
            M::Error::custom(reason)
        };
        let mut seen = [false; 3];
        while let Some(key) = map.next_key::<String>()? {
            let part = ["region", "sector", "mean"].iter().position(|name| *name == key);
            let part = part.ok_or_else(|| refuse("expected only the keys region, sector and mean"))?;
            if std::mem::replace(&mut seen[part], true) {
                // This is not a label, so the message must not suggest SUM.
                return Err(refuse("the key occurs twice"));
            }
            let level = match part {
                0 => Level::Values(Axis::Region),
                1 => Level::Values(Axis::Sector),
                _ => {
                    values.geometric = match map.next_value::<String>()?.as_str() {
                        "product" => false,
                        "geometric" => true,
                        _ => return Err(refuse("mean must be product or geometric")),
                    };
                    continue;
                }
            };
            map.next_value_seed(Object { values, why, level })?;
        }
        match seen {
            [true, true, _] => Ok(()),
            _ => Err(refuse("the keys region and sector are both needed")),
        }
    }
}
