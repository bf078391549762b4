//! Looks up rules, the most specific first.

use super::agreement::{Agreement, Rule};
use super::codes::Span;
use super::country;
use super::document::{list, raw, text_or_null};
use super::hs::Hs;
use super::model::OriginModel;
use crate::json::{json_dropped, json_string};
use crate::search::Hit;
use crate::{Day, Error, Result};

/// The number of rules that are returned if the caller gives no limit.
const DEFAULT_LIMIT: usize = 10;

/// The filter for rules. All given conditions must hold.
#[derive(Debug, Clone, Copy)]
pub struct RuleFilter<'a> {
    /// Only rules of the agreement with this id.
    pub agreement: Option<&'a [u8]>,
    /// Only rules for codes that are this code or begin with it.
    pub hs: Option<&'a [u8]>,
    /// Only rules that are in force on this day, like their agreement.
    pub date: Option<Day>,
    /// Only rules of agreements that this country or party belongs to.
    pub party: Option<&'a [u8]>,
    /// Maximum number of rules.
    pub limit: usize,
}

impl Default for RuleFilter<'_> {
    /// All rules, at most ten.
    fn default() -> Self {
        Self { agreement: None, hs: None, date: None, party: None, limit: DEFAULT_LIMIT }
    }
}

impl OriginModel {
    /// The number of rules of all agreements.
    pub fn rule_count(&self) -> usize {
        self.agreements().map(|agreement| agreement.rules.len()).sum()
    }

    /// Rules as JSON documents, the most specific first: one subheading, one heading, one chapter, wider; then by
    /// narrower range, higher priority, later start of validity, id.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a malformed code or country.
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

/// A rule as a JSON document, with its score and the words that it does not match if it is the result of a search.
pub(super) fn document(agreement: &Agreement, rule: &Rule, hit: Option<&Hit>) -> Vec<u8> {
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
    if let Some(hit) = hit {
        raw(&mut out, ",\"score\":");
        serde_json::to_writer(&mut out, &hit.score).expect("writing a number to memory cannot fail");
        json_dropped(&hit.dropped, &mut out);
    }
    out.push(b'}');
    out
}
