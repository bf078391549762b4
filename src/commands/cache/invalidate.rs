//! `CACHE.INVALIDATE`.

use super::tags;
use crate::commands::options::choice;
use crate::error::{Failure, Outcome};
use crate::ffi::ctx::Ctx;
use crate::ffi::entry::Run;
use crate::ffi::string::Argv;
use crate::reply::Reply;

/// Most clauses of one command.
const MOST_CLAUSES: usize = 10_000;

/// What is covered, as it was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clause<'a> {
    Key(&'a [u8]),
    Pattern(&'a [u8]),
    Tag(&'a [u8]),
    Tier(&'a [u8]),
    Model(&'a [u8]),
    All,
}

/// The clauses are united, except that `match_all` asks for all of the tags.
#[derive(Debug, Default, PartialEq)]
pub(in crate::commands) struct Invalidate<'a> {
    clauses: Vec<Clause<'a>>,
    match_all: bool,
    soft: bool,
    asynchronous: bool,
    all_keys: bool,
}

const WORDS: [(&str, Word); 10] = [
    ("KEY", Word::Key),
    ("PATTERN", Word::Pattern),
    ("TAG", Word::Tag),
    ("TIER", Word::Tier),
    ("MODEL", Word::Model),
    ("ALL", Word::All),
    ("MATCH", Word::Match),
    ("SOFT", Word::Soft),
    ("ASYNC", Word::Async),
    ("ALLKEYS", Word::AllKeys),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Key,
    Pattern,
    Tag,
    Tier,
    Model,
    All,
    Match,
    Soft,
    Async,
    AllKeys,
}

impl<'a> Invalidate<'a> {
    fn parse(words: &[&'a [u8]]) -> Outcome<Self> {
        let mut parsed = Self::default();
        let mut matching = None;
        let mut words = words.iter().copied();
        while let Some(word) = words.next() {
            let word = choice(word, &WORDS).ok_or_else(|| {
                Failure::err(
                    "unknown clause: expected KEY, PATTERN, TAG, TIER, MODEL, ALL, MATCH, SOFT, ASYNC or ALLKEYS",
                )
            })?;
            let mut value = || words.next().ok_or_else(|| Failure::err(format!("{} needs a value", name(word))));
            let clause = match word {
                Word::Key => Clause::Key(value()?),
                Word::Pattern => Clause::Pattern(value()?),
                Word::Tag => {
                    let tag = value()?;
                    tags::check(tag)?;
                    Clause::Tag(tag)
                }
                Word::Tier => Clause::Tier(value()?),
                Word::Model => Clause::Model(value()?),
                Word::All => Clause::All,
                Word::Match => {
                    let all = choice(value()?, &[("any", false), ("all", true)])
                        .ok_or_else(|| Failure::err("MATCH must be one of any, all"))?;
                    if matching.replace(all).is_some() {
                        return Err(twice(word));
                    }
                    continue;
                }
                Word::Soft => {
                    once(&mut parsed.soft, word)?;
                    continue;
                }
                Word::Async => {
                    once(&mut parsed.asynchronous, word)?;
                    continue;
                }
                Word::AllKeys => {
                    once(&mut parsed.all_keys, word)?;
                    continue;
                }
            };
            if parsed.clauses.len() == MOST_CLAUSES {
                return Err(Failure::err("too many clauses: at most 10000 at once"));
            }
            parsed.clauses.push(clause);
        }
        if parsed.clauses.is_empty() {
            return Err(Failure::err("nothing to invalidate: give KEY, PATTERN, TAG, TIER, MODEL or ALL"));
        }
        if matching.is_some() && !parsed.clauses.iter().any(|clause| matches!(clause, Clause::Tag(_))) {
            return Err(Failure::err("MATCH says how tags combine and needs a TAG"));
        }
        parsed.match_all = matching.unwrap_or(false);
        Ok(parsed)
    }
}

fn once(flag: &mut bool, word: Word) -> Outcome<()> {
    if std::mem::replace(flag, true) { Err(twice(word)) } else { Ok(()) }
}

fn twice(word: Word) -> Failure {
    Failure::err(format!("option {} is given twice", name(word)))
}

fn name(word: Word) -> &'static str {
    WORDS.iter().find(|(_, one)| *one == word).map_or("", |(name, _)| name)
}

impl Run for Invalidate<'_> {
    fn run(_: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        Invalidate::parse(&argv.words(1))?;
        Err(Failure::err("not built yet"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clauses_keep_their_order_and_may_repeat() {
        let words: [&[u8]; 17] = [
            b"key", b"KEY", b"SOFT", b"KEY", b"ALL", b"TAG", b"s", b"PATTERN", b"p*", b"TIER", b"t", b"MODEL", b"m",
            b"MATCH", b"ALL", b"all", b"ALLKEYS",
        ];
        let parsed = Invalidate::parse(&words).unwrap();
        let expected = [
            Clause::Key(b"KEY"),
            Clause::Key(b"ALL"),
            Clause::Tag(b"s"),
            Clause::Pattern(b"p*"),
            Clause::Tier(b"t"),
            Clause::Model(b"m"),
            Clause::All,
        ];
        assert_eq!(parsed.clauses, expected);
        assert_eq!((parsed.match_all, parsed.soft, parsed.asynchronous, parsed.all_keys), (true, true, false, true));
    }

    #[test]
    fn bad_ones_are_refused_by_name() {
        let many = [&b"KEY"[..], b"k"].repeat(10_001);
        let long = [b'x'; 257];
        for (words, named) in [
            (&[][..], "nothing to invalidate"),
            (&[&b"SOFT"[..]], "nothing to invalidate"),
            (&[b"k"], "unknown clause"),
            (&[b"KEY"], "KEY needs a value"),
            (&[b"KEY", b"k", b"MATCH", b"all"], "needs a TAG"),
            (&[b"TAG", b"t", b"MATCH", b"some"], "MATCH must be one of"),
            (&[b"TAG", b"t", b"MATCH", b"any", b"MATCH", b"any"], "MATCH is given twice"),
            (&[b"TAG", b"t", b"MATCH"], "MATCH needs a value"),
            (&[b"TAG", b""], "1 to 256 bytes"),
            (&[b"TAG", &long], "1 to 256 bytes"),
            (&[b"ALL", b"SOFT", b"SOFT"], "SOFT is given twice"),
            (&[b"ALL", b"ASYNC", b"ASYNC"], "ASYNC is given twice"),
            (&[b"ALL", b"ALLKEYS", b"ALLKEYS"], "ALLKEYS is given twice"),
            (&many, "too many clauses"),
        ] {
            let failure = Invalidate::parse(words).unwrap_err().to_string();
            assert!(failure.contains(named) && failure.is_ascii(), "{failure}");
        }
        assert!(Invalidate::parse(&many[2..]).is_ok());
    }
}
