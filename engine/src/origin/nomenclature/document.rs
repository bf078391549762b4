//! Writes a code as a JSON document.

use super::{Code, Nomenclature};
use crate::json::{json_dropped, json_string};
use crate::origin::sections::Sections;

impl Nomenclature {
    /// `{"code":..,"description":..,"level":..,"section":..,"section_name":..,"parent":..,"children":n}`. The name of
    /// the section and the parent are null if there is none. `None` for an unknown code.
    pub(in crate::origin) fn document(&self, code: &Code, sections: Option<&Sections>) -> Option<Vec<u8>> {
        let mut out = self.open_document(self.row(code)?, sections);
        out.push(b'}');
        Some(out)
    }

    /// The same document with the `score` of a search at the end, and the words that were `dropped`, if any.
    pub(in crate::origin) fn hit_document(
        &self,
        code: &Code,
        sections: Option<&Sections>,
        score: f64,
        dropped: &[String],
    ) -> Option<Vec<u8>> {
        let mut out = self.open_document(self.row(code)?, sections);
        out.extend_from_slice(b",\"score\":");
        serde_json::to_writer(&mut out, &score).expect("writing a number to memory cannot fail");
        json_dropped(dropped, &mut out);
        out.push(b'}');
        Some(out)
    }

    fn open_document(&self, number: usize, sections: Option<&Sections>) -> Vec<u8> {
        let row = &self.rows[number];
        let section = self.section_of(number);
        let mut out = Vec::with_capacity(384);
        out.extend_from_slice(b"{\"code\":");
        json_string(row.code.as_str(), &mut out);
        out.extend_from_slice(b",\"description\":");
        json_string(self.description_of(number), &mut out);
        out.extend_from_slice(format!(",\"level\":{},\"section\":", row.code.level()).as_bytes());
        json_string(section, &mut out);
        out.extend_from_slice(b",\"section_name\":");
        string_or_null(sections.and_then(|sections| sections.name(section)), &mut out);
        out.extend_from_slice(b",\"parent\":");
        string_or_null(row.parent.map(|parent| self.rows[parent as usize].code.as_str()), &mut out);
        out.extend_from_slice(format!(",\"children\":{}", row.children).as_bytes());
        out
    }
}

fn string_or_null(text: Option<&str>, out: &mut Vec<u8>) {
    match text {
        Some(text) => json_string(text, out),
        None => out.extend_from_slice(b"null"),
    }
}
