//! The records of agreements and overrides: written and read one by one.

use crate::json::json_string;
use crate::origin::agreement::{Agreement, Builder, Patch, Rule, write_names};
use crate::origin::country;
use crate::origin::expr::{Expr, Sizes};
use crate::origin::json::{Json, Read};
use crate::origin::overrides::Overrides;
use crate::{Error, Result};

pub(super) fn of_agreement(agreement: &Agreement, give: &mut dyn FnMut(&[u8])) {
    let mut record = vec![b'H'];
    agreement.write_head(&mut record);
    give(&record);
    let head = &agreement.head;
    for (letter, lists) in [(b'P', &head.parties), (b'C', &head.cumulation)] {
        for (name, names) in lists {
            let mut record = vec![letter, b'['];
            json_string(name, &mut record);
            record.push(b',');
            write_names(names.iter().map(AsRef::as_ref), &mut record);
            record.push(b']');
            give(&record);
        }
    }
    for (name, expr) in &head.macros {
        let mut record = b"M[".to_vec();
        json_string(name, &mut record);
        record.push(b',');
        expr.write(&mut record);
        record.push(b']');
        give(&record);
    }
    agreement.texts.iter().for_each(|text| give(&text_record(text)));
    for rule in &agreement.rules {
        let mut record = vec![b'R'];
        rule.write(&mut record);
        give(&record);
    }
}

pub(super) fn of_overrides(overrides: &Overrides, give: &mut dyn FnMut(&[u8])) {
    let mut record = vec![b'H'];
    record.extend_from_slice(overrides.agreement.as_bytes());
    give(&record);
    overrides.texts.iter().for_each(|text| give(&text_record(text)));
    for (id, patch) in &overrides.rules {
        let mut record = vec![b'R'];
        patch.write(id, &mut record);
        give(&record);
    }
}

fn text_record(text: &str) -> Vec<u8> {
    let mut record = vec![b'T'];
    record.extend_from_slice(text.as_bytes());
    record
}

/// Reads a record of an agreement.
pub(super) fn into_agreement(record: &[u8], builder: &mut Builder) -> Result<()> {
    let (&letter, content) = record.split_first().ok_or(Error::Corrupt("a record is empty"))?;
    if letter == b'T' {
        return builder.text(text(content)?).map_err(Error::Corrupt);
    }
    let mut read = || -> Read<()> {
        let mut json = Json::new(content)?;
        let refused = match letter {
            b'H' => {
                json.object(|json, name| builder.head_field(json, name))?;
                Ok(())
            }
            b'P' | b'C' => {
                let (mut name, mut names) = (None, Vec::new());
                json.list(|json| {
                    if name.is_none() {
                        name = Some(Box::<str>::from(json.text()?));
                        return Ok(());
                    }
                    json.list(|json| {
                        let country = country::parse(json.text()?.as_bytes());
                        names.push(country.ok_or_else(|| json.fault(country::EXPECTED))?);
                        Ok(())
                    })
                })?;
                match name {
                    None => Err("a record has no name"),
                    Some(name) if letter == b'C' => builder.cumulation(name, names),
                    Some(name) => match country::parse(name.as_bytes()) {
                        Some(name) => builder.party(name.clone()).and_then(|()| builder.members(name, names)),
                        None => Err(country::EXPECTED),
                    },
                }
            }
            b'M' => {
                let (mut name, mut expr) = (None, None);
                json.list(|json| {
                    if name.is_none() {
                        name = Some(Box::<str>::from(json.text()?));
                    } else {
                        expr = Some(Expr::read(json, &mut Sizes::default())?);
                    }
                    Ok(())
                })?;
                match name.zip(expr) {
                    Some((name, expr)) => builder.take_macro(name, expr),
                    None => Err("a macro has no expression"),
                }
            }
            b'R' => {
                let rule = Rule::read(&mut json)?;
                builder.written_rule(rule, content.len())
            }
            _ => Err("the kind of a record is unknown"),
        };
        json.end()?;
        refused.map_err(|refused| json.fault(refused))
    };
    read().map_err(|_| Error::Corrupt("a record of an agreement is not usable"))
}

/// Reads a record of overrides.
pub(super) fn into_overrides(record: &[u8], overrides: &mut Overrides) -> Result<()> {
    let (&letter, content) = record.split_first().ok_or(Error::Corrupt("a record is empty"))?;
    match letter {
        b'H' if overrides.agreement.is_empty() => {
            let id = text(content)?;
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
            if !(1..=64).contains(&id.len()) || !id.bytes().all(is_plain) {
                return Err(Error::Corrupt("the id of an agreement is not usable"));
            }
            overrides.agreement = id.into();
            Ok(())
        }
        b'T' => overrides.text(text(content)?).map_err(Error::Corrupt),
        b'R' => {
            let read = || -> Read<_> {
                let mut json = Json::new(content)?;
                let patch = Patch::read(&mut json)?;
                json.end()?;
                Ok(patch)
            };
            let (id, patch) = read().map_err(|_| Error::Corrupt("a record of overrides is not usable"))?;
            overrides.patch(id, patch).map_err(Error::Corrupt)
        }
        _ => Err(Error::Corrupt("the kind of a record is unknown")),
    }
}

fn text(bytes: &[u8]) -> Result<&str> {
    std::str::from_utf8(bytes).map_err(|_| Error::Corrupt("a text is not UTF-8"))
}
