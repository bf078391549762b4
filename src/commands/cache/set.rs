//! `CACHE.SET` and `CACHE.MSET`.

use super::too_few;
use crate::cache::life::Lives;
use crate::cache::look::look;
use crate::cache::store::{self, Life};
use crate::cache::tags;
use crate::cache::{Writer, with, writing_as};
use crate::commands::options::{self, Options};
use crate::error::{Code, Failure, Outcome};
use crate::ffi::ctx::Ctx;
use crate::ffi::entry::Run;
use crate::ffi::key::{Key, Mode};
use crate::ffi::string::Argv;
use crate::ffi::user;
use crate::reply::Reply;
use crate::settings;
use crate::spec::KeyFlags;
use assess_engine::cache::lease::Seen;

/// On what condition an entry is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Only {
    Always,
    /// `NX`
    IfAbsent,
    /// `XX`
    IfPresent,
}

/// How an entry is stored.
#[derive(Debug, PartialEq)]
pub(super) struct Manner<'a> {
    pub(super) life: Life,
    pub(super) tags: Vec<&'a [u8]>,
}

pub(super) const MANNER: [&str; 9] = ["TAGS", "TTL", "PTTL", "EX", "PX", "EXAT", "PXAT", "KEEPTTL", "PERSIST"];
const SET: [&str; 11] = ["TAGS", "TTL", "PTTL", "EX", "PX", "EXAT", "PXAT", "KEEPTTL", "PERSIST", "NX", "XX"];

impl<'a> Manner<'a> {
    pub(super) fn parse(words: &[&'a [u8]]) -> Outcome<Self> {
        parse(words, &MANNER).map(|(manner, _)| manner)
    }
}

fn parse<'a>(words: &[&'a [u8]], known: &[&'static str]) -> Outcome<(Manner<'a>, Only)> {
    let mut given = Options::new(words);
    let (mut lives, mut tags, mut only) = (Lives::default(), Vec::new(), Only::Always);
    while let Some(option) = given.next(known)? {
        match option {
            "TAGS" => tags = tags::parse(&mut given)?,
            "NX" | "XX" if only != Only::Always => return Err(Failure::err("NX and XX exclude each other")),
            "NX" => only = Only::IfAbsent,
            "XX" => only = Only::IfPresent,
            life if lives.takes(life, &mut given)? => {}
            _ => return Err(Failure::internal()),
        }
    }
    Ok((Manner { life: lives.given(), tags }, only))
}

#[derive(Debug, PartialEq)]
pub(in crate::commands) struct Set<'a> {
    key: &'a [u8],
    value: &'a [u8],
    manner: Manner<'a>,
    only: Only,
}

impl<'a> Set<'a> {
    fn parse(words: &[&'a [u8]]) -> Outcome<Self> {
        let [key, value, rest @ ..] = words else { return Err(too_few()) };
        let (manner, only) = parse(rest, &SET)?;
        Ok(Self { key, value, manner, only })
    }
}

impl Run for Set<'_> {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let words = argv.words(1);
        let set = Set::parse(&words)?;
        if !settings::enabled() {
            return Ok(Reply::Ok);
        }
        if set.only != Only::Always {
            let seen = look(ctx, &Key::open_arg(ctx, argv, 1, Mode::Peek), set.key).seen;
            if (seen == Seen::Absent) != (set.only == Only::IfAbsent) {
                return Ok(Reply::Nil);
            }
        }
        put(ctx, set.key, set.value, &set.manner)?;
        Ok(Reply::Ok)
    }
}

/// Stores an entry for a client.
fn put(ctx: Ctx<'_>, key: &[u8], value: &[u8], manner: &Manner<'_>) -> Outcome<()> {
    writing_as(Writer::Command, || store::store(ctx, key, value, &manner.tags, manner.life))?;
    with(|cache| {
        let tier = cache.tiers.of(key);
        cache.count(tier).sets += 1;
    });
    Ok(())
}

#[derive(Debug, PartialEq)]
pub(in crate::commands) struct Mset<'a> {
    entries: Vec<(&'a [u8], &'a [u8])>,
    manner: Manner<'a>,
}

