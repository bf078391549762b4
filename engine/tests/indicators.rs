//! Indicator documents: every form, and the place of each refusal.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod reference;

#[path = "indicators/forms.rs"]
mod forms;
#[path = "indicators/properties.rs"]
mod properties;
#[path = "indicators/refusals.rs"]
mod refusals;
#[path = "indicators/rows.rs"]
mod rows;

use assess_engine::Error;
use assess_engine::io::indicator::Reading;
use assess_engine::io::{By, Indicator, Labels};

/// Two regions; one of them lacks a sector.
fn labels() -> Labels {
    Labels::new([("USA", "C10"), ("USA", "C26"), ("CHN", "C10")]).unwrap()
}

fn read(by: By, document: &str) -> Result<Vec<f64>, Error> {
    Indicator::parse(b"risk", b"", document.as_bytes(), &Reading::by(by), &labels()).map(|indicator| indicator.values)
}

fn read_with(by: By, document: &str, default: Option<f64>, ignore: bool) -> Result<Vec<f64>, String> {
    Indicator::parse(b"risk", b"", document.as_bytes(), &Reading { default, ignore, ..Reading::by(by) }, &labels())
        .map(|indicator| indicator.values)
        .map_err(|error| error.to_string())
}

/// Reads with `ROW row` if it is given, and with `DEFAULT 0`.
fn read_row(by: By, document: &str, row: Option<&str>, sum: bool) -> Result<Vec<f64>, String> {
    let reading = Reading { row: row.map(str::as_bytes), default: Some(0.0), sum, ..Reading::by(by) };
    Indicator::parse(b"co2", b"", document.as_bytes(), &reading, &labels())
        .map(|read| read.values)
        .map_err(|error| error.to_string())
}
