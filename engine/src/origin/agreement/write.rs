//! Writes the parts of an agreement as JSON that the readers accept. The records of the byte form contain this JSON.

use super::{Agreement, Alternative, Patch, Rule, Tolerance, Validity};
use crate::Day;
use crate::json::json_string;

impl Rule {
    /// Appends the rule.
    pub(in crate::origin) fn write(&self, out: &mut Vec<u8>) {
        open(out, "id", &self.id);
        out.extend_from_slice(
            format!(",\"from\":\"{:06}\",\"to\":\"{:06}\"", self.range.from, self.range.to).as_bytes(),
        );
        text_field(out, "subdivision", self.subdivision.as_deref());
        days(out, &self.validity);
        if self.priority != 0 {
            out.extend_from_slice(format!(",\"priority\":{}", self.priority).as_bytes());
        }
        text_field(out, "article", self.article.as_deref());
        text_field(out, "source", self.source.as_deref());
        ways(out, &self.alternatives);
        out.push(b'}');
    }
}

impl Patch {
    /// Appends the changes of the rule with this id.
    pub(in crate::origin) fn write(&self, rule: &str, out: &mut Vec<u8>) {
        open(out, "id", rule);
        for (name, day) in [("valid_from", self.from), ("valid_to", self.to)] {
            match day {
                None => {}
                Some(None) => out.extend_from_slice(format!(",\"{name}\":null").as_bytes()),
                Some(Some(day)) => day_field(out, name, Some(day)),
            }
        }
        if let Some(alternatives) = &self.alternatives {
            ways(out, alternatives);
        }
        out.push(b'}');
    }
}

impl Agreement {
    /// Appends the data of the agreement without parties, cumulation and macros.
    pub(in crate::origin) fn write_head(&self, out: &mut Vec<u8>) {
        let head = &self.head;
        open(out, "agreement", &head.id);
        text_field(out, "title", Some(&head.title));
        if let Some(year) = head.hs_version {
            out.extend_from_slice(format!(",\"hs_version\":{year}").as_bytes());
        }
        days(out, &head.validity);
        if let Some(tolerance) = &head.tolerance {
            out.extend_from_slice(b",\"tolerance\":");
            tolerance.write(out);
        }
        text_field(out, "article", head.article.as_deref());
        text_field(out, "source", head.source.as_deref());
        out.push(b'}');
    }
}

impl Tolerance {
    fn write(&self, out: &mut Vec<u8>) {
        let mut fields = Vec::new();
        if let Some((percent, base)) = &self.value {
            fields.push(format!("\"base\":\"{}\",\"pct\":{percent}", base.shown()));
        }
        if let Some(percent) = &self.weight {
            fields.push(format!("\"weight_pct\":{percent}"));
        }
        for (name, chapters) in [("weight_chapters", &self.weight_chapters), ("not_chapters", &self.not_chapters)] {
            if !chapters.is_empty() {
                let chapters: Vec<_> = chapters.iter().map(|chapter| format!("\"{chapter:02}\"")).collect();
                fields.push(format!("\"{name}\":[{}]", chapters.join(",")));
            }
        }
        out.extend_from_slice(format!("{{{}}}", fields.join(",")).as_bytes());
    }
}

/// Appends a list of names.
pub(in crate::origin) fn write_names<'a>(names: impl IntoIterator<Item = &'a str>, out: &mut Vec<u8>) {
    out.push(b'[');
    for (i, name) in names.into_iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        json_string(name, out);
    }
    out.push(b']');
}

fn open(out: &mut Vec<u8>, name: &str, text: &str) {
    out.extend_from_slice(format!("{{\"{name}\":").as_bytes());
    json_string(text, out);
}

fn text_field(out: &mut Vec<u8>, name: &str, text: Option<&str>) {
    if let Some(text) = text {
        out.extend_from_slice(format!(",\"{name}\":").as_bytes());
        json_string(text, out);
    }
}

fn day_field(out: &mut Vec<u8>, name: &str, day: Option<Day>) {
    if let Some(day) = day {
        out.extend_from_slice(format!(",\"{name}\":\"{day}\"").as_bytes());
    }
}

fn days(out: &mut Vec<u8>, validity: &Validity) {
    day_field(out, "valid_from", validity.from);
    day_field(out, "valid_to", validity.to);
}

fn ways(out: &mut Vec<u8>, ways: &[Alternative]) {
    out.extend_from_slice(b",\"alternatives\":");
    for (i, way) in ways.iter().enumerate() {
        out.extend_from_slice(if i == 0 { b"[" } else { b"," });
        out.extend_from_slice(format!("{{\"t\":{}", way.text).as_bytes());
        if let Some(expr) = &way.expr {
            out.extend_from_slice(b",\"expr\":");
            expr.write(out);
        }
        if way.verified {
            out.extend_from_slice(b",\"verified\":true");
        }
        text_field(out, "article", way.article.as_deref());
        text_field(out, "source", way.source.as_deref());
        out.push(b'}');
    }
    out.push(b']');
}
