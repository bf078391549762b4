//! The subject of a request, which is a region and a sector, and its canonical name: the part of a cache key after the
//! tag.

use super::footprint::{DemandOf, Own};
use super::whatif;
use crate::cache::name::{digest, escape, unescape};
use crate::model::{Query, View};
use crate::{Error, Result};

/// The number of arguments of a subject: region and sector.
const SUBJECT: usize = 2;

/// How many of `args` form the subject.
///
/// # Errors
/// [`Error::Invalid`] if there are too few.
pub(super) fn len(args: &[&[u8]]) -> Result<usize> {
    if args.len() < SUBJECT { Err(not_two()) } else { Ok(SUBJECT) }
}

/// The error for a subject that does not have two arguments.
pub(super) fn not_two() -> Error {
    Error::Invalid("the subject of an input-output model is two arguments, region and sector".into())
}

/// Checks the maximum layer of a request.
///
/// # Errors
/// [`Error::Invalid`].
pub(super) fn check_layers(query: &Query<'_>) -> Result<()> {
    if query.layers <= Query::MAX_LAYERS {
        Ok(())
    } else {
        Err(Error::Invalid("LAYERS is a number from 0 to 32".into()))
    }
}

/// Appends `REGION:SECTOR:indicator=NAME[,layers=k][,top=n][,paths=n][,cutoff=x[,most=n]]`; options with the default value are
/// left out. Parts are percent-encoded (upper-case hex); bytes beyond ASCII are not. In the name of an indicator, `,`
/// and `=` are also encoded; otherwise it could be read as a name with options.
///
/// Other documents than the assessment have one more option at the end: `whatif=` or `profile=` and a digest of their
/// words, `dependents=` and their order, or `compare=` and the name and the version of the other model: a new version
/// of it has other names. A profile has no indicator.
///
/// # Errors
/// Those of [`whatif::canonical`].
pub(super) fn write_name(
    region: &[u8],
    sector: &[u8],
    indicator: &[u8],
    query: &Query<'_>,
    key: &mut Vec<u8>,
) -> Result<()> {
    escape(region, b"", key);
    key.push(b':');
    escape(sector, b"", key);
    key.push(b':');
    if let View::Profile(names) = query.view {
        key.extend_from_slice(b"profile=");
        match names {
            [] => key.extend_from_slice(b"all"),
            names => key.extend_from_slice(&digest(&packed(names))),
        }
        return Ok(());
    }
    key.extend_from_slice(b"indicator=");
    escape(indicator, b",=", key);
    let defaults = Query::default();
    let numbers = [
        ("layers", query.layers, defaults.layers),
        ("top", query.top, defaults.top),
        ("paths", query.paths, defaults.paths),
    ];
    for (name, value, default) in numbers {
        if value != default {
            option(name, key);
            decimal(value, key);
        }
    }
    if let Some(cutoff) = query.cutoff {
        option("cutoff", key);
        key.extend_from_slice(cutoff.get().to_string().as_bytes());
        // The list may end at the limit.
        if query.most_paths != defaults.most_paths {
            option("most", key);
            decimal(query.most_paths, key);
        }
    }
    match query.view {
        View::Assessment | View::Profile(_) | View::Footprint(_) => {}
        View::WhatIf(changes) => {
            let mut canonical = Vec::new();
            whatif::canonical(changes, &mut canonical)?;
            option("whatif", key);
            key.extend_from_slice(&digest(&canonical));
        }
        View::Dependents(by) => {
            option("dependents", key);
            key.extend_from_slice(by.name().as_bytes());
        }
        View::Compare(other) => {
            option("compare", key);
            escape(other.identity.name, b",=@", key);
            key.extend_from_slice(format!("@{}", other.identity.version).as_bytes());
        }
    }
    Ok(())
}

/// Appends the name of a footprint: `REGION::indicator=NAME[,top=n],footprint=region[,category=c]`, or with a digest of a
/// demand of the caller's own instead of the region, and `footprint=demand`.
///
/// # Errors
/// Those of [`Own::read`].
pub(super) fn write_footprint(of: &DemandOf<'_>, indicator: &[u8], top: u32, key: &mut Vec<u8>) -> Result<()> {
    let (kind, category) = match *of {
        DemandOf::Region { region, category } => {
            escape(region, b"", key);
            ("region", category)
        }
        DemandOf::Own(document) => {
            key.extend_from_slice(&digest(&Own::read(document)?.canonical()));
            ("demand", None)
        }
    };
    key.extend_from_slice(b"::indicator=");
    escape(indicator, b",=", key);
    if top != Query::default().top {
        option("top", key);
        decimal(top, key);
    }
    option("footprint", key);
    key.extend_from_slice(kind.as_bytes());
    if let Some(category) = category {
        option("category", key);
        escape(category, b",=", key);
    }
    Ok(())
}

