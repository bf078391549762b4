//! The lines of final demand in long data, until they become columns.

use std::collections::HashMap;

use super::Role;
use super::waiting::Waiting;
use crate::io::demand::FinalDemand;
use crate::io::formats::Job;
use crate::io::labels::{Labels, MAX_NODES};
use crate::{Error, Result};

/// Deliveries of nodes to final demand.
#[derive(Default)]
pub(super) struct Purchases {
    /// Region and category of every column.
    names: Vec<(Box<str>, Box<str>)>,
    numbers: HashMap<Box<str>, u32>,
    /// Node, column and value.
    lines: Waiting,
}

impl Purchases {
    /// The number of the column of a region, without a category. A new region gets the next number.
    pub(super) fn column(&mut self, region: &str) -> Result<u32> {
        if let Some(&column) = self.numbers.get(region) {
            return Ok(column);
        }
        let column = self.names.len();
        if column == MAX_NODES {
            return Err(Error::TooBig { what: "the number of regions of final demand", limit: MAX_NODES as u64 });
        }
        self.names.push((region.into(), "".into()));
        self.numbers.insert(region.into(), column as u32);
        Ok(column as u32)
    }

    /// Replaces the columns by the labels that are final demand. Returns for each label the number of its column; for
    /// other labels the number means nothing.
    pub(super) fn set_columns(&mut self, labels: &[(Box<str>, Box<str>)], roles: &[Role]) -> Vec<u32> {
        self.names.clear();
        let mut columns = Vec::with_capacity(roles.len());
        for (label, role) in labels.iter().zip(roles) {
            columns.push(self.names.len() as u32);
            if *role == Role::FinalDemand {
                self.names.push(label.clone());
            }
        }
        columns
    }

    /// Sets the lines: node, column and value of each.
    pub(super) fn set_lines(&mut self, lines: Waiting) {
        self.lines = lines;
    }

    /// The memory of the lines and of the columns that they become, in bytes.
    pub(super) fn bytes(&self, n: usize, job: &Job<'_>) -> u64 {
        Waiting::bytes(self.lines.0.capacity()) + job.demand_bytes(n, self.names.len())
    }

    /// The columns.
    ///
    /// # Errors
    /// Those of [`FinalDemand::gather`].
    pub(super) fn finish(mut self, labels: &Labels, job: &Job<'_>) -> Result<Option<FinalDemand>> {
        if !job.keeps_demand() {
            return Ok(None);
        }
        let lines = &mut self.lines.0;
        // Stable: the values of a cell are added in the order of the file.
        lines.sort_by_key(|&(_, column, _)| column);
        let names: Vec<(&str, &str)> = self.names.iter().map(|(region, category)| (&**region, &**category)).collect();
        FinalDemand::gather(labels.len(), job.options.precision, &names, |k, sums| {
            let column = k as u32;
            let start = lines.partition_point(|&(_, other, _)| other < column);
            let of_column = lines[start..].iter().take_while(|&&(_, other, _)| other == column);
            of_column.for_each(|&(node, _, value)| sums[node as usize] += value);
        })
    }
}
