//! The options of `ASSESS.*`: the query, and how its answer is cached.

mod owned;

use assess_engine::Day;
use assess_engine::model::{Attribution, DependentsBy, Model, Query, Share, View, ViewKind};

use crate::cache::store::TimeToLive;
use crate::cache::ttl::TtlOptions;
use crate::clock::now_ms;
use crate::error::{Failure, Outcome};
use crate::options;
use crate::settings;

pub(crate) use self::owned::OwnedQuery;

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

/// The options of every request: how its answer is cached, and who asks.
const COMMON: [&str; 10] = ["TENANT", "NOCACHE", "REFRESH", "TTL", "PTTL", "EX", "PX", "EXAT", "PXAT", "KEEPTTL"];
const KEY: [&str; 6] = ["INDICATOR", "LAYERS", "TOP", "PATHS", "CUTOFF", "CONTRIBUTIONS"];

/// The options of a view.
fn known_options(view: ViewKind) -> &'static [&'static str] {
    const GET: [&str; 16] = and_common(KEY);
    const WHATIF: [&str; 13] = and_common(["INDICATOR", "LAYERS", "TOP"]);
    const DEPENDENTS: [&str; 13] = and_common(["INDICATOR", "BY", "LIMIT"]);
    const PROFILE: [&str; 11] = and_common(["INDICATORS"]);
    const FOOTPRINT: [&str; 13] = and_common(["CATEGORY", "INDICATOR", "TOP"]);
    const COMPARE: [&str; 12] = and_common(["INDICATOR", "TOP"]);
    match view {
        ViewKind::Assessment => &GET,
        ViewKind::WhatIf => &WHATIF,
        ViewKind::Dependents => &DEPENDENTS,
        ViewKind::Profile => &PROFILE,
        ViewKind::Compare => &COMPARE,
        ViewKind::Footprint => &FOOTPRINT,
    }
}

/// Options of one view and the common ones. Evaluated at compile time.
const fn and_common<const OWN: usize, const ALL: usize>(own: [&'static str; OWN]) -> [&'static str; ALL] {
    assert!(ALL == OWN + COMMON.len());
    let mut all = [""; ALL];
    let mut i = 0;
    while i < ALL {
        all[i] = if i < OWN { own[i] } else { COMMON[i - OWN] };
        i += 1;
    }
    all
}

/// The options of `ASSESS.GET` and `ASSESS.MGET`.
pub(crate) fn parse<'w, 'a: 'w>(model: &dyn Model, words: &'w [&'a [u8]]) -> Outcome<RequestOptions<'w>> {
    parse_view(model, ViewKind::Assessment, words)
}

/// Whether the model has such a document; checked before the subject, whose words have another meaning in other models.
pub(crate) fn check_view(model: &dyn Model, view: ViewKind) -> Outcome<()> {
    let has_it = model.views().contains(&view);
    if has_it { Ok(()) } else { Err(Failure::err("only an IO model has this document")) }
}

/// The words after the subject, for any view. The caller gives the other model of a comparison.
pub(crate) fn parse_view<'w, 'a: 'w>(
    model: &dyn Model,
    view: ViewKind,
    words: &'w [&'a [u8]],
) -> Outcome<RequestOptions<'w>> {
    let (changes, words) = match view {
        ViewKind::WhatIf => words.split_at(model.changes_len(words)?),
        ViewKind::Assessment | ViewKind::Dependents | ViewKind::Profile | ViewKind::Compare | ViewKind::Footprint => {
            words.split_at(0)
        }
    };
    if changes.iter().any(|word| word.len() > LONGEST_NAME) {
        return Err(Failure::err("a word of a change has at most 256 bytes"));
    }
    let mut request = parse_known(model.options(), words, known_options(view))?;
    request.query.view = match (view, request.query.view) {
        (ViewKind::WhatIf, _) => View::WhatIf(changes),
        (ViewKind::Dependents, View::Assessment) => View::Dependents(DependentsBy::default()),
        (ViewKind::Profile, View::Assessment) => View::Profile(&[]),
        (ViewKind::Footprint, View::Assessment) => View::Footprint(None),
        (_, parsed) => parsed,
    };
    Ok(request.dated(model))
}

