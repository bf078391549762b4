//! Calibration: a function that turns the answer of a model into a probability, fitted after the model was trained. It comes
//! with the load, since no file of a model has it.

use serde::Deserialize;

use super::codec::{Reader, Records};
use super::number;
use crate::model::Field;
use crate::{Error, Result};

/// Maximum length of the text of `CALIBRATION`, in bytes. The text is parsed on the main thread.
const MAX_TEXT: usize = 256 << 10;
/// Maximum number of points of an isotonic calibration.
const MAX_POINTS: usize = 10_000;
/// What the option takes.
const FORMS: &str =
    r#"{"method":"sigmoid","a":..,"b":..} or {"method":"isotonic","x":[..],"y":[..]}, with "of":"margin" or "score""#;
/// Points in one record.
const PIECE: usize = 2_000;

/// What is calibrated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Of {
    /// The margin: what `decision_function` of scikit-learn gives.
    Margin,
    /// The score: the probability of the positive class, or the number of a regression.
    Score,
}

/// How.
#[derive(Debug, Clone, PartialEq)]
enum Method {
    /// `1 / (1 + exp(a * f + b))`, as Platt, and scikit-learn, define it.
    Sigmoid { a: f64, b: f64 },
    /// Linear between points, and the value of the outer point beyond them. `x` is ascending.
    Isotonic { x: Box<[f64]>, y: Box<[f64]> },
}

/// A calibration.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    of: Of,
    method: Method,
}

/// The text of the option.
#[derive(Debug, Deserialize)]
#[serde(tag = "method", rename_all = "lowercase", deny_unknown_fields)]
enum Text {
    Sigmoid { a: f64, b: f64, of: Option<Of> },
    Isotonic { x: Vec<f64>, y: Vec<f64>, of: Option<Of> },
}

impl Calibration {
    /// Reads `{"method":"sigmoid","a":..,"b":..}` or `{"method":"isotonic","x":[..],"y":[..]}`, with `"of":"margin"` (the
    /// default) or `"of":"score"`.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::TooBig`].
    pub fn parse(text: &[u8]) -> Result<Self> {
        if text.len() > MAX_TEXT {
            return Err(Error::TooBig { what: "CALIBRATION, in bytes,", limit: MAX_TEXT as u64 });
        }
        let read = serde_json::from_slice(text).map_err(|error| {
            let said = error.to_string();
            // The parser may quote the text, which can be of any bytes and length.
            let is_plain = said.len() <= 160 && said.bytes().all(|byte| (b' '..=b'~').contains(&byte));
            let said = if is_plain { said.as_str() } else { "another text" };
            Error::Invalid(format!("CALIBRATION must be {FORMS}: {said}").into())
        })?;
        let (method, of) = match read {
            Text::Sigmoid { a, b, of } => (Method::Sigmoid { a, b }, of),
            Text::Isotonic { x, y, of } => (Method::Isotonic { x: x.into(), y: y.into() }, of),
        };
        let calibration = Self { of: of.unwrap_or(Of::Margin), method };
        calibration.check().map_err(|reason| Error::Invalid(format!("CALIBRATION: {reason}").into()))?;
        Ok(calibration)
    }

