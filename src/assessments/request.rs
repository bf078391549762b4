//! What the requests `ASSESS.*` have in common: the query and how its answer is cached.

use assess_engine::Day;
use assess_engine::model::{Model, Question};

use crate::cache::life::Lives;
use crate::cache::store::Life;
use crate::clock::now_ms;
use crate::commands::options::Options;
use crate::error::{Failure, Outcome};
use crate::settings;

/// A parsed request.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Request<'a> {
    pub(crate) question: Question<'a>,
    pub(crate) life: Life,
    pub(crate) caching: Caching,
    /// On whose behalf, for the history.
    pub(crate) tenant: Option<&'a str>,
}

impl Request<'_> {
    /// Says what day it is, where that matters: looking at the clock costs as much as reading a feature.
    fn dated(mut self, model: &dyn Model) -> Self {
        if !model.is_timeless() {
            self.question.today = Day::of_unix_ms(now_ms());
        }
        self
    }

    /// Whether what is computed is to be stored.
    pub(crate) fn is_kept(&self) -> bool {
        settings::enabled() && self.caching != Caching::Off
    }
}

/// A question that outlives its command.
#[derive(Debug)]
pub(crate) struct OwnedQuestion {
    indicator: Option<Vec<u8>>,
    layers: u32,
    top: u32,
    today: Day,
}

impl OwnedQuestion {
    pub(crate) fn of(question: &Question<'_>) -> Self {
        let &Question { indicator, layers, top, today } = question;
        Self { indicator: indicator.map(<[u8]>::to_vec), layers, top, today }
    }

    pub(crate) fn borrowed(&self) -> Question<'_> {
        Question { indicator: self.indicator.as_deref(), layers: self.layers, top: self.top, today: self.today }
    }
}

/// What a question has to do with the cache.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Caching {
    /// Reads it, and stores what had to be computed.
    #[default]
    Normal,
    /// Computes, and replaces what is cached.
    Refresh,
    /// Neither reads nor stores.
    Off,
}

const GET: [&str; 13] = [
    "INDICATOR",
    "LAYERS",
    "TOP",
    "TENANT",
    "NOCACHE",
    "REFRESH",
    "TTL",
    "PTTL",
    "EX",
    "PX",
    "EXAT",
    "PXAT",
    "KEEPTTL",
];
const KEY: [&str; 3] = ["INDICATOR", "LAYERS", "TOP"];

/// The options of `ASSESS.GET` and `ASSESS.MGET`.
pub(crate) fn parse<'a>(model: &dyn Model, words: &[&'a [u8]]) -> Outcome<Request<'a>> {
    parse_known(model.options(), words, &GET).map(|request| request.dated(model))
}

/// The options of `ASSESS.KEY`: those that make a difference to the key.
pub(crate) fn parse_key<'a>(model: &dyn Model, words: &[&'a [u8]]) -> Outcome<Request<'a>> {
    parse_known(model.options(), words, &KEY).map(|request| request.dated(model))
}

/// Options of questions that only some kinds of models know.
const OF_KINDS: [&str; 3] = ["INDICATOR", "LAYERS", "TOP"];

/// Reads options of which the kind of model knows `of_kind` beside those that all know.
fn parse_known<'a>(of_kind: &[&str], words: &[&'a [u8]], known: &[&'static str]) -> Outcome<Request<'a>> {
    let mut request = Request::default();
    if words.is_empty() {
        return Ok(request);
    }
    let mut options = Options::new(words);
    let mut lives = Lives::default();
    while let Some(option) = options.next(known)? {
        if OF_KINDS.contains(&option) && !of_kind.contains(&option) {
            return Err(Failure::err(format!("a model of this kind knows no {option}")));
        }
        match option {
            "INDICATOR" => request.question.indicator = Some(options.value(option)?),
            "LAYERS" => request.question.layers = options.number(option, 0..=u64::from(Question::MAX_LAYERS))? as u32,
            "TOP" => request.question.top = options.number(option, 0..=MOST_TOP)? as u32,
            "NOCACHE" | "REFRESH" if request.caching != Caching::Normal => {
                return Err(Failure::err("NOCACHE and REFRESH exclude each other"));
            }
            "TENANT" => request.tenant = Some(tenant(options.value(option)?)?),
            "NOCACHE" => request.caching = Caching::Off,
            "REFRESH" => request.caching = Caching::Refresh,
            life if lives.takes(life, &mut options)? => {}
            _ => return Err(Failure::internal()),
        }
    }
    request.life = lives.given();
    Ok(request)
}

/// The longest name of a tenant, in bytes.
const LONGEST_TENANT: usize = 256;

/// The name of a tenant.
pub(crate) fn tenant(name: &[u8]) -> Outcome<&str> {
    let name = std::str::from_utf8(name).ok().filter(|name| (1..=LONGEST_TENANT).contains(&name.len()));
    name.ok_or_else(|| Failure::err("TENANT has 1 to 256 bytes of UTF-8"))
}

/// The most entries a list can have: as many as a table can have nodes.
const MOST_TOP: u64 = assess_engine::io::labels::MAX_NODES as u64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_options_the_defaults_of_the_contract_hold() {
        let request = parse_known(&[], &[], &GET).unwrap();
        assert_eq!((request.question.layers, request.question.top, request.question.indicator), (5, 10, None));
        assert_eq!((request.life, request.caching), (Life::Tier, Caching::Normal));
    }

    #[test]
    fn contradictions_and_bad_values_are_refused_by_name() {
        for (words, named) in [
            (&[&b"NOCACHE"[..], b"REFRESH"][..], "NOCACHE and REFRESH"),
            (&[b"TTL", b"5", b"PX", b"6"], "TTL and PX"),
            (&[b"TTL", b"0"], "TTL must be"),
            (&[b"LAYERS", b"33"], "LAYERS must be a whole number from 0 to 32"),
            (&[b"EXAT", b"1"], "EXAT must be"),
        ] {
            let failure = parse_known(&OF_KINDS, words, &GET).unwrap_err().to_string();
            assert!(failure.contains(named), "{failure}");
        }
        assert!(parse_known(&OF_KINDS, &[b"TTL", b"5"], &KEY).is_err());
        let failure = parse_known(&[], &[b"TOP", b"5"], &GET).unwrap_err().to_string();
        assert!(failure.contains("knows no TOP"), "{failure}");
    }
}