/// Appends the name of an option.
fn option(name: &str, key: &mut Vec<u8>) {
    key.push(b',');
    key.extend_from_slice(name.as_bytes());
    key.push(b'=');
}

/// Words as one text, each with its length, so that different words have different texts.
fn packed(words: &[&[u8]]) -> Vec<u8> {
    let mut packed = Vec::new();
    for word in words {
        packed.extend_from_slice(&(word.len() as u64).to_le_bytes());
        packed.extend_from_slice(word);
    }
    packed
}

/// The options of an assessment in its name.
const OF_ASSESSMENT: [&[u8]; 5] = [b"indicator", b"layers", b"top", b"paths", b"cutoff"];

/// The arguments of the request with a name that [`write_name`] wrote for an assessment.
pub(super) fn request_of(written: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut parts = written.split(|&byte| byte == b':');
    let (region, sector, options) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let mut words = vec![unescape(region)?, unescape(sector)?];
    for option in options.split(|&byte| byte == b',') {
        let at = option.iter().position(|&byte| byte == b'=')?;
        if !OF_ASSESSMENT.contains(&&option[..at]) {
            return None;
        }
        words.extend([option[..at].to_ascii_uppercase(), unescape(&option[at + 1..])?]);
    }
    Some(words)
}

fn decimal(mut value: u32, key: &mut Vec<u8>) {
    let mut digits = [0; 10];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    key.extend_from_slice(&digits[at..]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DependentsBy, Share};

    #[test]
    fn names_contain_values_other_than_the_defaults_and_encode_reserved_characters() {
        let default = Query::default();
        let share = Share::new(0.001);
        let cases: [(&str, &str, &str, Query<'_>, &str); 11] = [
            ("USA", "C10T12", "wgi", default, "USA:C10T12:indicator=wgi"),
            ("USA", "C10T12", "wgi", Query { layers: 32, ..default }, "USA:C10T12:indicator=wgi,layers=32"),
            ("USA", "C10T12", "wgi", Query { top: 0, ..default }, "USA:C10T12:indicator=wgi,top=0"),
            (
                "A:B",
                "Meat, fish; \"x\" (100%)",
                "a,top=5",
                Query { layers: 0, top: 4_294_967_295, ..default },
                "A%3AB:Meat,%20fish;%20\"x\"%20(100%25):indicator=a%2Ctop%3D5,layers=0,top=4294967295",
            ),
            ("{*}?[a]\\", "\n\u{7f}\t", "x", default, "%7B%2A%7D%3F%5Ba%5D%5C:%0A%7F%09:indicator=x"),
            ("\u{d6}", "s", "\u{e9}", default, "\u{d6}:s:indicator=\u{e9}"),
            ("r", "s", "i", Query { paths: 20, cutoff: share, ..default }, "r:s:indicator=i,paths=20,cutoff=0.001"),
            ("r", "s", "i", Query { cutoff: share, most_paths: 5, ..default }, "r:s:indicator=i,cutoff=0.001,most=5"),
            (
                "r",
                "s",
                "i",
                Query { top: 3, view: View::Dependents(DependentsBy::Value), ..default },
                "r:s:indicator=i,top=3,dependents=value",
            ),
            ("r", "s", "i", Query { view: View::Profile(&[]), ..default }, "r:s:profile=all"),
            (
                "r",
                "s",
                "i",
                Query { view: View::WhatIf(&[b"extract", b"a", b"b"]), ..default },
                "r:s:indicator=i,whatif=9df33abe3f054d9033deb5458bde0845",
            ),
        ];
        for (region, sector, indicator, query, expected) in cases {
            let mut key = Vec::new();
            write_name(region.as_bytes(), sector.as_bytes(), indicator.as_bytes(), &query, &mut key).unwrap();
            assert_eq!(String::from_utf8(key).unwrap(), expected);
        }
    }
}
