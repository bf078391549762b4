//! Subjects of score models: one JSON object, or arguments `name=value`.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::features::Features;
use super::number::{self, Spelled};
use super::row::Row;
use crate::{Error, Result};

/// The number of arguments that belong to the subject.
pub(super) fn len(args: &[&[u8]], is_alone: bool) -> Result<usize> {
    match args.first() {
        Some([b'{', ..]) => return Ok(1),
        Some(_) if is_alone => {
            let words = args.iter().take_while(|word| word.contains(&b'=')).count();
            if words > 0 {
                return Ok(words);
            }
        }
        _ => {}
    }
    Err(Error::Invalid(
        match is_alone {
            true => "the subject of a score model is a JSON object or name=value arguments",
            false => "each subject of a score model is a JSON object",
        }
        .into(),
    ))
}

/// Reads a subject. Features that it does not name are missing.
pub(super) fn read(features: &Features, subject: &[&[u8]], row: &mut Row) -> Result<()> {
    row.clear(features);
    match subject {
        [json @ [b'{', ..]] => read_object(features, json, row),
        words => {
            let mut next = 0;
            for word in words {
                // The last `=`: a name may contain `=`, a number may not.
                let equals = memchr::memrchr(b'=', word);
                let (name, value) = word.split_at(equals.ok_or_else(|| len(&[], true).expect_err("no words"))?);
                let i = features.find(name, next).ok_or_else(unknown)?;
                row.give(features, i, number::read(&value[1..])?)?;
                next = i + 1;
            }
            Ok(())
        }
    }
}

fn unknown() -> Error {
    Error::Invalid("the model has no feature of that name, see MODEL.LABELS key FEATURES".into())
}

fn read_object(features: &Features, json: &[u8], row: &mut Row) -> Result<()> {
    let why = Cell::new(None);
    let mut parser = serde_json::Deserializer::from_slice(json);
    let result = Object { features, row, why: &why }.deserialize(&mut parser).and_then(|()| parser.end());
    result.map_err(|error| refused(&error, why.take(), "the subject"))
}

/// The reason why JSON was refused: `why` if it is set, else the category of the parser's error. The parser's own
/// message may quote the subject, so it is left out.
pub(super) fn refused(error: &serde_json::Error, why: Option<Error>, what: &str) -> Error {
    why.unwrap_or_else(|| {
        Error::Invalid(
            match error.classify() {
                serde_json::error::Category::Data => format!("{what} must hold numbers and null only"),
                _ => format!("{what} is not JSON, or a number in it is too large"),
            }
            .into(),
        )
    })
}

/// Reads an object of features into a row that was cleared.
pub(super) struct Object<'a> {
    pub(super) features: &'a Features,
    pub(super) row: &'a mut Row,
    pub(super) why: &'a Cell<Option<Error>>,
}

impl<'de> DeserializeSeed<'de> for Object<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of features")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        let Self { features, row, why } = self;
        let refuse = |error| {
            why.set(Some(error));
            M::Error::custom("refused")
        };
        let mut next = 0;
        while let Some(found) = map.next_key_seed(Name { features, next })? {
            let i = found.ok_or_else(|| refuse(unknown()))?;
            let value = map.next_value_seed(Number)?;
            row.give(features, i, value).map_err(refuse)?;
            next = i + 1;
        }
        Ok(())
    }
}

/// Reads a row from an object, or from an array in the order of the features.
pub(super) struct ObjectOrArray<'a>(pub(super) Object<'a>);

impl<'de> DeserializeSeed<'de> for ObjectOrArray<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ObjectOrArray<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or an array of features")
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<(), M::Error> {
        self.0.visit_map(map)
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> Result<(), S::Error> {
        let Object { features, row, why } = self.0;
        let refuse = |error| {
            why.set(Some(error));
            S::Error::custom("refused")
        };
        let mut i = 0;
        while let Some(value) = seq.next_element_seed(Number)? {
            if i == features.len() {
                return Err(refuse(wrong_length()));
            }
            row.give(features, i, value).map_err(refuse)?;
            i += 1;
        }
        if i == features.len() { Ok(()) } else { Err(refuse(wrong_length())) }
    }
}

fn wrong_length() -> Error {
    Error::Invalid(
        "an array must have a number or null for each feature, in the order of MODEL.LABELS key FEATURES".into(),
    )
}

/// Reads a name and returns the index of the feature.
struct Name<'a> {
    features: &'a Features,
    next: usize,
}

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a feature")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.features.find(name.as_bytes(), self.next))
    }
}

/// A number, or `null` for a missing value.
struct Number;

impl<'de> DeserializeSeed<'de> for Number {
    type Value = Spelled;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Spelled, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for Number {
    type Value = Spelled;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number or null")
    }

    fn visit_unit<E>(self) -> Result<Spelled, E> {
        Ok(Spelled::Missing)
    }

    fn visit_u64<E>(self, value: u64) -> Result<Spelled, E> {
        Ok(Spelled::Float(value as f64))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Spelled, E> {
        Ok(Spelled::Float(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Spelled, E> {
        Ok(Spelled::Float(value))
    }
}
