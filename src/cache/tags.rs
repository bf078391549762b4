//! The option `TAGS n t1 .. tn`.

use crate::error::{Failure, Outcome};
use crate::options::Options;

/// The most tags of an entry.
const MOST_TAGS: u64 = 64;
/// The longest tag, in bytes.
const LONGEST_TAG: usize = 256;

/// Reads the tags after the option `TAGS`. A repeated tag counts once.
pub(crate) fn parse<'a>(options: &mut Options<'_, 'a>) -> Outcome<Vec<&'a [u8]>> {
    let count = options.number("TAGS", 1..=MOST_TAGS)?;
    let mut tags = Vec::with_capacity(count as usize);
    for _ in 0..count {
        let tag = options.value("TAGS").map_err(|_| Failure::err("TAGS has fewer tags than its count"))?;
        check(tag)?;
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    Ok(tags)
}

/// An error if a tag is empty or too long.
pub(crate) fn check(tag: &[u8]) -> Outcome<()> {
    if tag.is_empty() || tag.len() > LONGEST_TAG {
        return Err(Failure::err("a tag must have 1 to 256 bytes"));
    }
    Ok(())
}
