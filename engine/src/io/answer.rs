//! The [`Model`] trait of an input-output model: the operations that the module layer calls.

use std::time::Duration;

use super::assess::Basis;
use super::dependents::Dependence;
use super::footprint::DemandOf;
use super::model::IoModel;
use super::paths::Wanted;
use super::{codec, document, paths, subject, whatif};
use crate::history::Record;
use crate::model::{DependentsBy, Field, FindFilter, Identity, Kind, LabelSet, Model, Other, Query, View, ViewKind};
use crate::{Budget, Error, Progress, Result};

impl IoModel {
    /// Finds the node and the data from which its assessment is computed. An error unless all layers are derived.
    fn basis<'a>(&'a self, subject: &[&[u8]], query: &Query<'_>) -> Result<(usize, Basis<'a>, (&'a str, &'a str))> {
        let &[region, sector] = subject else { return Err(subject::not_two()) };
        subject::check_layers(query)?;
        let node = self.table().labels.node(region, sector)?;
        let (basis, indicator) = self.basis_of(query.indicator)?;
        basis.series.layers(node, query.layers as usize)?;
        Ok((node, basis, indicator))
    }

    fn assessment(
        &self,
        identity: &Identity<'_>,
        subject: &[&[u8]],
        query: &Query<'_>,
        progress: &Progress,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let (node, basis, indicator) = self.basis(subject, query)?;
        let assessment = basis.assess(node, query.layers as usize, query.top as usize, progress)?;
        let paths = match wanted_paths(query) {
            Some(wanted) => Some(basis.paths(self.bound(query.indicator, progress)?, node, &wanted, progress)?),
            None => None,
        };
        document::write(out, identity, indicator, &assessment, basis.table, basis.printed);
        if let Some(paths) = paths {
            out.pop();
            paths::write(out, &paths, &assessment, basis.table, basis.printed);
            out.push(b'}');
        }
        Ok(())
    }
}

/// The paths that a document lists.
fn wanted_paths(query: &Query<'_>) -> Option<Wanted> {
    let cutoff = query.cutoff.map(|share| share.get());
    let wanted = Wanted { top: query.paths as usize, cutoff, most: query.most_paths as usize };
    (query.paths > 0 || cutoff.is_some()).then_some(wanted)
}

fn dependence<'a>(query: &Query<'a>, by: DependentsBy) -> Dependence<'a> {
    Dependence { indicator: query.indicator, by, limit: query.top as usize }
}

/// Region and sector, or the two words of a demand.
fn node_of<'a>(subject: &[&'a [u8]]) -> Result<(&'a [u8], &'a [u8])> {
    let &[region, sector] = subject else { return Err(subject::not_two()) };
    Ok((region, sector))
}

/// The model with which another is compared.
fn io_of<'a>(other: Other<'a>) -> Result<&'a IoModel> {
    other.model.downcast_ref().ok_or_else(|| Error::Invalid("the other model is no IO model".into()))
}

impl Model for IoModel {
    fn kind(&self) -> Kind {
        Kind::Io
    }

