//! Codes that are added to a nomenclature, all or none.

use std::collections::BTreeMap;

use super::section::section_number;
use super::{Code, MAX_DESCRIPTION, MAX_ROWS, MAX_SECTION, Nomenclature, Refused};
use crate::origin::json::{Fault, Json};
use crate::{Error, Progress, Result};

/// Codes with descriptions, as a document lists them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Items(BTreeMap<Code, Item>);

#[derive(Debug, Clone, PartialEq)]
struct Item {
    description: Box<str>,
    section: Option<Box<str>>,
}

/// Items between two checks for cancellation.
const STRIDE: usize = 1024;

impl Items {
    /// Reads a JSON object with `items`, a list of objects with `code`, `description` and, optional, `section`. Its other
    /// fields are skipped.
    ///
    /// # Errors
    /// [`Error::BadInput`] with the line, [`Error::Cancelled`].
    pub fn read(document: &[u8], progress: &Progress) -> Result<Self> {
        let (mut items, mut cancelled) = (Self::default(), None);
        let mut read = || {
            let mut json = Json::new(document)?;
            json.object(|json, name| match name {
                "items" => json.list(|json| {
                    if items.len() % STRIDE == 0 && cancelled.is_none() {
                        cancelled = progress.check().err();
                    }
                    if cancelled.is_some() {
                        return json.refuse("cancelled");
                    }
                    item(json, &mut items)
                }),
                _ => json.skip(),
            })?;
            json.end()
        };
        let read: std::result::Result<(), Fault> = read();
        if let Some(error) = cancelled {
            return Err(error);
        }
        read.map_err(|fault| fault.in_file(document))?;
        if items.is_empty() { Err(Error::bad_whole("the document lists no codes in items")) } else { Ok(items) }
    }

    /// The number of codes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no codes. Documents without codes are refused.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a code.
    pub(super) fn push(&mut self, code: Code, description: &str, section: Option<&str>) -> Result<(), Refused> {
        let description = description.trim();
        if !(1..=MAX_DESCRIPTION).contains(&description.len()) || description.contains(char::is_control) {
            return Err("a description has 1 to 4096 bytes without control characters");
        }
        if section.is_some_and(|section| !(1..=MAX_SECTION).contains(&section.len())) {
            return Err("the id of a section is 1 to 16 bytes long");
        }
        if self.0.len() == MAX_ROWS {
            return Err("the document lists more than 100000 codes");
        }
        let item = Item { description: description.into(), section: section.map(Into::into) };
        match self.0.insert(code, item) {
            Some(_) => Err("the code occurs twice"),
            None => Ok(()),
        }
    }
}

fn item(json: &mut Json<'_>, items: &mut Items) -> std::result::Result<(), Fault> {
    let (mut code, mut description, mut section) = (None, None, None);
    json.object(|json, name| {
        match name {
            "code" => {
                let text = json.text()?;
                code = Some(Code::read(text.as_bytes()).map_err(|reason| json.fault(reason))?);
            }
            "description" => description = Some(json.text()?),
            "section" => section = Some(json.text()?),
            name => return json.unknown("an item has only code, description and section", name),
        }
        Ok(())
    })?;
    let (Some(code), Some(description)) = (code, description) else {
        return json.refuse("an item needs code and description");
    };
    items.push(code, &description, section.as_deref()).map_err(|reason| json.fault(reason))
}

impl Nomenclature {
    /// The nomenclature with these codes added; they replace the descriptions of codes that it has. A new code is below
    /// the longest code that it begins with.
    ///
    /// # Errors
    /// [`Error::Invalid`].
    pub(in crate::origin) fn with_items(before: Option<&Self>, items: &Items) -> Result<Self> {
        let mut rows: BTreeMap<Code, (String, &str, Option<Code>)> = BTreeMap::new();
        let mut title = "".into();
        if let Some(before) = before {
            title = before.title.clone();
            for (at, row) in before.rows.iter().enumerate() {
                let parent = row.parent.map(|parent| before.rows[parent as usize].code);
                rows.insert(row.code, (before.section_of(at).to_owned(), before.description_of(at), parent));
            }
        }
        for (code, item) in &items.0 {
            let parent = parent_of(code, |parent| rows.contains_key(parent) || items.0.contains_key(parent));
            let old = rows.get(code).map(|(section, ..)| section.clone());
            let of_parent = || parent.and_then(|parent| rows.get(&parent)).map(|(section, ..)| section.clone());
            let given = item.section.as_deref().map(str::to_owned);
            let section = given.or(old).or_else(of_parent).unwrap_or_else(|| usual_section(code).to_owned());
            rows.insert(*code, (section, &item.description, parent));
        }
        let refused = |reason: &'static str| Error::Invalid(reason.into());
        let mut made = Self::empty(title, Vec::new());
        for (code, (section, description, parent)) in &rows {
            let section = section_number(&mut made.sections, section).map_err(refused)?;
            made.push(section, *code, description, *parent).map_err(refused)?;
        }
        Ok(made)
    }
}

