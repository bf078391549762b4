//! Writes the assessment as a JSON document, with the fields in the order of `docs/assessment-origin.schema.json`.

use super::agreement::{Agreement, Rule};
use super::assess::{Assessment, Condition, Finding, MAX_TRACED, Product, Traced};
use super::subject::Subject;
use crate::json::json_string;
use crate::model::{Identity, Kind};

/// Maximum number of codes of failing materials in a condition, and of alternatives in the citation.
const MAX_FAILING: usize = 20;
const MAX_CITED: usize = 200;

/// Appends the document.
pub(super) fn write(
    out: &mut Vec<u8>,
    identity: &Identity<'_>,
    subject: &Subject,
    agreement: Option<&Agreement>,
    product: Option<&Product<'_>>,
    assessment: &Assessment<'_>,
) {
    let route = &subject.route;
    identity.open_document(out);
    raw(out, "\"kind\":\"");
    raw(out, Kind::Origin.name());
    raw(out, "\",\"agreement\":");
    text_or_null(out, agreement.map(|agreement| &*agreement.head.id));
    raw(out, ",\"hs\":\"");
    raw(out, route.hs.as_str());
    raw(out, "\",\"origin\":\"");
    raw(out, &route.origin);
    raw(out, "\",\"destination\":\"");
    raw(out, &route.destination);
    raw(out, "\",\"date\":\"");
    raw(out, &subject.day.to_string());
    raw(out, "\",\"verdict\":\"");
    raw(out, assessment.verdict.name());
    raw(out, "\",\"confidence\":");
    serde_json::to_writer(&mut *out, &assessment.confidence).expect("writing a number to memory cannot fail");
    raw(out, ",\"reasons\":");
    list(out, assessment.reasons.iter(), |out, reason| json_string(reason, out));
    raw(out, ",\"missing\":");
    list(out, assessment.missing.names(), |out, name| json_string(name, out));
    raw(out, ",\"trace\":");
    list(out, assessment.trace.iter().take(MAX_TRACED), |out, traced| condition(out, traced, product));
    raw(out, ",\"citations\":");
    let cited = assessment.cited.iter().flat_map(|rule| (0..rule.alternatives.len()).map(move |place| (*rule, place)));
    list(out, cited.take(MAX_CITED), |out, (rule, place)| citation(out, agreement, rule, place));
    raw(out, ",\"candidates\":");
    list(out, assessment.candidates.iter(), |out, (rule, verdict)| {
        raw(out, "{\"id\":");
        json_string(&rule.id, out);
        raw(out, ",\"subdivision\":");
        text_or_null(out, rule.subdivision.as_deref());
        raw(out, ",\"verdict\":\"");
        raw(out, verdict.name());
        raw(out, "\"}");
    });
    out.push(b'}');
}

fn condition(out: &mut Vec<u8>, traced: &Traced<'_>, product: Option<&Product<'_>>) {
    let finding = &traced.finding;
    let (op, words) = match traced.condition {
        Condition::Leaf(leaf) => (leaf.name(), leaf.words()),
        Condition::Unread => ("text", "rule text, not machine-readable".to_owned()),
        Condition::Tolerance { by_weight } => {
            let limit = finding.limit.map_or_else(String::new, |limit| format!(" <= {limit}%"));
            ("tolerance", format!("tolerance by {}{limit}", if by_weight { "weight" } else { "value" }))
        }
        Condition::General(name) => (name, name.replace('_', " ")),
    };
    raw(out, "{\"leaf\":");
    json_string(&words, out);
    raw(out, ",\"op\":\"");
    raw(out, op);
    out.push(b'"');
    if let Some((rule, place)) = traced.of {
        raw(out, ",\"rule\":");
        json_string(&rule.id, out);
        if !matches!(traced.condition, Condition::Tolerance { .. }) {
            raw(out, &format!(",\"alternative\":{place}"));
        }
    }
    if let Condition::Leaf(leaf) = traced.condition {
        raw(out, ",\"params\":");
        leaf.write(out);
    }
    let share = finding.value.zip(finding.base).and_then(|(value, base)| value.percent_of(base));
    for (name, number) in [("value", finding.value), ("base", finding.base), ("share", share), ("limit", finding.limit)]
    {
        if let Some(number) = number {
            raw(out, &format!(",\"{name}\":{number}"));
        }
    }
    failing(out, traced, finding, product);
    raw(out, ",\"missing\":");
    list(out, finding.missing.names(), |out, name| json_string(name, out));
    raw(out, ",\"ok\":");
    raw(
        out,
        match finding.ok {
            Some(true) => "true}",
            Some(false) => "false}",
            None => "null}",
        },
    );
}

/// Writes the codes of the failing materials in their order, without duplicates.
fn failing(out: &mut Vec<u8>, traced: &Traced<'_>, finding: &Finding, product: Option<&Product<'_>>) {
    use super::expr::Leaf;
    let lists = match traced.condition {
        Condition::Leaf(leaf) => {
            matches!(leaf, Leaf::Change(_) | Leaf::Whole | Leaf::Obtained(_) | Leaf::Originating(_) | Leaf::From { .. })
        }
        Condition::Tolerance { .. } => true,
        Condition::Unread | Condition::General(_) => false,
    };
    if !lists {
        return;
    }
    let inputs = product.and_then(|product| product.inputs.as_deref()).unwrap_or_default();
    let mut codes: Vec<_> =
        finding.failing.iter().filter_map(|place| inputs.get(*place as usize)).map(|input| input.hs).collect();
    codes.sort_unstable();
    codes.dedup();
    raw(out, ",\"failing\":");
    list(out, codes.iter().take(MAX_FAILING), |out, code| json_string(code.as_str(), out));
    if codes.len() > MAX_FAILING {
        raw(out, &format!(",\"more\":{}", codes.len() - MAX_FAILING));
    }
}

fn citation(out: &mut Vec<u8>, agreement: Option<&Agreement>, rule: &Rule, place: usize) {
    let Some((agreement, way)) = agreement.zip(rule.alternatives.get(place)) else { return raw(out, "{}") };
    raw(out, "{\"rule\":");
    json_string(&rule.id, out);
    raw(out, ",\"text\":");
    json_string(agreement.text(way), out);
    let head = &agreement.head;
    let article = way.article.as_ref().or(rule.article.as_ref()).or(head.article.as_ref());
    let source = way.source.as_ref().or(rule.source.as_ref()).or(head.source.as_ref());
    for (name, text) in [("article", article), ("source", source)] {
        if let Some(text) = text {
            raw(out, &format!(",\"{name}\":"));
            json_string(text, out);
        }
    }
    out.push(b'}');
}

/// Appends a list.
pub(super) fn list<T>(out: &mut Vec<u8>, items: impl Iterator<Item = T>, mut write: impl FnMut(&mut Vec<u8>, T)) {
    out.push(b'[');
    for (i, item) in items.enumerate() {
        if i > 0 {
            out.push(b',');
        }
        write(out, item);
    }
    out.push(b']');
}

pub(super) fn text_or_null(out: &mut Vec<u8>, text: Option<&str>) {
    match text {
        Some(text) => json_string(text, out),
        None => raw(out, "null"),
    }
}

pub(super) fn raw(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}
