//! Subjects of score models: one JSON object, or arguments `name=value`.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor};

use super::features::Features;
use super::json::nan_as_null;
use super::number::Spelled;
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
    match subject {
        [json @ [b'{', ..]] => read_object(features, json, row),
        words => {
            row.clear(features);
            let mut next = 0;
            for word in words {
                let (i, value) = named(features, word, next)?;
                row.give(features, i, features.word(i, value)?)?;
                next = i + 1;
            }
            Ok(())
        }
    }
}

/// The feature and the value of a word `name=value`. Names of features and of categories may contain `=`: the name is what is
/// before one of them.
fn named<'w>(features: &Features, word: &'w [u8], next: usize) -> Result<(usize, &'w [u8])> {
    let mut ends = memchr::memrchr_iter(b'=', word).peekable();
    if ends.peek().is_none() {
        return Err(len(&[], true).expect_err("no words"));
    }
    let mut found = ends.filter_map(|end| Some((features.find(&word[..end], next)?, &word[end + 1..])));
    let first = found.next().ok_or_else(unknown)?;
    match found.next() {
        None => Ok(first),
        Some(_) => {
            Err(Error::Invalid("a word is the value of two features, whose names contain =: send a JSON object".into()))
        }
    }
}

fn unknown() -> Error {
    Error::Invalid("the model has no feature of that name, see MODEL.LABELS key FEATURES".into())
}

fn read_object(features: &Features, json: &[u8], row: &mut Row) -> Result<()> {
    with_nan(json, "the subject", |json, why| {
        row.clear(features);
        let mut parser = serde_json::Deserializer::from_slice(json);
        Object { features, row, why }.deserialize(&mut parser).and_then(|()| parser.end())
    })
}

/// Reads JSON, and if it is none, reads it again with `null` instead of `NaN`.
pub(super) fn with_nan(
    json: &[u8],
    what: &str,
    mut read: impl FnMut(&[u8], &Cell<Option<Error>>) -> serde_json::Result<()>,
) -> Result<()> {
    let why = Cell::new(None);
    let error = match read(json, &why) {
        Ok(()) => return Ok(()),
        Err(error) => error,
    };
    let reason = why.take();
    match nan_as_null(json).filter(|_| reason.is_none() && error.is_syntax()) {
        Some(json) => read(&json, &why).map_err(|error| refused(&error, why.take(), what)),
        None => Err(refused(&error, reason, what)),
    }
}

/// The reason why JSON was refused: `why` if it is set, else the category of the parser's error. The parser's own
/// message may quote the subject, so it is left out.
fn refused(error: &serde_json::Error, why: Option<Error>, what: &str) -> Error {
    why.unwrap_or_else(|| {
        Error::Invalid(
            match error.classify() {
                serde_json::error::Category::Data => {
                    format!("{what} must hold numbers, names of categories and null only")
                }
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
            let value = map.next_value_seed(Value { features, i, why })?;
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
        for i in 0..features.len() {
            match seq.next_element_seed(Value { features, i, why })? {
                Some(value) => row.give(features, i, value).map_err(refuse)?,
                None => return Err(refuse(wrong_length())),
            }
        }
        // A value after the last one belongs to no feature: it is not read as one.
        match seq.next_element::<IgnoredAny>()? {
            None => Ok(()),
            Some(_) => Err(refuse(wrong_length())),
        }
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

/// The value of a feature: a number, the name of a category, or `null` for a missing value.
struct Value<'a> {
    features: &'a Features,
    i: usize,
    why: &'a Cell<Option<Error>>,
}

impl Value<'_> {
    fn taken<E: serde::de::Error>(&self, value: Result<Spelled>) -> Result<Spelled, E> {
        value.map_err(|error| {
            self.why.set(Some(error));
            E::custom("refused")
        })
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = Spelled;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Spelled, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for Value<'_> {
    type Value = Spelled;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number or null")
    }

    fn visit_unit<E>(self) -> Result<Spelled, E> {
        Ok(Spelled::Missing)
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Spelled, E> {
        self.visit_f64(value as f64)
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Spelled, E> {
        self.visit_f64(value as f64)
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Spelled, E> {
        self.taken(self.features.number(self.i, Spelled::Float(value)))
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Spelled, E> {
        // pandas makes categories of truth values, which are the numbers 0 and 1.
        match self.features.categories(self.i) {
            Some(_) => self.visit_f64(f64::from(value)),
            None => Err(E::invalid_type(Unexpected::Bool(value), &self)),
        }
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Spelled, E> {
        self.taken(self.features.text(self.i, text))
    }
}
