//! The steps of an assessment, and the confidence of the verdict.

use super::choose::Rules;
use super::evaluate::evaluate;
use super::leaf::Finding;
use super::outcome::{Doubt, Outcome};
use super::product::Product;
use super::{Assessment, Condition, MAX_TRACED, Missing, Traced, Verdict, and};
use crate::origin::agreement::Agreement;
use crate::{Progress, Result};

/// Confidence of a verdict without any doubt.
const SURE: f64 = 0.99;

/// Factor of the confidence if the code is missing in the edition of the agreement or in the edition that is loaded:
/// the range that contains it may have been meant for other goods.
const OTHER_EDITION: f64 = 0.8;

/// Maximum confidence if facts are missing.
const UNSURE: f64 = 0.5;

impl<'a> Assessment<'a> {
    /// The verdict if no agreement in the model names a country of the route. None of them qualifies the product, but
    /// an agreement that is not in the model might.
    pub(in crate::origin) fn of_unknown_party() -> Self {
        Self { confidence: UNSURE, ..Self::refused("unknown_party") }
    }

    /// Records that the agreement and the nomenclature have different editions and that one of them lacks the code.
    pub(in crate::origin) fn doubt_edition(&mut self) {
        self.reasons.push("hs_edition");
        self.confidence = (self.confidence * OTHER_EDITION * 1e4).round() / 1e4;
    }

    /// A verdict that needs no rule.
    pub(in crate::origin) fn refused(reason: &'static str) -> Self {
        Self {
            verdict: Verdict::NotQualified,
            confidence: SURE,
            reasons: vec![reason],
            missing: Missing::NONE,
            trace: Vec::new(),
            cited: Vec::new(),
            candidates: Vec::new(),
        }
    }
}

/// Assesses a product under an agreement that covers its route and is valid at the day.
///
/// # Errors
/// [`crate::Error::Cancelled`]
pub(in crate::origin) fn assess<'a>(
    agreement: &'a Agreement,
    rules: &Rules<'a>,
    product: &Product<'_>,
    progress: &Progress,
) -> Result<Assessment<'a>> {
    let mut assessment = Assessment { reasons: Vec::new(), ..Assessment::refused("") };
    let facts = product.facts;
    let is_whole = facts.wholly_obtained == Some(true);
    let (truth, mut confidence) = if is_whole {
        assessment.general("wholly_obtained", true);
        (Some(true), SURE)
    } else if product.is_of_originating() == Some(true) {
        assessment.general("originating_materials", true);
        (Some(true), SURE)
    } else {
        by_rules(agreement, rules, product, progress, &mut assessment)?
    };
    // Without a declaration the usual case is assumed: more than minimal operations, and direct transport.
    let has_production = is_whole || facts.minimal_operations_only != Some(true);
    let has_transport = facts.direct_transport != Some(false);
    for (name, is_met) in [("minimal_operations", has_production), ("transport", has_transport)] {
        if !is_met {
            assessment.general(name, false);
        }
    }
    let whole = and(truth, Some(has_production && has_transport));
    if whole == Some(false) {
        assessment.missing = Missing::NONE;
        if truth != Some(false) {
            // The declaration decides, independent of the rule.
            confidence = SURE;
        }
    }
    assessment.verdict = Verdict::of(whole);
    assessment.confidence = (confidence * 1e4).round() / 1e4;
    Ok(assessment)
}

fn by_rules<'a>(
    agreement: &'a Agreement,
    Rules { rules, is_confirmed }: &Rules<'a>,
    product: &Product<'_>,
    progress: &Progress,
    assessment: &mut Assessment<'a>,
) -> Result<(Option<bool>, f64)> {
    let mut outcomes = Vec::with_capacity(rules.len());
    for rule in rules {
        let outcome = evaluate(rule, agreement, product, progress, &mut assessment.trace)?;
        // The document shows no more conditions, and many rules with many conditions would need much memory.
        assessment.trace.truncate(MAX_TRACED);
        assessment.cited.push(rule);
        if rules.len() > 1 {
            assessment.candidates.push((rule, Verdict::of(outcome.truth)));
        }
        outcomes.push(outcome);
    }
    let outcome = match &outcomes[..] {
        [] => {
            assessment.reasons.push("not_covered");
            return Ok((None, UNSURE));
        }
        [one] => *one,
        several => {
            assessment.reasons.push("candidates");
            together(several)
        }
    };
    // Without a bill of materials, all materials might originate.
    let outcome = match (outcome.truth, &product.inputs) {
        (Some(false), None) => Outcome { truth: None, missing: Missing::BOM, ..outcome },
        _ => outcome,
    };
    assessment.missing = outcome.missing;
    match outcome.truth {
        Some(true) => assessment.reasons.push("rule_met"),
        Some(false) => assessment.reasons.push("rule_not_met"),
        None => {
            if outcome.missing.has(Missing::READING) {
                assessment.reasons.push("unparsed");
            }
            if outcome.missing.names().next().is_some() {
                assessment.reasons.push("missing_facts");
            }
        }
    }
    if outcome.doubt.tolerance && outcome.truth == Some(true) {
        assessment.reasons.push("tolerance");
    }
    let sure = confidence(outcome.doubt, *is_confirmed);
    Ok((outcome.truth, if outcome.truth.is_none() { sure.min(UNSURE) } else { sure }))
}

/// The result of several candidates: the result that all of them have, else unknown until the facts name one.
fn together(outcomes: &[Outcome]) -> Outcome {
    let truth = outcomes[0].truth.filter(|_| outcomes.iter().all(|other| other.truth == outcomes[0].truth));
    let mut whole = Outcome { truth, ..Outcome::default() };
    for outcome in outcomes {
        whole.doubt = whole.doubt.with(outcome.doubt);
        whole.missing = whole.missing.and(outcome.missing);
    }
    whole.missing = if truth.is_some() { Missing::NONE } else { whole.missing.and(Missing::SUBDIVISION) };
    whole
}

fn confidence(doubt: Doubt, is_confirmed: bool) -> f64 {
    let factors = [
        (doubt.process, 0.9),
        (!is_confirmed, 0.85),
        (doubt.tolerance, 0.9),
        (doubt.near, 0.9),
        (doubt.unverified, 0.8),
    ];
    factors.iter().filter(|(holds, _)| *holds).fold(SURE, |sure, (_, factor)| sure * factor)
}

impl<'a> Assessment<'a> {
    /// Adds to the trace a condition that every agreement has.
    fn general(&mut self, name: &'static str, ok: bool) {
        self.reasons.push(name);
        let condition = Condition::General(name);
        self.trace.push(Traced { condition, of: None, finding: Finding::known(ok) });
    }
}