impl<'a> Mset<'a> {
    fn parse(words: &[&'a [u8]]) -> Outcome<Self> {
        let [count, rest @ ..] = words else { return Err(too_few()) };
        let (pairs, _) = rest.as_chunks::<2>();
        let count = options::number(count)
            .and_then(|count| usize::try_from(count).ok())
            .filter(|count| (1..=pairs.len()).contains(count))
            .ok_or_else(|| Failure::err("n must be the number of pairs of key and value that follow, at least 1"))?;
        let entries = pairs[..count].iter().map(|&[key, value]| (key, value)).collect();
        Ok(Self { entries, manner: Manner::parse(&rest[count * 2..])? })
    }
}

impl Run for Mset<'_> {
    const KEYS: Option<KeyFlags> = Some(KeyFlags::RW.and(KeyFlags::UPDATE));

    fn keys(argv: Argv<'_>) -> Vec<usize> {
        let count = if argv.len() > 1 { options::number(argv.bytes(1)).unwrap_or(0) } else { 0 };
        let count = usize::try_from(count).unwrap_or(usize::MAX).min(argv.len() / 2);
        (0..count).map(|i| 2 + 2 * i).filter(|&at| at < argv.len()).collect()
    }

    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let words = argv.words(1);
        let mset = Mset::parse(&words)?;
        // A server of 7.0 checks only the first half of the keys.
        if !mset.entries.iter().all(|(key, _)| user::may_access(ctx, key, KeyFlags::UPDATE)) {
            return Err(Failure::new(Code::NoPerm, "this user may not write one of the keys that the command names"));
        }
        if !settings::enabled() {
            return Ok(Reply::Ok);
        }
        // All or nothing: what could fail is asked before anything is written.
        for (key, _) in &mset.entries {
            store::check_life(ctx, key, mset.manner.life)?;
        }
        for (key, value) in &mset.entries {
            put(ctx, key, value, &mset.manner)?;
        }
        Ok(Reply::Ok)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_and_bad_ones_refused_by_name() {
        let set = Set::parse(&[b"k", b"v", b"nx", b"TAGS", b"3", b"a", b"b", b"a", b"PERSIST"]).unwrap();
        assert_eq!((set.key, set.value, set.only), (&b"k"[..], &b"v"[..], Only::IfAbsent));
        assert_eq!(set.manner, Manner { life: Life::Forever, tags: vec![b"a", b"b"] });
        let long = [b'x'; 257];
        for (rest, named) in [
            (&[&b"FOO"[..]][..], "unknown option FOO"),
            (&[b"NX", b"XX"], "NX and XX exclude"),
            (&[b"NX", b"NX"], "NX is given twice"),
            (&[b"TTL", b"1", b"PERSIST"], "TTL and PERSIST exclude"),
            (&[b"TAGS"], "TAGS needs a value"),
            (&[b"TAGS", b"0"], "TAGS must be a whole number from 1 to 64"),
            (&[b"TAGS", b"65"], "TAGS must be a whole number from 1 to 64"),
            (&[b"TAGS", b"2", b"a"], "fewer tags"),
            (&[b"TAGS", b"1", b""], "1 to 256 bytes"),
            (&[b"TAGS", b"1", &long], "1 to 256 bytes"),
        ] {
            let words = [&[&b"k"[..], b"v"], rest].concat();
            let failure = Set::parse(&words).unwrap_err().to_string();
            assert!(failure.contains(named), "{failure}");
        }
        assert!(Set::parse(&[b"k"]).is_err());
    }

    #[test]
    fn as_many_pairs_as_the_count_says() {
        let mset = Mset::parse(&[b"2", b"a", b"1", b"b", b"2", b"TAGS", b"1", b"t"]).unwrap();
        assert_eq!(mset.entries, [(&b"a"[..], &b"1"[..]), (b"b", b"2")]);
        assert_eq!(mset.manner, Manner { life: Life::Tier, tags: vec![b"t"] });
        for words in [&[][..], &[&b"0"[..], b"a", b"1"], &[b"2", b"a", b"1", b"b"], &[b"x", b"a", b"1"]] {
            assert!(Mset::parse(words).is_err());
        }
        let failure = Mset::parse(&[b"1", b"a", b"1", b"NX"]).unwrap_err().to_string();
        assert!(failure.contains("unknown option NX"), "{failure}");
    }
}