    fn options(&self) -> &'static [&'static str] {
        &["INDICATOR", "LAYERS", "TOP", "PATHS", "CUTOFF"]
    }

    fn views(&self) -> &'static [ViewKind] {
        &[
            ViewKind::Assessment,
            ViewKind::WhatIf,
            ViewKind::Dependents,
            ViewKind::Profile,
            ViewKind::Compare,
            ViewKind::Footprint,
        ]
    }

    fn changes_len(&self, words: &[&[u8]]) -> Result<usize> {
        whatif::len(words)
    }

    fn subject_len(&self, args: &[&[u8]], _: bool) -> Result<usize> {
        subject::len(args)
    }

    fn canonical(&self, subject: &[&[u8]], query: &Query<'_>, key: &mut Vec<u8>) -> Result<()> {
        let (region, sector) = node_of(subject)?;
        subject::check_layers(query)?;
        let indicator = match query.indicator {
            Some(name) => name,
            None => self.indicator(None)?.indicator.name.as_bytes(),
        };
        let before = key.len();
        if let View::Footprint(category) = query.view {
            let of = DemandOf::of_words((region, sector), category)?;
            return subject::write_footprint(&of, indicator, query.top, key).inspect_err(|_| key.truncate(before));
        }
        let named;
        let query = match query.view {
            // The list of indicators grows when a request derives one, without a new version of the model.
            View::Profile([]) if let Some(names) = self.incomplete_profile() => {
                named = names;
                &Query { view: View::Profile(&named), ..*query }
            }
            _ => query,
        };
        subject::write_name(region, sector, indicator, query, key).inspect_err(|_| key.truncate(before))
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
        match query.view {
            View::Assessment => self.assessment(identity, subject, query, progress, out),
            View::WhatIf(changes) => self.what_if(identity, subject, changes, query, progress, out),
            View::Dependents(by) => self.dependents(identity, node_of(subject)?, &dependence(query, by), progress, out),
            View::Profile(names) => self.profile(identity, node_of(subject)?, names, progress, out),
            View::Compare(other) => {
                let (model, identities) = (io_of(other)?, [identity, &other.identity]);
                let top = query.top as usize;
                self.compare(model, identities, node_of(subject)?, query.indicator, top, progress, out)
            }
            View::Footprint(category) => {
                let of = DemandOf::of_words(node_of(subject)?, category)?;
                self.footprint(identity, &of, query.indicator, query.top as usize, progress, out)
            }
        }
    }

    fn check(&self, subject: &[&[u8]], query: &Query<'_>) -> Result<()> {
        match query.view {
            View::Assessment => self.basis(subject, query).map(|_| ()),
            View::WhatIf(changes) => {
                // The analysis finds the errors of many changes.
                if whatif::are_few(changes) {
                    whatif::parse(changes, &self.table().labels)?;
                }
                self.basis(subject, query).map(|_| ())
            }
            View::Dependents(by) => self.check_dependents(node_of(subject)?, &dependence(query, by)),
            View::Profile(names) => self.check_profile(node_of(subject)?, names),
            View::Compare(other) => self.check_comparison(io_of(other)?, node_of(subject)?, query.indicator),
            View::Footprint(category) => {
                self.check_footprint(&DemandOf::of_words(node_of(subject)?, category)?, query.indicator)
            }
        }
    }

    fn estimate(&self, subject: &[&[u8]], query: &Query<'_>) -> Duration {
        match query.view {
            View::Assessment => {
                let paths = wanted_paths(query).map(|wanted| self.paths_cost(query.indicator, &wanted));
                self.cost(query.top) + paths.unwrap_or_default()
            }
            View::WhatIf(changes) => self.what_if_estimate(changes),
            View::Dependents(_) => self.dependents_cost(query.top as usize),
            View::Profile(names) => self.profile_cost(names.len()),
            View::Compare(other) => {
                let cost = io_of(other).map(|other| self.comparison_cost(other, query.top as usize));
                cost.unwrap_or_default()
            }
            View::Footprint(category) => {
                let of = node_of(subject).and_then(|words| DemandOf::of_words(words, category));
                of.map(|of| self.footprint_cost(&of, query.top as usize)).unwrap_or_default()
            }
        }
    }

    fn record(&self, subject: &[&[u8]], _: &[u8]) -> Record {
        let parts: Vec<_> = subject.iter().map(|part| String::from_utf8_lossy(part)).collect();
        Record { subject: parts.join(":"), ..Record::default() }
    }

    fn ready(&self) -> bool {
        self.is_ready()
    }

    fn is_complete(&self) -> bool {
        Self::is_complete(self)
    }

    fn derive_next(&self, budget: &Budget, progress: &Progress) -> Result<bool> {
        self.fill_next(budget, progress)
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
