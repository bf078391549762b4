//! The columns of final demand.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::Role;
use super::frame::Frame;
use crate::io::formats::Job;
use crate::io::formats::icio::series::Series;
use crate::io::formats::source::Package;
use crate::io::labels::Labels;
use crate::io::shown::shown;
use crate::io::text::Blank;
use crate::{Error, Place, Result};

/// The columns, and the two labels of each in the order of the header lines.
pub(super) type Columns = (Vec<Series>, Vec<(Box<str>, Box<str>)>);

/// Reads the columns; each has a number for every node.
///
/// # Errors
/// [`Error::BadInput`] if a column occurs twice.
pub(super) fn read(
    package: &mut Package<'_>,
    file: Role,
    labels: &Labels,
    warnings: &mut Vec<String>,
    job: &Job<'_>,
) -> Result<Columns> {
    let frame = Frame::open(package.lines(file.part, file.name, job)?, 2)?;
    let n = labels.len();
    job.budget.require("final demand", (frame.columns.len() * n * 8) as u64)?;
    let column = |(at, (region, category)): (usize, &(Box<str>, Box<str>))| {
        Series::of(at as u64, &format!("{region} / {category}"), vec![0.0; n], false)
    };
    let mut columns: Vec<Series> = frame.columns.iter().enumerate().map(column).collect();
    let names = frame.columns.clone();
    frame.each_node(labels, Blank::Refused, |i, values, _| {
        columns.iter_mut().zip(values).for_each(|(column, value)| column.values[i] = *value);
        Ok(())
    })?;
    refuse_twice(&columns, file.name)?;
    warnings.extend(equal(&columns));
    Ok((columns, names))
}

/// Two columns with the same label and equal values are one column that was pasted twice.
fn refuse_twice(columns: &[Series], file: &'static str) -> Result<()> {
    let mut seen: HashMap<&str, &Series> = HashMap::new();
    for column in columns {
        if let Some(first) = seen.insert(&column.label, column)
            && first.values == column.values
        {
            let what = format!("the column {} is there twice: take one out", shown(&column.label));
            return Err(Error::bad(what, Place { file, line: 2, column: column.at + 3 }));
        }
    }
    Ok(())
}

/// The warning about two columns with equal values: one may be a total of the other.
fn equal(columns: &[Series]) -> Option<String> {
    let has_numbers = |column: &&Series| column.values.iter().filter(|value| **value != 0.0).nth(2).is_some();
    let mut seen: HashMap<u64, &Series> = HashMap::new();
    for column in columns.iter().filter(has_numbers) {
        let mut hasher = DefaultHasher::new();
        column.values.iter().for_each(|value| value.to_bits().hash(&mut hasher));
        if let Some(first) = seen.insert(hasher.finish(), column)
            && first.values == column.values
        {
            return Some(format!(
                "the columns of final demand {} and {} are equal: both were counted",
                shown(&first.label),
                shown(&column.label)
            ));
        }
    }
    None
}
