//! The model over a table. (A placeholder of this branch: the real one is written beside it.)

use std::time::Duration;

use super::Table;
use crate::model::{Field, Identity, Kind, LabelSet, Model, Question};
use crate::{Budget, Progress, Result};

/// A table that answers questions.
#[derive(Debug, Clone)]
pub struct IoModel {
    table: Table,
}

impl IoModel {
    /// A model without indicators.
    pub fn new(table: Table) -> Self {
        Self { table }
    }

    /// The table.
    pub fn table(&self) -> &Table {
        &self.table
    }
}

impl Model for IoModel {
    fn kind(&self) -> Kind {
        Kind::Io
    }
    fn subject_len(&self, _: &[&[u8]]) -> Result<usize> {
        Ok(2)
    }
    fn canonical(&self, _: &[&[u8]], _: &Question<'_>, _: &mut Vec<u8>) -> Result<()> {
        Ok(())
    }
    fn assess(&self, _: &Identity<'_>, _: &[&[u8]], _: &Question<'_>, _: &mut Vec<u8>) -> Result<()> {
        Ok(())
    }
    fn check(&self, _: &[&[u8]], _: &Question<'_>) -> Result<()> {
        Ok(())
    }
    fn estimate(&self, _: &Question<'_>) -> Duration {
        Duration::ZERO
    }
    fn ready(&self) -> bool {
        false
    }
    fn derive(&self, _: &Budget, _: &Progress) -> Result<()> {
        Ok(())
    }
    fn labels(&self, _: LabelSet) -> Option<Vec<String>> {
        None
    }
    fn info(&self) -> Vec<(&'static str, Field)> {
        Vec::new()
    }
    fn bytes(&self) -> u64 {
        0
    }
    fn digest(&self) -> [u8; 16] {
        [0; 16]
    }
    fn frames(&self) -> u64 {
        0
    }
    fn frame(&self, _: u64) -> Vec<u8> {
        Vec::new()
    }
}
