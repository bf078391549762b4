//! The [`Model`] trait for origin models.

use std::time::Duration;

use super::assess::{Assessment, Chosen, Product, assess, choose_agreement, choose_rules};
use super::country;
use super::document;
use super::editions;
use super::find::{FindFilter, FindKind};
use super::model::OriginModel;
use super::nomenclature::Nomenclature;
use super::subject::{self, Subject};
use crate::history::{self, Record};
use crate::model::{self, Field, FindIn, Identity, Kind, LabelSet, Model, Query};
use crate::{Budget, Error, Progress, Result};

/// Minimum time of an assessment in nanoseconds; time for each byte of facts; time for each condition of the rules of a
/// product, once to write it and once for each line of the bill of materials (a line has at least [`BYTES_A_LINE`]
/// bytes).
const LEAST_NS: u64 = 5_000;
const NS_A_BYTE: u64 = 30;
const NS_A_LEAF: u64 = 30;
const BYTES_A_LINE: u64 = 27;

impl Model for OriginModel {
    fn kind(&self) -> Kind {
        Kind::Origin
    }

    fn subject_len(&self, args: &[&[u8]], _: bool) -> Result<usize> {
        subject::length(args)
    }

    fn canonical(&self, subject: &[&[u8]], query: &Query<'_>, key: &mut Vec<u8>) -> Result<()> {
        if query.indicator.is_some() {
            return Err(Error::Invalid("a rules-of-origin model has no indicators".into()));
        }
        Subject::read(subject, query.today)?.write_name(key);
        Ok(())
    }

    fn request_of(&self, canonical: &[u8]) -> Option<Vec<Vec<u8>>> {
        subject::request_of(canonical)
    }

    fn assess_while_wanted(
        &self,
        identity: &Identity<'_>,
        subject: &[&[u8]],
        query: &Query<'_>,
        progress: &Progress,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        progress.check()?;
        let subject = Subject::read(subject, query.today)?;
        self.check_countries(&subject)?;
        let Subject { route, facts, day } = &subject;
        let is_unknown = self.nomenclature().is_some_and(|codes| !codes.knows(&route.hs.into()));
        match choose_agreement(self.agreements(), route, facts, *day)? {
            Chosen::Refused(reason, agreement) => {
                let is_no_party = |name: &str| !self.agreements().any(|agreement| agreement.party(name).is_some());
                let mut assessment = match reason {
                    "pair" if is_no_party(&route.origin) || is_no_party(&route.destination) => {
                        Assessment::of_unknown_party()
                    }
                    reason => Assessment::refused(reason),
                };
                if is_unknown {
                    assessment.reasons.push("unknown_code");
                }
                let agreement = agreement.map(AsRef::as_ref);
                document::write(out, identity, &subject, agreement, None, &assessment);
            }
            Chosen::Agreement(agreement) => {
                let rules = choose_rules(agreement, route.hs, facts, *day)?;
                let product = Product::new(route.hs, &route.origin, facts, agreement);
                let mut assessment = assess(agreement, &rules, &product, progress)?;
                // Also for a product that needs no rule: what its code stands for differs between the editions.
                let is_changed = |(loaded, of)| editions::differs(&route.hs, of, loaded).unwrap_or(true);
                if self
                    .other_edition(agreement.head.hs_version)
                    .is_some_and(|editions| is_unknown || is_changed(editions))
                {
                    assessment.doubt_edition();
                }
                if is_unknown {
                    assessment.reasons.push("unknown_code");
                }
                document::write(out, identity, &subject, Some(agreement), Some(&product), &assessment);
            }
        }
        Ok(())
    }

    fn check(&self, subject: &[&[u8]], query: &Query<'_>) -> Result<()> {
        let subject = Subject::read(subject, query.today)?;
        self.check_countries(&subject)?;
        let Subject { route, facts, day } = subject;
        if let Chosen::Agreement(agreement) = choose_agreement(self.agreements(), &route, &facts, day)? {
            choose_rules(agreement, route.hs, &facts, day)?;
        }
        Ok(())
    }

