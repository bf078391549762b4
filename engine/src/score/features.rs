//! The features of a model: their names, how to find them, their rounding and how they are printed.

use super::decimals::{Decimals, MAX_DECIMALS, POWERS};
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
        })
    }

    /// Replaces the declared decimals by those of the option.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a name that is not a feature.
    pub(super) fn set_decimals(&mut self, decimals: &Decimals) -> Result<()> {
        match decimals {
            Decimals::All(all) => self.decimals.fill(*all),
            Decimals::Each(each) => {
                for (name, &decimals) in each {
                    let i = self.find(name.as_bytes(), 0).ok_or_else(|| {
                        Error::Invalid("DECIMALS names a feature that the model does not have".into())
                    })?;
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
        (names + self.printed.len() + self.len() * 9) as u64
    }
}
