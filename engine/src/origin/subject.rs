//! The subject of a query: `hs origin destination [facts]`.

use super::assess::Route;
use super::country;
use super::facts::Facts;
use super::hs::Hs;
use crate::cache::name;
use crate::{Day, Error, Result};

/// A subject that was read.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) route: Route,
    pub(super) facts: Facts,
    /// The day of the assessment.
    pub(super) day: Day,
}

/// The number of arguments that belong to the subject. Facts begin with `{`.
pub(super) fn length(args: &[&[u8]]) -> Result<usize> {
    match args {
        [_, _, _, facts, ..] if facts.first() == Some(&b'{') => Ok(4),
        [_, _, _, ..] => Ok(3),
        _ => Err(three_words()),
    }
}

impl Subject {
    /// Reads a subject. If it names no day, the day is `today`.
    ///
    /// # Errors
    /// [`Error::NoSubject`], [`Error::Invalid`] and [`Error::TooBig`] for facts.
    pub(super) fn read(words: &[&[u8]], today: Day) -> Result<Self> {
        let (hs, origin, destination, facts) = match *words {
            [hs, origin, destination] => (hs, origin, destination, None),
            [hs, origin, destination, facts] => (hs, origin, destination, Some(facts)),
            _ => return Err(three_words()),
        };
        let route = Route { hs: code(hs)?, origin: place(origin)?, destination: place(destination)? };
        let facts = facts.map_or_else(|| Ok(Facts::default()), Facts::parse)?;
        let day = facts.date.unwrap_or(today);
        Ok(Self { route, facts, day })
    }

    /// Appends the name: the words themselves if the facts contain at most the day, else a digest of all facts.
    pub(super) fn write_name(&self, key: &mut Vec<u8>) {
        let Self { route, facts, day } = self;
        if facts.is_bare() {
            key.extend_from_slice(route.shown().as_bytes());
            key.extend_from_slice(format!(":date={day}").as_bytes());
            return;
        }
        let mut json = format!(
            "{{\"hs\":\"{}\",\"origin\":\"{}\",\"destination\":\"{}\",\"date\":\"{day}\"",
            route.hs.as_str(),
            route.origin,
            route.destination
        )
        .into_bytes();
        facts.write(&mut json);
        json.push(b'}');
        key.extend_from_slice(&name::digest(&json));
    }
}

/// The arguments of the request with a name that [`Subject::write_name`] wrote from a subject without facts. The day is
/// left out: a request without facts is about the current day.
pub(super) fn request_of(written: &[u8]) -> Option<Vec<Vec<u8>>> {
    let parts: Vec<&[u8]> = written.split(|&byte| byte == b':').collect();
    match parts[..] {
        [hs, origin, destination, day] if day.starts_with(b"date=") => {
            Some([hs, origin, destination].map(<[u8]>::to_vec).into())
        }
        _ => None,
    }
}

impl Route {
    /// `847130:MX:US`.
    pub(super) fn shown(&self) -> String {
        format!("{}:{}:{}", self.hs.as_str(), self.origin, self.destination)
    }
}

fn code(text: &[u8]) -> Result<Hs> {
    let code = Hs::read(text).map_err(|reason| Error::BadSubject(reason.into()))?;
    match code.level() {
        6 => Ok(code),
        _ => Err(Error::NoSubject("the code of a product has 6 to 12 digits, an even number of them")),
    }
}

fn place(text: &[u8]) -> Result<Box<str>> {
    country::read(text).ok_or(Error::NoSubject(country::EXPECTED))
}

fn three_words() -> Error {
    Error::Invalid(
        "the subject of a rules-of-origin model is hs origin destination, and facts that begin with {".into(),
    )
}
