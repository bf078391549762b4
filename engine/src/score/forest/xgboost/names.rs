//! The names of categories (`cats`), which XGBoost writes from version 3.1 on.
//!
//! `enc` has an object for each feature. Texts are one array of bytes (`values`, signed numbers) and the `offsets` where each
//! begins, and the end of the last; whole numbers are `values` alone. A feature that is a number has no values.

use serde::Deserialize;

use crate::score::categories::{Categories, Category, Unseen};

/// The categories of a feature as the file has them.
#[derive(Deserialize)]
pub(super) struct Encoding {
    offsets: Option<Vec<usize>>,
    #[serde(default)]
    values: Vec<i64>,
}

impl Encoding {
    /// The categories; `None` for a feature that is a number. Fails with a reason when the lists contradict themselves.
    pub(super) fn categories(self) -> Result<Option<Categories>, &'static str> {
        const WRONG: &str = "a list of categories (cats) contradicts itself";
        let names: Vec<Category> = match self.offsets {
            None => self.values.iter().map(|&number| Category::Number(number as f64)).collect(),
            Some(offsets) => {
                let bytes: Option<Vec<u8>> = self
                    .values
                    .iter()
                    .map(|&byte| i8::try_from(byte).map(i8::cast_unsigned).or_else(|_| u8::try_from(byte)).ok())
                    .collect();
                let bytes = bytes.ok_or(WRONG)?;
                if offsets.last().is_some_and(|&end| end != bytes.len()) || offsets.first().is_some_and(|&at| at != 0) {
                    return Err(WRONG);
                }
                let name = |ends: &[usize]| {
                    let text = bytes.get(ends[0]..ends[1]).and_then(|text| std::str::from_utf8(text).ok());
                    text.map(|text| Category::Text(text.into())).ok_or(WRONG)
                };
                offsets.windows(2).map(name).collect::<Result<_, _>>()?
            }
        };
        // XGBoost refuses to predict a row with a category that is not in its list.
        if names.is_empty() { Ok(None) } else { Categories::new(names, Unseen::Refused).map(Some) }
    }
}
