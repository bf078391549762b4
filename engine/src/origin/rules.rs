//! Looking up rules, the most specific first.

use super::agreement::{Agreement, Rule};
use super::codes::Span;
use super::country;
use super::document::{list, raw, text_or_null};
use super::hs::Hs;
use super::model::OriginModel;
use crate::json::json_string;
use crate::{Day, Error, Result};

/// How many rules are given when nobody says how many.
const DEFAULT_LIMIT: usize = 10;

/// Which rules are asked for; every condition that is given must hold.
#[derive(Debug, Clone, Copy)]
pub struct RuleFilter<'a> {
    /// Of the agreement of this id.
    pub agreement: Option<&'a [u8]>,
    /// For codes that are this one, or begin with it.
    pub hs: Option<&'a [u8]>,
    /// In force on this day, as the agreement is.
    pub date: Option<Day>,
    /// Of an agreement that this country or party belongs to.
    pub party: Option<&'a [u8]>,
    /// At most so many.
    pub limit: usize,
}

impl Default for RuleFilter<'_> {
    /// Any rules, ten of them.
    fn default() -> Self {
        Self { agreement: None, hs: None, date: None, party: None, limit: DEFAULT_LIMIT }
    }
}

impl OriginModel {
    /// How many rules its agreements have.
    pub fn rule_count(&self) -> usize {
        self.agreements().map(|agreement| agreement.rules.len()).sum()
    }

    /// Rules as JSON documents, the most specific first: one subheading, one heading, one chapter, wider; then narrower
    /// ranges, higher priorities, later beginnings, ids.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what is no code or no country.
    pub fn rules(&self, filter: &RuleFilter<'_>) -> Result<Vec<Vec<u8>>> {
        let span = match filter.hs {
            None => None,
            Some(text) => {
                let code = Hs::read(text).map_err(|reason| Error::Invalid(format!("HS: {reason}").into()))?;
                Some(Span::of(code))
            }
        };
        let party = match filter.party {
            None => None,
            Some(text) => Some(country::read(text).ok_or_else(|| Error::Invalid(country::EXPECTED.into()))?),
        };
        let mut found: Vec<(&Agreement, &Rule)> = Vec::new();
        for agreement in self.agreements() {
            let is_asked = filter.agreement.is_none_or(|id| agreement.head.id.as_bytes() == id)
                && filter.date.is_none_or(|day| agreement.head.validity.holds(day))
                && party.as_ref().is_none_or(|party| agreement.party(party).is_some());
            if !is_asked {
                continue;
            }
            let in_force = |rule: &&Rule| filter.date.is_none_or(|day| rule.validity.holds(day));
            let with = |rule| (&**agreement, rule);
            match span {
                Some(span) => found.extend(agreement.rules_about(span).filter(in_force).map(with)),
                None => found.extend(agreement.rules.iter().map(AsRef::as_ref).filter(in_force).map(with)),
            }
        }
        found.sort_by(|(a, rule), (b, other)| Agreement::order(rule, other).then_with(|| a.head.id.cmp(&b.head.id)));
        Ok(found.into_iter().take(filter.limit).map(|(agreement, rule)| document(agreement, rule, None)).collect())
    }
}

/// A rule as a JSON document, with its score where it was searched for.
pub(super) fn document(agreement: &Agreement, rule: &Rule, score: Option<f64>) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    let day = |out: &mut Vec<u8>, day: Option<Day>| text_or_null(out, day.map(|day| day.to_string()).as_deref());
    raw(&mut out, "{\"agreement\":");
    json_string(&agreement.head.id, &mut out);
    raw(&mut out, ",\"id\":");
    json_string(&rule.id, &mut out);
    raw(&mut out, &format!(",\"from\":\"{:06}\",\"to\":\"{:06}\",\"subdivision\":", rule.range.from, rule.range.to));
    text_or_null(&mut out, rule.subdivision.as_deref());
    raw(&mut out, ",\"valid_from\":");
    day(&mut out, rule.validity.from);
    raw(&mut out, ",\"valid_to\":");
    day(&mut out, rule.validity.to);
    raw(&mut out, &format!(",\"priority\":{},\"alternatives\":", rule.priority));
    list(&mut out, rule.alternatives.iter(), |out, way| {
        raw(out, "{\"text\":");
        json_string(agreement.text(way), out);
        raw(out, if way.expr.is_some() { ",\"parsed\":true}" } else { ",\"parsed\":false}" });
    });
    if let Some(score) = score {
        raw(&mut out, ",\"score\":");
        serde_json::to_writer(&mut out, &score).expect("writing a number to memory cannot fail");
    }
    out.push(b'}');
    out
}
