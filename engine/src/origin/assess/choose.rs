//! Chooses the agreement and the rules that apply to a product.

use std::sync::Arc;

use super::Route;
use crate::origin::agreement::{Agreement, Rule};
use crate::origin::codes::Span;
use crate::origin::facts::Facts;
use crate::origin::hs::Hs;
use crate::{Day, Error, Result};

/// The agreement to use, or the reason why there is none.
pub(in crate::origin) enum Chosen<'a> {
    /// Use this agreement.
    Agreement(&'a Arc<Agreement>),
    /// No agreement, for this reason; with the agreement that the reason is about, if it is a single one.
    Refused(&'static str, Option<&'a Arc<Agreement>>),
}

/// Chooses the agreement: the one that the facts name, else the one that covers the route. If several cover it, the one
/// that is valid at the day.
///
/// # Errors
/// [`Error::Invalid`] when the facts name an agreement that the model does not have, or when several agreements are
/// valid.
pub(in crate::origin) fn choose_agreement<'a>(
    agreements: impl Iterator<Item = &'a Arc<Agreement>> + Clone,
    route: &Route,
    facts: &Facts,
    day: Day,
) -> Result<Chosen<'a>> {
    let covers = |agreement: &&Arc<Agreement>| agreement.covers(&route.origin, &route.destination);
    let is_valid = |agreement: &&Arc<Agreement>| agreement.head.validity.holds(day);
    if let Some(name) = &facts.agreement {
        let named = agreements.clone().find(|agreement| *agreement.head.id == **name);
        let Some(named) = named else {
            return Err(Error::Invalid(
                "facts: agreement: the model has no such agreement, see MODEL.LABELS key AGREEMENTS".into(),
            ));
        };
        return Ok(match (covers(&named), is_valid(&named)) {
            (false, _) => Chosen::Refused("pair", Some(named)),
            (true, false) => Chosen::Refused("date", Some(named)),
            (true, true) => Chosen::Agreement(named),
        });
    }
    let covering: Vec<_> = agreements.filter(covers).collect();
    let valid: Vec<_> = covering.iter().copied().filter(|agreement| is_valid(agreement)).collect();
    match (&covering[..], &valid[..]) {
        ([], _) => Ok(Chosen::Refused("pair", None)),
        ([one], []) => Ok(Chosen::Refused("date", Some(one))),
        (_, []) => Ok(Chosen::Refused("date", None)),
        (_, [one]) => Ok(Chosen::Agreement(one)),
        (_, several) => {
            let ids: Vec<_> = several.iter().take(20).map(|agreement| &*agreement.head.id).collect();
            Err(Error::Invalid(format!("several agreements cover this pair, name one: {}", ids.join(", ")).into()))
        }
    }
}

/// The rules that apply to a code.
#[derive(Debug, Default)]
pub(in crate::origin) struct Rules<'a> {
    /// No rule, one rule, or several candidates.
    pub(in crate::origin) rules: Vec<&'a Rule>,
    /// Whether the product certainly belongs to the products of the rule, and does not only have a code in its range.
    pub(in crate::origin) is_confirmed: bool,
}

/// Maximum number of conditions of the rules times lines of a bill of materials: each condition may list each line as
/// failing.
const MAX_FINDINGS: u64 = 20_000_000;

/// Chooses the rules. Candidates are the rules whose range contains the code and that are valid at the day: the first
/// in the order of rules, and those with the same range. Of several rules for the same products, the one with the
/// highest priority is chosen, then the one with the latest start of validity. Of rules for different products, the one
/// that the facts name is chosen.
///
/// # Errors
/// [`Error::Invalid`] when the facts name a subdivision that none of the rules has; [`Error::TooBig`] when the rules
/// have too many conditions for the length of the bill of materials.
pub(in crate::origin) fn choose_rules<'a>(
    agreement: &'a Agreement,
    hs: Hs,
    facts: &Facts,
    day: Day,
) -> Result<Rules<'a>> {
    let mut rules: Vec<&Rule> =
        agreement.rules_of(Span::of(hs)).map(AsRef::as_ref).filter(|rule| rule.validity.holds(day)).collect();
    rules.sort_by(|a, b| Agreement::order(a, b));
    let Some(first) = rules.first() else { return Ok(Rules::default()) };
    let range = first.range;
    rules.retain(|rule| rule.range == range);
    let rank = |rule: &Rule| (rule.priority, rule.validity.from);
    let mut chosen: Vec<&Rule> = Vec::new();
    for rule in rules {
        // The rules are sorted, so the first one for the same products has the highest rank.
        let same = chosen.iter().find(|other| other.subdivision == rule.subdivision);
        if same.is_none_or(|other| rank(other) == rank(rule)) {
            chosen.push(rule);
        }
    }
    let mut is_confirmed = chosen.iter().all(|rule| rule.subdivision.is_none());
    if let Some(name) = &facts.subdivision {
        chosen.retain(|rule| {
            let is_meant = |text: &str| text.trim().eq_ignore_ascii_case(name.trim());
            *rule.id == **name || rule.subdivision.as_deref().is_some_and(is_meant)
        });
        if chosen.is_empty() {
            return Err(Error::Invalid(
                "facts: subdivision: no rule for this code has this subdivision, see MODEL.RULES".into(),
            ));
        }
        is_confirmed = true;
    }
    let lines = facts.bom.as_ref().map_or(0, |lines| lines.len() as u64);
    // Few agreements come near the limit; only for these the conditions are counted.
    if agreement.most_leaves * lines > MAX_FINDINGS {
        let leaves: u64 = chosen.iter().map(|rule| agreement.leaves(rule)).sum();
        if leaves * lines > MAX_FINDINGS {
            let what = "the number of conditions for the product times the lines of the bom";
            return Err(Error::TooBig { what, limit: MAX_FINDINGS });
        }
    }
    Ok(Rules { rules: chosen, is_confirmed })
}