    /// Checks its numbers.
    ///
    /// # Errors
    /// The reason.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        match &self.method {
            Method::Sigmoid { a, b } if a.is_finite() && b.is_finite() => Ok(()),
            Method::Sigmoid { .. } => Err("a and b must be finite numbers"),
            Method::Isotonic { x, y } => {
                if x.is_empty() || x.len() != y.len() || x.len() > MAX_POINTS {
                    return Err("x and y must be lists of the same length, from 1 to 10000");
                }
                let is_ascending = x.windows(2).all(|pair| pair[0] < pair[1]) && x.iter().all(|x| x.is_finite());
                if !is_ascending {
                    return Err("x must be ascending finite numbers, each once");
                }
                let slopes =
                    x.windows(2).zip(y.windows(2)).map(|(x, y)| ((x[1] - x[0]), (y[1] - y[0]) / (x[1] - x[0])));
                if !slopes.into_iter().all(|(width, slope)| width.is_finite() && slope.is_finite()) {
                    return Err("two numbers of x are too far from each other, or too close");
                }
                let is_monotonic =
                    y.windows(2).all(|pair| pair[0] <= pair[1]) || y.windows(2).all(|pair| pair[0] >= pair[1]);
                if !is_monotonic || !y.iter().all(|y| (0.0..=1.0).contains(y)) {
                    return Err("y must be numbers from 0 to 1 that only rise, or only fall");
                }
                Ok(())
            }
        }
    }

    /// Whether it needs margins.
    pub(super) fn is_of_margin(&self) -> bool {
        self.of == Of::Margin
    }

    /// The probability for a number of the model.
    pub(super) fn apply(&self, f: f64) -> f64 {
        match &self.method {
            Method::Sigmoid { a, b } => 1.0 / (1.0 + (a * f + b).exp()),
            Method::Isotonic { x, y } => {
                let above = x.partition_point(|&x| x < f);
                match (above.checked_sub(1), y.get(above)) {
                    (None, _) => y[0],
                    (Some(last), None) => y[last],
                    (Some(_), Some(&to)) if x[above] == f => to,
                    (Some(below), Some(&to)) => {
                        let (from, start) = (y[below], x[below]);
                        let value = (to - from) / (x[above] - start) * (f - start) + from;
                        // Rounding can leave the piece.
                        value.clamp(from.min(to), from.max(to))
                    }
                }
            }
        }
    }

    /// The name of the method.
    pub(super) fn name(&self) -> &'static str {
        match self.method {
            Method::Sigmoid { .. } => "sigmoid",
            Method::Isotonic { .. } => "isotonic",
        }
    }

    /// The fields of `MODEL.INFO`: what is calibrated, and the numbers, or how many points there are.
    pub(super) fn info(&self) -> Vec<(&'static str, Field)> {
        let of = if self.is_of_margin() { "margin" } else { "score" };
        let number = |number: f64| {
            let mut text = Vec::new();
            number::write(number, &mut text);
            Field::Text(String::from_utf8_lossy(&text).into_owned())
        };
        let mut fields = vec![("calibration_of", Field::Text(of.to_owned()))];
        match &self.method {
            Method::Sigmoid { a, b } => {
                fields.extend([("calibration_a", number(*a)), ("calibration_b", number(*b))]);
            }
            Method::Isotonic { x, .. } => fields.push(("calibration_points", Field::Integer(x.len() as u64))),
        }
        fields
    }

    /// Bytes of memory in use.
    pub(super) fn bytes(&self) -> usize {
        match &self.method {
            Method::Sigmoid { .. } => 0,
            Method::Isotonic { x, y } => 8 * (x.len() + y.len()),
        }
    }

    /// Appends its records: `u8` 0 for margin or 1 for score, and `f64` a, b; or the same with 2 and 3, followed by records of
    /// points, each `f64` x, y.
    pub(super) fn encode(&self, records: &mut Records) {
        let of = u8::from(self.of == Of::Score);
        match &self.method {
            Method::Sigmoid { a, b } => {
                records.push(&[&[of][..], &a.to_le_bytes(), &b.to_le_bytes()].concat());
            }
            Method::Isotonic { x, y } => {
                records.push(&[2 + of]);
                for (x, y) in x.chunks(PIECE).zip(y.chunks(PIECE)) {
                    let points = x.iter().zip(y).flat_map(|(x, y)| [x.to_le_bytes(), y.to_le_bytes()]);
                    records.push(&points.flatten().collect::<Vec<u8>>());
                }
            }
        }
    }
}

/// Reads a calibration from its records.
#[derive(Debug, Default)]
pub(super) struct CalibrationDecoder {
    kind: Option<u8>,
    x: Vec<f64>,
    y: Vec<f64>,
}

impl CalibrationDecoder {
    /// The most records.
    pub(super) const MOST: usize = 1 + MAX_POINTS.div_ceil(PIECE);

    /// Reads the next record.
    ///
    /// # Errors
    /// [`Error::Corrupt`].
    pub(super) fn push(&mut self, record: &[u8]) -> Result<()> {
        let mut reader = Reader(record);
        match self.kind {
            None => {
                let kind = reader.byte()?;
                self.kind = Some(kind);
                if kind < 2 {
                    (self.x, self.y) = (vec![reader.number()?], vec![reader.number()?]);
                }
                reader.end()
            }
            Some(2 | 3) if !record.is_empty() && record.len() <= 16 * PIECE => {
                for _ in 0..record.len() / 16 {
                    self.x.push(reader.number()?);
                    self.y.push(reader.number()?);
                }
                reader.end()
            }
            Some(_) => Err(Error::Corrupt("the records of a calibration contradict themselves")),
        }
    }

    /// Returns the calibration, after every record was read; `None` if there were none.
    ///
    /// # Errors
    /// [`Error::Corrupt`].
    pub(super) fn finish(self) -> Result<Option<Calibration>> {
        let Some(kind) = self.kind else { return Ok(None) };
        let of = if kind & 1 == 0 { Of::Margin } else { Of::Score };
        let method = match (kind, &self.x[..], &self.y[..]) {
            (0 | 1, &[a], &[b]) => Method::Sigmoid { a, b },
            (2 | 3, ..) => Method::Isotonic { x: self.x.into(), y: self.y.into() },
            _ => return Err(Error::Corrupt("the kind of a calibration is unknown")),
        };
        Ok(Some(Calibration { of, method }))
    }

    /// Bytes of memory in use.
    pub(super) fn bytes(&self) -> u64 {
        8 * (self.x.capacity() + self.y.capacity()) as u64
    }
}
