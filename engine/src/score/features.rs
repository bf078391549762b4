//! The features of a model: their names, how to find them, their categories, their rounding and how they are printed.

use super::categories::{Categories, MAX_CATEGORIES, text_of};
use super::decimals::{Decimals, MAX_DECIMALS, POWERS};
use super::number::{self, Spelled};
use super::{MAX_FEATURES, MAX_NAME};
use crate::json::json_string;
use crate::{Error, Result};

/// Mark of a feature that is not rounded.
pub(super) const EXACT: u8 = u8::MAX;

/// The decimals that a file declares for a feature, or [`EXACT`] if it declares none.
///
/// # Errors
/// [`Error::BadInput`] when there are more than 9.
pub(super) fn declared(decimals: Option<u8>) -> Result<u8> {
    match decimals {
        Some(decimals) if decimals > MAX_DECIMALS => Err(Error::bad_whole("decimals are a number from 0 to 9")),
        decimals => Ok(decimals.unwrap_or(EXACT)),
    }
}

/// The text before and after a name in a contribution.
const OPEN: &[u8] = b",{\"feature\":";
const CLOSE: &[u8] = b",\"value\":";

/// The features in the order of the model. Names are unique.
#[derive(Debug)]
pub(super) struct Features {
    names: Box<[Box<str>]>,
    /// Decimals of each feature, or [`EXACT`].
    decimals: Box<[u8]>,
    /// Indices of the features, sorted by name.
    sorted: Box<[u32]>,
    /// For every feature, the beginning of its contribution in a document: [`OPEN`], the name as a JSON string,
    /// [`CLOSE`].
    printed: Box<[u8]>,
    /// For every feature, the end of its text in `printed`.
    ends: Box<[u32]>,
    /// The categories of each feature that has them; empty if no feature has.
    categories: Box<[Option<Categories>]>,
    /// A number that stands for a missing value.
    marker: Option<Marker>,
}

/// A number that stands for a missing value in every feature.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Marker {
    pub(super) number: f64,
    /// Whether numbers that are equal as `f32` are equal, as in XGBoost.
    pub(super) is_single: bool,
}

impl Marker {
    fn is(self, number: f64) -> bool {
        number == self.number || self.is_single && number as f32 == self.number as f32
    }
}

