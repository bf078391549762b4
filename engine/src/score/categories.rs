//! Categories of a feature: its values are names, and the machine gets the place of a name in the list.
//!
//! A name is a text or a number. A text of a row is looked up among the texts, then, if it reads as a number, among the
//! numbers; a number of a row is looked up among the numbers, then, as text, among the texts (`1003` finds `"1003"`).
//! A number of a row is therefore never the place of a name.

use std::cmp::Ordering;

use super::number::{self, Spelled};
use crate::json::json_string;

/// Maximum number of categories of all features of a model.
pub(super) const MAX_CATEGORIES: usize = 1 << 20;

/// Maximum length of the name of a category, in bytes.
pub(super) const MAX_CATEGORY: usize = 1024;

/// The name of a category.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Category {
    Text(Box<str>),
    Number(f64),
}

impl Category {
    /// Texts by their bytes, then numbers by their value.
    fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::Text(_), Self::Number(_)) => Ordering::Less,
            (Self::Number(_), Self::Text(_)) => Ordering::Greater,
        }
    }
}

/// What a value is that no category has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unseen {
    /// A missing value.
    Missing,
    /// An error.
    Refused,
    /// A value of its own, the same for all of them: its place is the number of names.
    Other,
}

impl Unseen {
    /// All of them; the index is the code in the byte form.
    pub(super) const ALL: [Self; 3] = [Self::Missing, Self::Refused, Self::Other];
}

/// The categories of a feature, in the order of their places.
#[derive(Debug, Clone)]
pub(super) struct Categories {
    names: Box<[Category]>,
    /// The places in the order of [`Category::order`].
    sorted: Box<[u32]>,
    unseen: Unseen,
}

impl Categories {
    /// Fails with a reason when there is no name, when there are too many, or when one is too long, repeated or not finite.
    pub(super) fn new(mut names: Vec<Category>, unseen: Unseen) -> Result<Self, &'static str> {
        if names.is_empty() || names.len() > MAX_CATEGORIES {
            return Err("a feature has 1 to 1048576 categories");
        }
        for name in &mut names {
            match name {
                Category::Text(text) if text.len() > MAX_CATEGORY => {
                    return Err("the name of a category has at most 1024 bytes");
                }
                Category::Number(number) if !number.is_finite() => return Err("a category is not a finite number"),
                // A negative zero is the same category as zero.
                Category::Number(number) => *number += 0.0,
                Category::Text(_) => {}
            }
        }
        let mut sorted: Vec<u32> = (0..names.len() as u32).collect();
        sorted.sort_unstable_by(|&a, &b| names[a as usize].order(&names[b as usize]));
        if sorted.windows(2).any(|pair| names[pair[0] as usize] == names[pair[1] as usize]) {
            return Err("two categories of a feature have the same name");
        }
        Ok(Self { names: names.into(), sorted: sorted.into(), unseen })
    }

    pub(super) fn names(&self) -> &[Category] {
        &self.names
    }

    pub(super) fn unseen(&self) -> Unseen {
        self.unseen
    }

    /// Whether some name can be written as a number, so that rows of numbers can have it.
    pub(super) fn has_numbers(&self) -> bool {
        self.names.iter().any(|name| match name {
            Category::Number(_) => true,
            Category::Text(text) => number::read(text.as_bytes()).is_ok_and(|number| number != Spelled::Missing),
        })
    }

    fn find(&self, order: impl Fn(&Category) -> Ordering) -> Option<u32> {
        let at = self.sorted.binary_search_by(|&place| order(&self.names[place as usize])).ok()?;
        Some(self.sorted[at])
    }

    fn of_text(&self, text: &str) -> Option<u32> {
        self.find(|name| match name {
            Category::Text(name) => (**name).cmp(text),
            Category::Number(_) => Ordering::Greater,
        })
    }

    fn of_number(&self, number: f64) -> Option<u32> {
        self.find(|name| match name {
            Category::Text(_) => Ordering::Less,
            Category::Number(name) => name.total_cmp(&(number + 0.0)),
        })
    }

    /// The value of a text; `None` if rows with it are refused.
    pub(super) fn text(&self, text: &str) -> Option<Spelled> {
        let found = self.of_text(text).or_else(|| match number::read(text.as_bytes()) {
            Ok(Spelled::Missing) | Err(_) => None,
            Ok(number) => self.of_number(number.value()),
        });
        self.value(found)
    }

    /// The value of a number; `None` if rows with it are refused.
    pub(super) fn number(&self, number: f64) -> Option<Spelled> {
        if number.is_nan() {
            return Some(Spelled::Missing);
        }
        let found = self.of_number(number).or_else(|| self.of_text(&text_of(number)));
        self.value(found)
    }

    fn value(&self, found: Option<u32>) -> Option<Spelled> {
        match (found, self.unseen) {
            (Some(place), _) => Some(Spelled::Category(place)),
            (None, Unseen::Missing) => Some(Spelled::Missing),
            (None, Unseen::Refused) => None,
            (None, Unseen::Other) => Some(Spelled::Category(self.names.len() as u32)),
        }
    }

    /// Appends the name of a place as JSON: `"(unseen)"` for the place after the last.
    pub(super) fn write(&self, place: f64, out: &mut Vec<u8>) {
        match self.names.get(place as usize) {
            Some(Category::Text(name)) => json_string(name, out),
            Some(&Category::Number(number)) => out.extend_from_slice(text_of(number).as_bytes()),
            None => out.extend_from_slice(b"\"(unseen)\""),
        }
    }

    /// Bytes of memory in use.
    pub(super) fn bytes(&self) -> u64 {
        let text = |name: &Category| if let Category::Text(text) = name { text.len() } else { 0 };
        let texts: usize = self.names.iter().map(text).sum();
        (size_of::<Self>() + texts + self.names.len() * (size_of::<Category>() + 4)) as u64
    }
}