/// The options of `ASSESS.KEY`: only those that change the key.
pub(crate) fn parse_key<'w, 'a: 'w>(model: &dyn Model, words: &'w [&'a [u8]]) -> Outcome<RequestOptions<'w>> {
    parse_known(model.options(), words, &KEY).map(|request| request.dated(model))
}

/// Options that only some kinds of models have.
const OF_KINDS: [&str; 6] = KEY;

/// Reads the options in `known`. Of those in [`OF_KINDS`], the kind of model has only `of_kind`.
fn parse_known<'w, 'a: 'w>(
    of_kind: &[&str],
    words: &'w [&'a [u8]],
    known: &[&'static str],
) -> Outcome<RequestOptions<'w>> {
    let mut request = RequestOptions::default();
    if words.is_empty() {
        return Ok(request);
    }
    request.query.most_paths = settings::max_paths() as u32;
    let mut options = options::of(words);
    let mut ttl = TtlOptions::default();
    while let Some(option) = options.next(known)? {
        if OF_KINDS.contains(&option) && !of_kind.contains(&option) {
            return Err(Failure::err(format!("a model of this kind has no option {option}")));
        }
        match option {
            "INDICATOR" => request.query.indicator = Some(name(option, options.value(option)?)?),
            "LAYERS" => request.query.layers = options.number(option, 0..=u64::from(Query::MAX_LAYERS))? as u32,
            "TOP" => request.query.top = options.number(option, 0..=MOST_TOP)? as u32,
            "LIMIT" => request.query.top = options.number(option, 1..=MOST_TOP)? as u32,
            "PATHS" => request.query.paths = options.number(option, 0..=settings::max_paths())? as u32,
            "CUTOFF" => request.query.cutoff = Some(share(options.value(option)?)?),
            "CONTRIBUTIONS" => request.query.attribution = options.choice(option, &ATTRIBUTIONS)?,
            "BY" => request.query.view = View::Dependents(options.choice(option, &DEPENDENTS_BY)?),
            "CATEGORY" => request.query.view = View::Footprint(Some(name(option, options.value(option)?)?)),
            "INDICATORS" => request.query.view = View::Profile(options.counted(option, MOST_INDICATORS)?),
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

const DEPENDENTS_BY: [(&str, DependentsBy); 2] = [("share", DependentsBy::Share), ("value", DependentsBy::Value)];

const ATTRIBUTIONS: [(&str, Attribution); 2] = [("path", Attribution::Path), ("shap", Attribution::Shap)];

/// The most indicators that a profile names.
const MOST_INDICATORS: u64 = 1000;

fn share(word: &[u8]) -> Outcome<Share> {
    let number = std::str::from_utf8(word).ok().and_then(|text| text.parse().ok());
    number.and_then(Share::new).ok_or_else(|| Failure::err("CUTOFF must be a share of the total: above 0, at most 1"))
}

/// The longest name of an indicator or a category, in bytes: longer ones exist in no model. Cache keys hold them.
const LONGEST_NAME: usize = 256;

fn name<'a>(option: &str, word: &'a [u8]) -> Outcome<&'a [u8]> {
    if word.len() <= LONGEST_NAME { Ok(word) } else { Err(Failure::err(format!("{option} has at most 256 bytes"))) }
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
        let request = parse_known(&[], &[], &KEY).unwrap();
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
            let failure = parse_known(&OF_KINDS, words, known_options(ViewKind::Assessment)).unwrap_err().to_string();
            assert!(failure.contains(named), "{failure}");
        }
        assert!(parse_known(&OF_KINDS, &[b"TTL", b"5"], &KEY).is_err());
        let failure = parse_known(&[], &[b"TOP", b"5"], &KEY).unwrap_err().to_string();
        assert!(failure.contains("has no option TOP"), "{failure}");
    }
}
