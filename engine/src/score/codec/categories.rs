//! The records of categories: for every feature with categories, in order, `u32` feature, `u8` what unseen values are and
//! `u32` number of names; then each name: `u8` 0 and a text, or `u8` 1 and an `f64`.

use super::records::{Reader, Records};
use crate::score::categories::{Categories, Category, MAX_CATEGORIES, MAX_CATEGORY, Unseen};
use crate::score::features::Features;
use crate::{Error, Result};

const TEXT: u8 = 0;
const NUMBER: u8 = 1;

/// Appends the records.
pub(super) fn encode(features: &Features, records: &mut Records) {
    let mut record = Vec::new();
    for i in 0..features.len() {
        let Some(categories) = features.categories(i) else { continue };
        record.clear();
        record.extend_from_slice(&(i as u32).to_le_bytes());
        record.push(Unseen::ALL.iter().position(|&one| one == categories.unseen()).expect("ALL contains all") as u8);
        record.extend_from_slice(&(categories.names().len() as u32).to_le_bytes());
        records.push(&record);
        for name in categories.names() {
            record.clear();
            match name {
                Category::Text(text) => {
                    record.push(TEXT);
                    record.extend_from_slice(text.as_bytes());
                }
                Category::Number(number) => {
                    record.push(NUMBER);
                    record.extend_from_slice(&number.to_le_bytes());
                }
            }
            records.push(&record);
        }
    }
}

/// Categories that are being read.
#[derive(Debug, Default)]
pub(super) struct CategoriesDecoder {
    lists: Vec<Option<Categories>>,
    /// The list that is being read: what unseen values are, the number of names, the names.
    open: Option<(Unseen, usize, Vec<Category>)>,
    total: usize,
    held: u64,
}

impl CategoriesDecoder {
    /// Reads the next record of a model with this number of features.
    pub(super) fn push(&mut self, record: &[u8], features: usize) -> Result<()> {
        let Some((unseen, count, names)) = &mut self.open else {
            let mut reader = Reader(record);
            let feature = reader.count()? as usize;
            let unseen = reader.coded(&Unseen::ALL)?;
            let count = reader.count()? as usize;
            reader.end()?;
            self.total = self.total.saturating_add(count);
            if feature < self.lists.len() || feature >= features || count == 0 || self.total > MAX_CATEGORIES {
                return Err(Error::Corrupt("a list of categories contradicts the header"));
            }
            self.held += ((feature + 1 - self.lists.len()) * size_of::<Option<Categories>>()) as u64;
            self.lists.resize(feature, None);
            self.open = Some((unseen, count, Vec::new()));
            return Ok(());
        };
        names.push(match record.split_first() {
            Some((&TEXT, text)) if text.len() <= MAX_CATEGORY => {
                Category::Text(std::str::from_utf8(text).map_err(|_| Error::Corrupt("a category is not UTF-8"))?.into())
            }
            Some((&NUMBER, bytes)) => {
                let mut reader = Reader(bytes);
                let number = reader.number()?;
                reader.end()?;
                Category::Number(number)
            }
            _ => return Err(Error::Corrupt("a category is empty or too long")),
        });
        self.held += (record.len() + size_of::<Category>()) as u64;
        if names.len() == *count {
            let list = Categories::new(std::mem::take(names), *unseen).map_err(Error::Corrupt)?;
            self.lists.push(Some(list));
            self.open = None;
        }
        Ok(())
    }

    /// Returns the categories of each of the features, after every record was read.
    pub(super) fn finish(mut self, features: usize) -> Result<Vec<Option<Categories>>> {
        if self.open.is_some() {
            return Err(Error::Corrupt("categories are missing"));
        }
        self.lists.resize(features, None);
        Ok(self.lists)
    }

    /// Bytes of memory in use.
    pub(super) fn bytes(&self) -> u64 {
        self.held
    }
}
