//! Names of classes that come with a load.

use std::collections::HashSet;

use super::{MAX_CLASSES, MAX_NAME};
use crate::{Error, Result};

/// Maximum length of the text of `CLASSES`, in bytes. The text is parsed on the main thread.
const MAX_TEXT: usize = 256 << 10;

/// The names of classes, from the option `CLASSES`: in the order of the library's numbers of the classes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Classes(pub(super) Vec<Box<str>>);

impl Classes {
    /// Reads `low,high`, or a JSON array of texts.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::TooBig`].
    pub fn parse(text: &[u8]) -> Result<Self> {
        if text.len() > MAX_TEXT {
            return Err(Error::TooBig { what: "CLASSES, in bytes,", limit: MAX_TEXT as u64 });
        }
        let wrong =
            || Error::Invalid("CLASSES are names of classes between commas, or a JSON array of texts, in UTF-8".into());
        let names: Vec<Box<str>> = match text.trim_ascii() {
            text @ [b'[', ..] => serde_json::from_slice(text).map_err(|_| wrong())?,
            text => {
                let text = std::str::from_utf8(text).map_err(|_| wrong())?;
                text.split(',').map(|name| name.trim().into()).collect()
            }
        };
        if names.len() > MAX_CLASSES {
            return Err(Error::TooBig { what: "the number of CLASSES", limit: MAX_CLASSES as u64 });
        }
        // Not in `check_names`: models that are stored may have such names from an older version.
        if names.iter().any(|name| name.contains(char::is_control)) {
            return Err(Error::Invalid("CLASSES: the name of a class has no control characters".into()));
        }
        check_names(&names).map_err(|reason| Error::Invalid(format!("CLASSES: {reason}").into()))?;
        Ok(Self(names))
    }
}

/// Checks the length of names, and that each occurs once.
///
/// # Errors
/// The reason.
pub(super) fn check_names(names: &[Box<str>]) -> Result<(), &'static str> {
    let mut seen = HashSet::new();
    if names.iter().any(|name| name.is_empty() || name.len() > MAX_NAME) {
        return Err("the name of a class has 1 to 256 bytes");
    }
    if names.iter().all(|name| seen.insert(name)) { Ok(()) } else { Err("two classes have the same name") }
}