    fn estimate(&self, subject: &[&[u8]], _: &Query<'_>) -> Duration {
        let facts = subject.get(3).map_or(0, |facts| facts.len() as u64);
        let lines = facts / BYTES_A_LINE;
        Duration::from_nanos(LEAST_NS + NS_A_BYTE * facts + NS_A_LEAF * self.most_leaves() * (lines + 1))
    }

    /// The answer to the same words can change from day to day, unless they name a day.
    fn is_timeless(&self) -> bool {
        false
    }

    fn record(&self, subject: &[&[u8]], document: &[u8]) -> Record {
        // Without facts and trace, which can be long.
        let words = &subject[..subject.len().min(3)];
        let Ok(Subject { route, .. }) = Subject::read(words, crate::Day::default()) else { return Record::default() };
        let document = history::fields_before(document, "trace");
        let text = |name: &str| document[name].as_str().unwrap_or_default().to_owned();
        Record {
            subject: route.shown(),
            agreement: text("agreement"),
            hs: route.hs.as_str().to_owned(),
            origin: route.origin.into(),
            destination: route.destination.into(),
            status: text("verdict"),
            confidence: document["confidence"].as_f64(),
        }
    }

    fn ready(&self) -> bool {
        self.is_derived()
    }

    fn derive_next(&self, _: &Budget, progress: &Progress) -> Result<bool> {
        if !self.is_derived() {
            self.fill(progress)?;
        }
        Ok(false)
    }

    fn searchable(&self) -> usize {
        self.nomenclature().map_or(0, Nomenclature::rows) + self.rule_count()
    }

    fn find(&self, text: &[u8], filter: &model::FindFilter) -> Result<Vec<Vec<u8>>> {
        let kind = match filter.place.unwrap_or(FindIn::Hs) {
            FindIn::Hs => FindKind::Hs,
            FindIn::Rules => FindKind::Rules,
            FindIn::Sectors => {
                return Err(Error::Invalid("an ORIGIN model has no sectors: search IN hs or rules".into()));
            }
        };
        let (section, chapter) = (filter.section.as_deref(), filter.chapter.as_deref());
        self.find(text, &FindFilter { kind, section, chapter, level: filter.level, limit: filter.limit })
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

    fn digest(&self) -> [u8; 16] {
        self.content_digest()
    }

    fn known_digest(&self) -> Option<[u8; 16]> {
        self.digest_if_known()
    }

    fn frames(&self) -> u64 {
        self.frame_count()
    }

    fn frame(&self, index: u64) -> Vec<u8> {
        self.frame_at(index)
    }
}

impl OriginModel {
    /// Fails if the route or a material names a country that does not exist and that no agreement uses.
    fn check_countries(&self, subject: &Subject) -> Result<()> {
        let materials = subject.facts.bom.iter().flatten().map(|line| &*line.origin);
        let mut checked: &str = "";
        for name in [&*subject.route.origin, &*subject.route.destination].into_iter().chain(materials) {
            // Many lines have the same country as the line before, which is not looked up again.
            if name == checked {
                continue;
            }
            checked = name;
            if !country::is_country(name) && !self.agreements().any(|agreement| agreement.knows(name)) {
                return Err(Error::BadSubject(
                    format!(
                        "{name} is not a country: give its ISO 3166 code of 2 or 3 letters, or a party of an agreement"
                    )
                    .into(),
                ));
            }
        }
        Ok(())
    }

    /// The edition that is loaded and the edition of the agreement, if they differ.
    fn other_edition(&self, agreement: Option<u32>) -> Option<(u32, u32)> {
        let edition = self.nomenclature().map(super::nomenclature::Nomenclature::version);
        let loaded = edition.as_deref().and_then(|name| name.rsplit(' ').next()?.parse::<u32>().ok());
        loaded.zip(agreement).filter(|(loaded, agreement)| loaded != agreement)
    }
}
