//! The options of `ASSESS.*`: the query, and how its answer is cached.

use assess_engine::Day;
use assess_engine::model::{Model, Query};

use crate::cache::store::TimeToLive;
use crate::cache::ttl::TtlOptions;
use crate::clock::now_ms;
use crate::error::{Failure, Outcome};
use crate::options;
use crate::settings;

/// A parsed request.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct RequestOptions<'a> {
    pub(crate) query: Query<'a>,
    pub(crate) ttl: TimeToLive,
    pub(crate) caching: Caching,
    /// The tenant that the history records.
    pub(crate) tenant: Option<&'a str>,
}

impl RequestOptions<'_> {
    /// Sets the current day, if the model needs it: reading the clock costs as much as reading a feature.
    fn dated(mut self, model: &dyn Model) -> Self {
        if !model.is_timeless() {
            self.query.today = Day::of_unix_ms(now_ms());
        }
        self
    }

    /// Whether a computed result is stored.
    pub(crate) fn is_kept(&self) -> bool {
        settings::enabled() && self.caching != Caching::Off
    }
}

/// A query that is kept after its command has ended, for a worker.
#[derive(Debug)]
pub(crate) struct OwnedQuery {
    indicator: Option<Vec<u8>>,
    layers: u32,
    top: u32,
    today: Day,
}

impl OwnedQuery {
    pub(crate) fn of(query: &Query<'_>) -> Self {
        let &Query { indicator, layers, top, today } = query;
        Self { indicator: indicator.map(<[u8]>::to_vec), layers, top, today }
    }

    pub(crate) fn borrowed(&self) -> Query<'_> {
        Query { indicator: self.indicator.as_deref(), layers: self.layers, top: self.top, today: self.today }
    }
}

/// How a request uses the cache.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Caching {
    /// Reads the cache, and stores a computed result.
    #[default]
    Normal,
    /// Computes, and replaces the cached result.
    Refresh,
    /// Neither reads the cache nor stores.
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
pub(crate) fn parse<'a>(model: &dyn Model, words: &[&'a [u8]]) -> Outcome<RequestOptions<'a>> {
    parse_known(model.options(), words, &GET).map(|request| request.dated(model))
}

/// The options of `ASSESS.KEY`: only those that change the key.
pub(crate) fn parse_key<'a>(model: &dyn Model, words: &[&'a [u8]]) -> Outcome<RequestOptions<'a>> {
    parse_known(model.options(), words, &KEY).map(|request| request.dated(model))
}

/// Options that only some kinds of models have.
const OF_KINDS: [&str; 3] = ["INDICATOR", "LAYERS", "TOP"];

/// Reads the options in `known`. Of those in [`OF_KINDS`], the kind of model has only `of_kind`.
fn parse_known<'a>(of_kind: &[&str], words: &[&'a [u8]], known: &[&'static str]) -> Outcome<RequestOptions<'a>> {
    let mut request = RequestOptions::default();
    if words.is_empty() {
        return Ok(request);
    }
    let mut options = options::of(words);
    let mut ttl = TtlOptions::default();
    while let Some(option) = options.next(known)? {
        if OF_KINDS.contains(&option) && !of_kind.contains(&option) {
            return Err(Failure::err(format!("a model of this kind has no option {option}")));
        }
        match option {
            "INDICATOR" => request.query.indicator = Some(options.value(option)?),
            "LAYERS" => request.query.layers = options.number(option, 0..=u64::from(Query::MAX_LAYERS))? as u32,
            "TOP" => request.query.top = options.number(option, 0..=MOST_TOP)? as u32,
            "NOCACHE" | "REFRESH" if request.caching != Caching::Normal => {
                return Err(Failure::err("NOCACHE and REFRESH exclude each other"));
            }
            "TENANT" => request.tenant = Some(tenant(options.value(option)?)?),
            "NOCACHE" => request.caching = Caching::Off,
            "REFRESH" => request.caching = Caching::Refresh,
            option if ttl.takes(option, &mut options)? => {}
            _ => return Err(Failure::internal()),
        }
    }
    request.ttl = ttl.given();
    Ok(request)
}

/// The longest name of a tenant, in bytes.
const LONGEST_TENANT: usize = 256;

/// Checks the name of a tenant.
pub(crate) fn tenant(name: &[u8]) -> Outcome<&str> {
    let name = std::str::from_utf8(name).ok().filter(|name| (1..=LONGEST_TENANT).contains(&name.len()));
    name.ok_or_else(|| Failure::err("TENANT must be 1 to 256 bytes of UTF-8"))
}

/// The most entries a list can have: as many as a table can have nodes.
const MOST_TOP: u64 = assess_engine::io::labels::MAX_NODES as u64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_options_the_documented_defaults_apply() {
        let request = parse_known(&[], &[], &GET).unwrap();
        assert_eq!((request.query.layers, request.query.top, request.query.indicator), (5, 10, None));
        assert_eq!((request.ttl, request.caching), (TimeToLive::Tier, Caching::Normal));
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
        assert!(failure.contains("has no option TOP"), "{failure}");
    }
}
