//! `CACHE.GET` and `CACHE.MGET`.

use std::borrow::Cow;
use std::time::Instant;

use assess_engine::cache::lease::Seen;
use bytes::Bytes;

use super::too_few;
use crate::cache::lookup::{self, Lookup};
use crate::cache::{Cache, ahead, beside_index};
use crate::clock::now_ms;
use crate::error::Outcome;
use crate::ffi::ctx::Ctx;
use crate::ffi::entry::Run;
use crate::ffi::key::{Key, Mode};
use crate::ffi::send;
use crate::ffi::string::Argv;
use crate::options;
use crate::reply::Reply;
use crate::settings;

#[derive(Debug, PartialEq)]
pub(in crate::commands) struct Get<'a> {
    key: &'a [u8],
    stale: bool,
    with_ttl: bool,
}

impl<'a> Get<'a> {
    fn parse(words: &[&'a [u8]]) -> Outcome<Self> {
        let [key, rest @ ..] = words else { return Err(too_few()) };
        let mut options = options::of(rest);
        let (mut stale, mut with_ttl) = (false, false);
        while let Some(option) = options.next(&["STALE", "WITHTTL"])? {
            match option {
                "STALE" => stale = true,
                _ => with_ttl = true,
            }
        }
        Ok(Self { key, stale, with_ttl })
    }
}

impl Run for Get<'_> {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        // Most requests have no options: they need no parsing.
        let (takes_stale, with_ttl) = match argv.len() > 2 {
            true => Get::parse(&argv.words(1)).map(|get| (get.stale, get.with_ttl))?,
            false => (false, false),
        };
        let name = argv.bytes(1);
        let begin = beside_index(Cache::takes_time).then(Instant::now);
        let key = Key::open_arg(ctx, argv, 1, Mode::Read);
        let Some((found, value)) = read(ctx, &key, name, takes_stale)? else { return Ok(Reply::Nil) };
        match with_ttl {
            true => {
                let left = lookup::fresh_until(ctx, &key, name).map_or(-1, |at| at.saturating_sub(now_ms()) as i64);
                let value = Reply::Bulk(Bytes::copy_from_slice(&value));
                send::reply(ctx, &Reply::Array(vec![value, Reply::Integer(left)]));
            }
            false => send::bulk(ctx, &value),
        }
        if let Some(begin) = begin {
            beside_index(|cache| cache.count(found.tier).hit.record(begin.elapsed().as_nanos().div_ceil(1000) as u64));
        }
        Ok(Reply::Sent)
    }
}

/// Every word is a key.
#[derive(Debug, PartialEq)]
pub(in crate::commands) struct Mget<'a> {
    keys: Vec<&'a [u8]>,
}

impl<'a> Mget<'a> {
    fn parse(words: &[&'a [u8]]) -> Outcome<Self> {
        if words.is_empty() {
            return Err(too_few());
        }
        Ok(Self { keys: words.to_vec() })
    }
}

impl Run for Mget<'_> {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let words = argv.words(1);
        let read_one = |(i, name): (usize, &&[u8])| {
            let key = Key::open_arg(ctx, argv, i + 1, Mode::Read);
            // As in MGET, a key of another type counts as absent.
            match read(ctx, &key, name, false) {
                Ok(Some((_, value))) => Reply::Bulk(Bytes::copy_from_slice(&value)),
                Ok(None) | Err(_) => Reply::Nil,
            }
        };
        Ok(Reply::Array(Mget::parse(&words)?.keys.iter().enumerate().map(read_one).collect()))
    }
}

/// Reads an entry that may be served, and counts a hit or a miss.
#[inline]
fn read<'k>(
    ctx: Ctx<'_>,
    key: &'k Key<'_>,
    name: &[u8],
    takes_stale: bool,
) -> Outcome<Option<(Lookup, Cow<'k, [u8]>)>> {
    let found = lookup::look_up(ctx, key, name);
    let serves = match found.seen {
        Seen::Fresh | Seen::Ageing => true,
        Seen::Stale => takes_stale,
        Seen::Absent => false,
    };
    let value = lookup::value(key)?.filter(|_| serves && settings::enabled());
    match value {
        Some(value) => {
            let _ = lookup::hit(ctx, name, &found);
            ahead::read(ctx, name, &found);
            Ok(Some((found, value)))
        }
        None => {
            lookup::missed(found.tier);
            ahead::read(ctx, name, &Lookup { seen: Seen::Absent, ..found });
            Ok(None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_and_others_refused() {
        assert_eq!(Get::parse(&[b"k"]), Ok(Get { key: b"k", stale: false, with_ttl: false }));
        assert_eq!(Get::parse(&[b"k", b"stale"]), Ok(Get { key: b"k", stale: true, with_ttl: false }));
        let both = Get { key: b"k", stale: true, with_ttl: true };
        assert_eq!(Get::parse(&[b"k", b"WithTTL", b"STALE"]), Ok(both));
        for (words, named) in [
            (&[][..], "wrong number"),
            (&[&b"k"[..], b"FRESH"], "unknown option FRESH"),
            (&[b"k", b"STALE", b"STALE"], "STALE is given twice"),
        ] {
            let failure = Get::parse(words).unwrap_err().to_string();
            assert!(failure.contains(named), "{failure}");
        }
        assert_eq!(Mget::parse(&[b"k", b"STALE"]), Ok(Mget { keys: vec![b"k", b"STALE"] }));
        assert!(Mget::parse(&[]).is_err());
    }
}