impl Features {
    /// Fails with a reason when there are no features or too many, or when a name is empty, too long or repeated.
    pub(super) fn new(names: Vec<Box<str>>, decimals: Vec<u8>) -> Result<Self, &'static str> {
        if names.is_empty() || names.len() > MAX_FEATURES {
            return Err("a model has 1 to 4096 features");
        }
        if decimals.len() != names.len() || decimals.iter().any(|&d| d > MAX_DECIMALS && d != EXACT) {
            return Err("decimals are a number from 0 to 9");
        }
        if names.iter().any(|name| name.is_empty() || name.len() > MAX_NAME) {
            return Err("the name of a feature has 1 to 256 bytes");
        }
        let mut sorted: Vec<u32> = (0..names.len() as u32).collect();
        sorted.sort_unstable_by_key(|&i| &names[i as usize]);
        if sorted.windows(2).any(|pair| names[pair[0] as usize] == names[pair[1] as usize]) {
            return Err("two features have the same name");
        }
        let (mut printed, mut ends) = (Vec::new(), Vec::with_capacity(names.len()));
        for name in &names {
            printed.extend_from_slice(OPEN);
            json_string(name, &mut printed);
            printed.extend_from_slice(CLOSE);
            // At most 4096 names of at most 6 * 256 + 2 bytes.
            ends.push(printed.len() as u32);
        }
        Ok(Self {
            names: names.into(),
            decimals: decimals.into(),
            sorted: sorted.into(),
            printed: printed.into(),
            ends: ends.into(),
            categories: Box::default(),
            marker: None,
        })
    }

    /// Sets the categories of each feature. Fails with a reason when there are too many, or lists for other features.
    pub(super) fn set_categories(&mut self, lists: Vec<Option<Categories>>) -> Result<(), &'static str> {
        if lists.iter().all(Option::is_none) {
            self.categories = Box::default();
            return Ok(());
        }
        if lists.len() != self.len() {
            return Err("the lists of categories do not fit the features");
        }
        if lists.iter().flatten().map(|list| list.names().len()).sum::<usize>() > MAX_CATEGORIES {
            return Err("a model has at most 1048576 categories");
        }
        for (decimals, list) in self.decimals.iter_mut().zip(&lists) {
            if list.is_some() {
                *decimals = EXACT;
            }
        }
        self.categories = lists.into();
        Ok(())
    }

    /// Sets the number that stands for a missing value.
    pub(super) fn set_marker(&mut self, marker: Option<Marker>) {
        self.marker = marker;
    }

    pub(super) fn marker(&self) -> Option<Marker> {
        self.marker
    }

    /// The categories of a feature.
    pub(super) fn categories(&self, i: usize) -> Option<&Categories> {
        self.categories.get(i)?.as_ref()
    }

    /// The number of features with categories.
    pub(super) fn with_categories(&self) -> usize {
        self.categories.iter().flatten().count()
    }

    /// Whether numbers of a row are used as they are.
    pub(super) fn is_plain(&self) -> bool {
        self.categories.is_empty() && self.marker.is_none()
    }

    /// The value of a number of a row: missing if it is the marker, the place of its category if the feature has
    /// categories.
    ///
    /// # Errors
    /// [`Error::Invalid`] when no category has the number and the model refuses such rows.
    pub(super) fn number(&self, i: usize, number: Spelled) -> Result<Spelled> {
        if self.is_plain() || number == Spelled::Missing {
            return Ok(number);
        }
        if self.marker.is_some_and(|marker| marker.is(number.value())) {
            return Ok(Spelled::Missing);
        }
        match self.categories(i) {
            Some(categories) => categories.number(number.value()).ok_or_else(|| self.unseen(i)),
            None => Ok(number),
        }
    }

    /// The value of a text of a row: the place of its category.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the feature has no categories, or the text is none of them and the model refuses such
    /// rows.
    pub(super) fn text(&self, i: usize, text: &str) -> Result<Spelled> {
        match self.categories(i) {
            Some(categories) => categories.text(text).ok_or_else(|| self.unseen(i)),
            None => Err(Error::Invalid(format!("feature {} takes numbers, no text", self.shown(i)).into())),
        }
    }

    /// The value of the word after `name=`.
    ///
    /// # Errors
    /// [`Error::Invalid`].
    pub(super) fn word(&self, i: usize, word: &[u8]) -> Result<Spelled> {
        let Some(categories) = self.categories(i) else { return self.number(i, number::read(word)?) };
        let text = std::str::from_utf8(word).map_err(|_| self.unseen(i))?;
        match categories.text(text) {
            // A category may have the name `nan`.
            Some(found @ Spelled::Category(place)) if (place as usize) < categories.names().len() => Ok(found),
            other => match number::read(word) {
                // `7.0` is the number 7 here, as in JSON.
                Ok(number) => self.number(i, number),
                Err(_) => other.ok_or_else(|| self.unseen(i)),
            },
        }
    }

    fn unseen(&self, i: usize) -> Error {
        Error::Invalid(format!("feature {} has no such category", self.shown(i)).into())
    }

    /// Replaces the declared decimals by those of the option.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a name that is not a feature.
    pub(super) fn set_decimals(&mut self, decimals: &Decimals) -> Result<()> {
        match decimals {
            Decimals::All(all) => {
                for (i, decimals) in self.decimals.iter_mut().enumerate() {
                    if self.categories.get(i).is_none_or(Option::is_none) {
                        *decimals = *all;
                    }
                }
            }
            Decimals::Each(each) => {
                for (name, &decimals) in each {
                    let i = self.find(name.as_bytes(), 0).ok_or_else(|| {
                        Error::Invalid("DECIMALS names a feature that the model does not have".into())
                    })?;
                    if self.categories(i).is_some() {
                        return Err(Error::Invalid("DECIMALS names a feature that has categories".into()));
                    }
                    self.decimals[i] = decimals;
                }
            }
        }
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    pub(super) fn names(&self) -> &[Box<str>] {
        &self.names
    }

    /// The decimals of a feature, or [`EXACT`].
    pub(super) fn decimals(&self, i: usize) -> u8 {
        self.decimals[i]
    }

    /// The distance between two neighbouring rounded values of a feature; `None` if it is not rounded.
    pub(super) fn step(&self, i: usize) -> Option<f64> {
        POWERS.get(usize::from(self.decimals[i])).map(|power| 1.0 / power)
    }

    /// The decimals as text for people.
    pub(super) fn decimals_text(&self) -> String {
        let first = self.decimals[0];
        match self.decimals.iter().all(|&decimals| decimals == first) {
            true if first == EXACT => "none".into(),
            true => first.to_string(),
            false => {
                let rounded = self.decimals.iter().filter(|&&decimals| decimals != EXACT).count();
                format!("by feature ({rounded} of {} rounded)", self.len())
            }
        }
    }

    /// What stands for a missing value, besides `null`, as text for people.
    pub(super) fn missing_text(&self) -> String {
        self.marker.map_or_else(|| "nan".into(), |marker| text_of(marker.number))
    }

    /// The index of a name. `hint` is tried first, because most clients send features in the order of the model.
    pub(super) fn find(&self, name: &[u8], hint: usize) -> Option<usize> {
        if self.names.get(hint).is_some_and(|next| next.as_bytes() == name) {
            return Some(hint);
        }
        let found = self.sorted.binary_search_by(|&i| self.names[i as usize].as_bytes().cmp(name)).ok()?;
        Some(self.sorted[found] as usize)
    }

    /// The name as a JSON string.
    pub(super) fn printed(&self, i: usize) -> &[u8] {
        let whole = self.contribution(i);
        &whole[OPEN.len()..whole.len() - CLOSE.len()]
    }

    /// `,{"feature":"name","value":`.
    pub(super) fn contribution(&self, i: usize) -> &[u8] {
        let start = i.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        &self.printed[start..self.ends[i] as usize]
    }

    /// The name for an error text: the name itself if it is short and has plain characters only, else its number.
    pub(super) fn shown(&self, i: usize) -> String {
        let name = &self.names[i];
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:@-".contains(&byte);
        if name.len() <= 64 && name.bytes().all(plain) { name.to_string() } else { format!("number {}", i + 1) }
    }

    pub(super) fn bytes(&self) -> u64 {
        let names: usize = self.names.iter().map(|name| name.len() + size_of::<Box<str>>()).sum();
        let lists: u64 = self.categories.iter().flatten().map(Categories::bytes).sum();
        lists + (names + self.printed.len() + self.len() * 9) as u64
    }
}
