//! The [`Model`] trait of an input-output model: the operations that the module layer calls.

use std::time::Duration;

use super::assess::Basis;
use super::model::IoModel;
use super::{codec, document, subject};
use crate::history::Record;
use crate::model::{Field, FindFilter, Identity, Kind, LabelSet, Model, Query};
use crate::{Budget, Progress, Result};

impl IoModel {
    /// Finds the node and the data from which its assessment is computed.
    fn basis<'a>(&'a self, subject: &[&[u8]], query: &Query<'_>) -> Result<(usize, Basis<'a>, (&'a str, &'a str))> {
        let &[region, sector] = subject else { return Err(subject::not_two()) };
        subject::check_layers(query)?;
        let base = &*self.base;
        let node = base.table.labels.node(region, sector)?;
        let stressor = self.indicator(query.indicator)?;
        let (leontief, printed) = self.derived()?;
        let series = stressor.series()?;
        let values = &stressor.indicator.values;
        let is_signed = stressor.is_signed;
        let basis = Basis { table: &base.table, printed, leontief, values, is_signed, series };
        Ok((node, basis, (&stressor.indicator.name, &stressor.indicator.unit)))
    }
}

impl Model for IoModel {
    fn kind(&self) -> Kind {
        Kind::Io
    }

    fn options(&self) -> &'static [&'static str] {
        &["INDICATOR", "LAYERS", "TOP"]
    }

    fn subject_len(&self, args: &[&[u8]], _: bool) -> Result<usize> {
        subject::len(args)
    }

    fn canonical(&self, subject: &[&[u8]], query: &Query<'_>, key: &mut Vec<u8>) -> Result<()> {
        let &[region, sector] = subject else { return Err(subject::not_two()) };
        subject::check_layers(query)?;
        let indicator = match query.indicator {
            Some(name) => name,
            None => self.indicator(None)?.indicator.name.as_bytes(),
        };
        subject::write_name(region, sector, indicator, query, key);
        Ok(())
    }

    fn request_of(&self, canonical: &[u8]) -> Option<Vec<Vec<u8>>> {
        subject::request_of(canonical)
    }

    fn subjects(&self) -> Option<Vec<Vec<Vec<u8>>>> {
        let labels = &self.table().labels;
        let names = (0..labels.len()).map(|node| labels.names(node));
        Some(names.map(|(region, sector)| vec![region.as_bytes().to_vec(), sector.as_bytes().to_vec()]).collect())
    }

    fn assess_while_wanted(
        &self,
        identity: &Identity<'_>,
        subject: &[&[u8]],
        query: &Query<'_>,
        progress: &Progress,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let (node, basis, indicator) = self.basis(subject, query)?;
        let assessment = basis.assess(node, query.layers as usize, query.top as usize, progress)?;
        document::write(out, identity, indicator, &assessment, basis.table, basis.printed);
        Ok(())
    }

    fn check(&self, subject: &[&[u8]], query: &Query<'_>) -> Result<()> {
        self.basis(subject, query).map(|_| ())
    }

    fn estimate(&self, _: &[&[u8]], query: &Query<'_>) -> Duration {
        self.cost(query.top)
    }

    fn record(&self, subject: &[&[u8]], _: &[u8]) -> Record {
        let parts: Vec<_> = subject.iter().map(|part| String::from_utf8_lossy(part)).collect();
        Record { subject: parts.join(":"), ..Record::default() }
    }

    fn ready(&self) -> bool {
        self.is_ready()
    }

    fn derive(&self, budget: &Budget, progress: &Progress) -> Result<()> {
        self.fill(budget, progress)
    }

    fn searchable(&self) -> usize {
        self.search_cost()
    }

    fn find(&self, text: &[u8], filter: &FindFilter) -> Result<Vec<Vec<u8>>> {
        self.search(text, filter)
    }

    fn labels(&self, set: LabelSet) -> Option<Vec<String>> {
        self.label_set(set)
    }

    fn info(&self) -> Vec<(&'static str, Field)> {
        self.info_fields()
    }

    fn bytes(&self) -> u64 {
        self.held()
    }

    fn known_digest(&self) -> Option<[u8; 16]> {
        self.content_digest_if_known()
    }

    fn digest(&self) -> [u8; 16] {
        self.content_digest()
    }

    fn frames(&self) -> u64 {
        self.plan().len()
    }

    fn frame(&self, index: u64) -> Vec<u8> {
        codec::frame(self, index)
    }
}
