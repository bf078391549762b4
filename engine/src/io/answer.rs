//! An input-output model as the module asks it.

use std::time::Duration;

use super::assess::Basis;
use super::codec::encode;
use super::formats::shown;
use super::leontief::Leontief;
use super::model::{IoModel, Stressor};
use super::options::LeontiefMode;
use super::{canonical, document};
use crate::history::Record;
use crate::model::codec::json_string;
use crate::model::{Field, FindFilter, FindIn, Identity, Kind, LabelSet, Model, Question};
use crate::search::find_labels;
use crate::{Budget, Error, Progress, Result};

/// Arguments of a subject: region and sector.
const SUBJECT: usize = 2;

impl IoModel {
    /// What there is to say of the indicators.
    fn warnings_of_indicators(&self) -> Vec<String> {
        const SHOWN: usize = 10;
        let named = |is_it: fn(&Stressor) -> bool| {
            let names: Vec<String> = self.stressors().filter(|s| is_it(s)).map(|s| shown(&s.indicator.name)).collect();
            let more = names.len().saturating_sub(SHOWN);
            let text = names[..names.len() - more].join(", ");
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            (!names.is_empty()).then(|| text + &more)
        };
        let signed = named(|s| s.is_signed).map(|names| {
            format!(
                "indicators with values below 0: {names}; shares, foreign_share and concentration of an assessment are null \
                 where contributions of both signs meet"
            )
        });
        let totals = named(|s| s.may_be_totals).map(|names| {
            format!(
                "indicators of whole numbers: {names}; they were read as values per unit of output, TOTALS divides totals by \
                 output"
            )
        });
        signed.into_iter().chain(totals).collect()
    }

    /// Finds the node and what its assessment is computed from.
    fn basis<'a>(
        &'a self,
        subject: &[&[u8]],
        question: &Question<'_>,
    ) -> Result<(usize, Basis<'a>, (&'a str, &'a str))> {
        let &[region, sector] = subject else { return Err(subject_of_two()) };
        check_layers(question)?;
        let base = &*self.base;
        let node = base.table.labels.node(region, sector)?;
        let stressor = self.indicator(question.indicator)?;
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
        if args.len() < SUBJECT { Err(subject_of_two()) } else { Ok(SUBJECT) }
    }

    fn canonical(&self, subject: &[&[u8]], question: &Question<'_>, key: &mut Vec<u8>) -> Result<()> {
        let &[region, sector] = subject else { return Err(subject_of_two()) };
        check_layers(question)?;
        let indicator = match question.indicator {
            Some(name) => name,
            None => self.indicator(None)?.indicator.name.as_bytes(),
        };
        canonical::write(region, sector, indicator, question, key);
        Ok(())
    }

    fn assess_while_wanted(
        &self,
        identity: &Identity<'_>,
        subject: &[&[u8]],
        question: &Question<'_>,
        progress: &Progress,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let (node, basis, indicator) = self.basis(subject, question)?;
        let assessment = basis.assess(node, question.layers as usize, question.top as usize, progress)?;
        document::write(out, identity, indicator, &assessment, basis.table, basis.printed);
        Ok(())
    }

    fn check(&self, subject: &[&[u8]], question: &Question<'_>) -> Result<()> {
        self.basis(subject, question).map(|_| ())
    }

    fn estimate(&self, _: &[&[u8]], question: &Question<'_>) -> Duration {
        self.cost(question.top)
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
        // The index is made for each search: there are few names.
        let labels = &self.base.table.labels;
        100 * (labels.regions().len() + labels.sectors().len())
    }

    fn find(&self, text: &[u8], filter: &FindFilter) -> Result<Vec<Vec<u8>>> {
        let FindFilter { place, section, chapter, level, limit } = filter;
        if !matches!(place, None | Some(FindIn::Sectors)) || section.is_some() || chapter.is_some() || level.is_some() {
            return Err(Error::Invalid(
                "an IO model has regions and sectors to search, and neither codes nor rules".into(),
            ));
        }
        let labels = &self.base.table.labels;
        let (regions, sectors) = (labels.regions(), labels.sectors());
        let names = regions.iter().chain(sectors).map(AsRef::as_ref);
        let found = find_labels(names, text, *limit)?;
        let document = |(i, score): (usize, f64)| {
            let (kind, name) = match i.checked_sub(regions.len()) {
                None => ("region", &regions[i]),
                Some(i) => ("sector", &sectors[i]),
            };
            let mut out = format!("{{\"{kind}\":").into_bytes();
            json_string(name, &mut out);
            out.extend_from_slice(format!(",\"score\":{score}}}").as_bytes());
            out
        };
        Ok(found.into_iter().map(document).collect())
    }

    fn labels(&self, set: LabelSet) -> Option<Vec<String>> {
        let labels = &self.base.table.labels;
        let texts = |names: &[Box<str>]| names.iter().map(|name| name.to_string()).collect();
        match set {
            LabelSet::Regions => Some(texts(labels.regions())),
            LabelSet::Sectors => Some(texts(labels.sectors())),
            LabelSet::Nodes => {
                let name = |i| {
                    let (region, sector) = labels.names(i);
                    format!("{region}|{sector}")
                };
                Some((0..labels.len()).map(name).collect())
            }
            LabelSet::Indicators => Some(self.stressors().map(|s| s.indicator.name.to_string()).collect()),
            LabelSet::Features | LabelSet::Agreements => None,
        }
    }

    fn info(&self) -> Vec<(&'static str, Field)> {
        let table = &self.base.table;
        let leontief = self.base.leontief.get();
        let mode = leontief.map(Leontief::mode).or(table.leontief).map_or("auto", LeontiefMode::name);
        let derived = leontief.map_or(&[][..], Leontief::warnings);
        let text = |text: &str| Field::Text(text.to_owned());
        vec![
            ("nodes", Field::Integer(table.labels.len() as u64)),
            ("regions", Field::Integer(table.labels.regions().len() as u64)),
            ("sectors", Field::Integer(table.labels.sectors().len() as u64)),
            ("nonzeros", Field::Integer(self.base.nonzeros)),
            ("bytes", Field::Integer(self.held())),
            ("precision", text(table.coefficients.precision().name())),
            ("leontief", text(mode)),
            ("output", text(table.output_source.name())),
            ("format", text(table.format.name())),
            ("indicators", Field::List(self.labels(LabelSet::Indicators).unwrap_or_default())),
            (
                "warnings",
                Field::List(
                    table.warnings.iter().chain(derived).cloned().chain(self.warnings_of_indicators()).collect(),
                ),
            ),
        ]
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
        encode::frame(self, index)
    }
}

fn check_layers(question: &Question<'_>) -> Result<()> {
    if question.layers <= Question::MAX_LAYERS {
        Ok(())
    } else {
        Err(Error::Invalid("LAYERS is a number from 0 to 32".into()))
    }
}

fn subject_of_two() -> Error {
    Error::Invalid("the subject of an input-output model is two arguments, region and sector".into())
}