/// A number as people write it: whole numbers without a point.
pub(super) fn text_of(number: f64) -> String {
    // Larger whole numbers are not exact.
    const LARGEST: f64 = (1u64 << 53) as f64;
    if number.fract() == 0.0 && number.abs() <= LARGEST {
        return (number as i64).to_string();
    }
    let mut text = Vec::new();
    number::write(number, &mut text);
    String::from_utf8(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn categories(names: &[&str], numbers: &[f64], unseen: Unseen) -> Categories {
        let texts = names.iter().map(|&name| Category::Text(name.into()));
        let numbers = numbers.iter().map(|&number| Category::Number(number));
        Categories::new(texts.chain(numbers).collect(), unseen).expect("names that differ")
    }

    #[test]
    fn texts_and_numbers_find_each_other() {
        let all = categories(&["b", "a", "1003", ""], &[7.0, 0.5, -0.0], Unseen::Refused);
        for (text, place) in [("b", 0), ("a", 1), ("1003", 2), ("", 3), ("7", 4), ("7.0", 4), ("0.5", 5), ("-0", 6)] {
            assert_eq!(all.text(text), Some(Spelled::Category(place)), "{text}");
        }
        for (number, place) in [(1003.0, 2), (7.0, 4), (0.5, 5), (0.0, 6), (-0.0, 6)] {
            assert_eq!(all.number(number), Some(Spelled::Category(place)), "{number}");
        }
        // A number is never a place.
        assert_eq!(all.number(1.0), None);
        assert_eq!(all.text("A"), None);
        assert_eq!(all.text("nan"), None);
        assert_eq!(all.number(f64::NAN), Some(Spelled::Missing));
    }

    #[test]
    fn unseen_values_are_what_the_library_takes_them_for() {
        assert_eq!(categories(&["a"], &[], Unseen::Missing).text("b"), Some(Spelled::Missing));
        assert_eq!(categories(&["a"], &[], Unseen::Refused).text("b"), None);
        let other = categories(&["a"], &[], Unseen::Other);
        assert_eq!(other.text("b"), Some(Spelled::Category(1)));
        assert_eq!(other.number(1e300), Some(Spelled::Category(1)));
    }

    #[test]
    fn names_are_written_as_people_write_them() {
        let all = categories(&["say \"hi\""], &[1003.0, 0.5], Unseen::Other);
        let mut out = Vec::new();
        for place in [0.0, 1.0, 2.0, 3.0] {
            all.write(place, &mut out);
            out.push(b' ');
        }
        assert_eq!(String::from_utf8(out).expect("UTF-8"), r#""say \"hi\"" 1003 0.5 "(unseen)" "#);
    }

    #[test]
    fn names_that_cannot_be_told_apart_are_refused() {
        let text = |name: &str| Category::Text(name.into());
        assert!(Categories::new(vec![], Unseen::Other).is_err());
        assert!(Categories::new(vec![text("a"), text("a")], Unseen::Other).is_err());
        assert!(Categories::new(vec![Category::Number(0.0), Category::Number(-0.0)], Unseen::Other).is_err());
        assert!(Categories::new(vec![Category::Number(f64::NAN)], Unseen::Other).is_err());
        assert!(Categories::new(vec![text(&"x".repeat(1025))], Unseen::Other).is_err());
    }
}
