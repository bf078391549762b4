//! The rows of a batch in JSON.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, SeqAccess, Visitor};

use super::super::features::Features;
use super::super::row::Row;
use super::super::subject::{Object, ObjectOrArray};
use super::in_row;
use crate::Error;

/// The rows of a JSON batch.
pub(super) struct Array<'a> {
    pub(super) features: &'a Features,
    pub(super) n: usize,
    pub(super) why: &'a Cell<Option<Error>>,
    pub(super) values: &'a mut Vec<f64>,
}

impl<'de> DeserializeSeed<'de> for Array<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Array<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of rows")
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> Result<(), S::Error> {
        let Self { features, n, why, values } = self;
        let mut row = Row::unrounded();
        let mut rows = 0;
        loop {
            row.clear(features);
            let seed = ObjectOrArray(Object { features, row: &mut row, why });
            let next = seq.next_element_seed(seed).inspect_err(|_| {
                why.set(why.take().map(|reason| in_row(rows, reason)));
            })?;
            if next.is_none() {
                break;
            }
            rows += 1;
            if rows > n {
                break;
            }
            values.extend_from_slice(&row.values);
        }
        if rows == n {
            return Ok(());
        }
        why.set(Some(Error::Invalid(format!("the batch must hold exactly {n} rows").into())));
        Err(S::Error::custom("refused"))
    }
}