impl Nomenclature {
    /// The nomenclature with the codes of a country's table. The codes of at most six digits stay as they are if they are
    /// those of a nomenclature with a title; all other codes are replaced.
    ///
    /// # Errors
    /// [`Error::Invalid`].
    pub(in crate::origin) fn with_national(before: Option<&Self>, items: &Items) -> Result<Self> {
        let Some(before) = before.filter(|before| !before.title.is_empty()) else {
            return Self::with_items(None, items);
        };
        let refused = |reason: &'static str| Error::Invalid(reason.into());
        let mut tree = Self::empty(before.title.clone(), before.sections.clone());
        for (at, row) in before.rows.iter().enumerate().filter(|(_, row)| row.code.level() <= 6) {
            let parent = row.parent.map(|parent| before.rows[parent as usize].code);
            tree.push(row.section, row.code, before.description_of(at), parent).map_err(refused)?;
        }
        let added = items.0.iter().filter(|(code, _)| !tree.knows(code));
        let added = Items(added.map(|(code, item)| (*code, item.clone())).collect());
        Self::with_items(Some(&tree), &added)
    }
}

/// The longest code that a code begins with.
fn parent_of(code: &Code, is_known: impl Fn(&Code) -> bool) -> Option<Code> {
    code.shorter(2).find(is_known)
}

/// The section of the Harmonized System that contains the chapter of a code.
fn usual_section(code: &Code) -> &'static str {
    /// The last chapter of each section.
    const LAST: [(&str, &str); 21] = [
        ("05", "I"),
        ("14", "II"),
        ("15", "III"),
        ("24", "IV"),
        ("27", "V"),
        ("38", "VI"),
        ("40", "VII"),
        ("43", "VIII"),
        ("46", "IX"),
        ("49", "X"),
        ("63", "XI"),
        ("67", "XII"),
        ("70", "XIII"),
        ("71", "XIV"),
        ("83", "XV"),
        ("85", "XVI"),
        ("89", "XVII"),
        ("92", "XVIII"),
        ("93", "XIX"),
        ("96", "XX"),
        ("97", "XXI"),
    ];
    let chapter = &code.as_str()[..2];
    LAST.iter().find(|(last, _)| chapter <= *last).map_or("XXII", |(_, section)| section)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Items> {
        Items::read(text.as_bytes(), &Progress::default())
    }

    fn hs(code: &str) -> Code {
        Code::read(code.as_bytes()).unwrap()
    }

    #[test]
    fn codes_are_added_below_the_longest_known_code() {
        let items = read(
            r#"{"model":"roo","items":[{"code":"8471.30","description":"Portable machines"},{"code":"84","description":"Machinery"}]}"#,
        );
        let first = Nomenclature::with_items(None, &items.unwrap()).unwrap();
        assert_eq!(first.parents(&hs("8471.30")), [hs("84")]);
        assert_eq!((first.rows(), first.section(&hs("8471.30"))), (2, Some("XVI")));
        // A heading that is added later is the parent of new codes; known codes keep theirs until they are given again.
        let items = read(
            r#"{"items":[{"code":"8471","description":"Computers"},{"code":"847141","description":"Others"},
                {"code":"84","description":"Reactors","section":"16"}]}"#,
        );
        let second = Nomenclature::with_items(Some(&first), &items.unwrap()).unwrap();
        assert_eq!(second.parents(&hs("847141")), [hs("8471"), hs("84")]);
        assert_eq!(second.description(&hs("84")), Some("Reactors"));
        assert_eq!(second.description(&hs("847130")), Some("Portable machines"));
        assert_eq!((second.rows(), second.section(&hs("84"))), (4, Some("16")));
    }

    #[test]
    fn a_wrong_item_refuses_all_with_its_line() {
        for (text, named) in [
            ("[]", "an object is expected"),
            ("{}", "lists no codes"),
            (r#"{"items":[{"code":"84"}]}"#, "needs code and description"),
            (r#"{"items":[{"code":"x","description":"a"}]}"#, "a code is 2 to 12 digits"),
            (r#"{"items":[{"code":"84","description":""}]}"#, "a description has"),
            (r#"{"items":[{"code":"84","description":"a","x":1}]}"#, "only code, description and section: x"),
            (
                "{\"items\":[{\"code\":\"847130\",\"description\":\"a\"},\n{\"code\":\"8471.30\",\"description\":\"a\"}]}",
                "line 2",
            ),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(named), "{text}: {error}");
        }
    }
}
