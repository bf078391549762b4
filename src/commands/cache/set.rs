//! `CACHE.SET` and `CACHE.MSET`.

use super::too_few;
use crate::cache::lookup::look_up;
use crate::cache::store::{self, TimeToLive};
use crate::cache::tags;
use crate::cache::ttl::TtlOptions;
use crate::cache::{Writer, with, writing_as};
use crate::error::{Code, Failure, Outcome};
use crate::ffi::ctx::Ctx;
use crate::ffi::entry::Run;
use crate::ffi::key::{Key, Mode};
use crate::ffi::string::Argv;
use crate::ffi::user;
use crate::options;
use crate::reply::Reply;
use crate::settings;
use crate::spec::KeyFlags;
use assess_engine::cache::lease::Seen;

/// The condition for storing an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Condition {
    Always,
    /// `NX`
    IfAbsent,
    /// `XX`
    IfPresent,
}

/// The options of an entry that is stored.
#[derive(Debug, PartialEq)]
pub(super) struct StoreOptions<'a> {
    pub(super) ttl: TimeToLive,
    pub(super) tags: Vec<&'a [u8]>,
}

pub(super) const STORE_OPTIONS: [&str; 9] = ["TAGS", "TTL", "PTTL", "EX", "PX", "EXAT", "PXAT", "KEEPTTL", "PERSIST"];
const SET: [&str; 11] = ["TAGS", "TTL", "PTTL", "EX", "PX", "EXAT", "PXAT", "KEEPTTL", "PERSIST", "NX", "XX"];

impl<'a> StoreOptions<'a> {
    pub(super) fn parse(words: &[&'a [u8]]) -> Outcome<Self> {
        parse(words, &STORE_OPTIONS).map(|(options, _)| options)
    }
}

fn parse<'a>(words: &[&'a [u8]], known: &[&'static str]) -> Outcome<(StoreOptions<'a>, Condition)> {
    let mut given = options::of(words);
    let (mut ttl, mut tags, mut condition) = (TtlOptions::default(), Vec::new(), Condition::Always);
    while let Some(option) = given.next(known)? {
        match option {
            "TAGS" => tags = tags::parse(&mut given)?,
            "NX" | "XX" if condition != Condition::Always => return Err(Failure::err("NX and XX exclude each other")),
            "NX" => condition = Condition::IfAbsent,
            "XX" => condition = Condition::IfPresent,
            option if ttl.takes(option, &mut given)? => {}
            _ => return Err(Failure::internal()),
        }
    }
    Ok((StoreOptions { ttl: ttl.given(), tags }, condition))
}

#[derive(Debug, PartialEq)]
pub(in crate::commands) struct Set<'a> {
    key: &'a [u8],
    value: &'a [u8],
    options: StoreOptions<'a>,
    condition: Condition,
}

impl<'a> Set<'a> {
    fn parse(words: &[&'a [u8]]) -> Outcome<Self> {
        let [key, value, rest @ ..] = words else { return Err(too_few()) };
        let (options, condition) = parse(rest, &SET)?;
        Ok(Self { key, value, options, condition })
    }
}

impl Run for Set<'_> {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let words = argv.words(1);
        let set = Set::parse(&words)?;
        if !settings::enabled() {
            return Ok(Reply::Ok);
        }
        if set.condition != Condition::Always {
            let seen = look_up(ctx, &Key::open_arg(ctx, argv, 1, Mode::Peek), set.key).seen;
            if (seen == Seen::Absent) != (set.condition == Condition::IfAbsent) {
                return Ok(Reply::Nil);
            }
        }
        put(ctx, set.key, set.value, &set.options)?;
        Ok(Reply::Ok)
    }
}

/// Stores an entry for a client.
fn put(ctx: Ctx<'_>, key: &[u8], value: &[u8], options: &StoreOptions<'_>) -> Outcome<()> {
    writing_as(Writer::Command, || store::store(ctx, key, value, &options.tags, options.ttl))?;
    with(|cache| {
        let tier = cache.tiers.of(key);
        cache.count(tier).sets += 1;
    });
    Ok(())
}

#[derive(Debug, PartialEq)]
pub(in crate::commands) struct Mset<'a> {
    entries: Vec<(&'a [u8], &'a [u8])>,
    options: StoreOptions<'a>,
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
        Ok(Self { entries, options: StoreOptions::parse(&rest[count * 2..])? })
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
        // Redis 7.0 checks only the first half of the keys.
        if !mset.entries.iter().all(|(key, _)| user::may_access(ctx, key, KeyFlags::UPDATE)) {
            return Err(Failure::new(Code::NoPerm, "this user may not write one of the keys that the command names"));
        }
        if !settings::enabled() {
            return Ok(Reply::Ok);
        }
        // All or nothing: everything that could fail is checked before the first write.
        for (key, _) in &mset.entries {
            store::check_ttl(ctx, key, mset.options.ttl)?;
        }
        for (key, value) in &mset.entries {
            put(ctx, key, value, &mset.options)?;
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
        assert_eq!((set.key, set.value, set.condition), (&b"k"[..], &b"v"[..], Condition::IfAbsent));
        assert_eq!(set.options, StoreOptions { ttl: TimeToLive::Unlimited, tags: vec![b"a", b"b"] });
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
    fn the_count_is_the_number_of_pairs() {
        let mset = Mset::parse(&[b"2", b"a", b"1", b"b", b"2", b"TAGS", b"1", b"t"]).unwrap();
        assert_eq!(mset.entries, [(&b"a"[..], &b"1"[..]), (b"b", b"2")]);
        assert_eq!(mset.options, StoreOptions { ttl: TimeToLive::Tier, tags: vec![b"t"] });
        for words in [&[][..], &[&b"0"[..], b"a", b"1"], &[b"2", b"a", b"1", b"b"], &[b"x", b"a", b"1"]] {
            assert!(Mset::parse(words).is_err());
        }
        let failure = Mset::parse(&[b"1", b"a", b"1", b"NX"]).unwrap_err().to_string();
        assert!(failure.contains("unknown option NX"), "{failure}");
    }
}
