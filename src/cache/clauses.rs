//! The clauses of an invalidation as words: parsed from a client's command, and written for replicas and RDB files.

use std::collections::HashSet;

use assess_engine::cache::ban::{self, Ban};
use assess_engine::cache::{name, pattern};

use super::invalidate::{self, Order};
use super::{Cache, tags, with};
use crate::error::{Failure, Outcome};
use crate::options::choice;

/// The most clauses of one command.
const MOST_CLAUSES: usize = 10_000;
/// The most clauses other than `KEY`: each of them is compared with every candidate entry and lease.
const MOST_OTHERS: usize = 100;

/// One clause, as the client wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clause<'a> {
    Key(&'a [u8]),
    Pattern(&'a [u8]),
    Tag(&'a [u8]),
    Tier(&'a [u8]),
    Model(&'a [u8]),
    All,
}

/// The parsed command. An entry is covered if one clause covers it; with `match_all` it needs all of the tags.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Invalidate<'a> {
    pub(crate) clauses: Vec<Clause<'a>>,
    match_all: bool,
    soft: bool,
    pub(crate) asynchronous: bool,
    all_keys: bool,
    /// Every master of the cluster does it.
    pub(crate) everywhere: bool,
}

pub(crate) const WORDS: [(&str, Word); 11] = [
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
    ("CLUSTER", Word::Cluster),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
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
    Cluster,
}

impl<'a> Invalidate<'a> {
    pub(crate) fn parse(words: &[&'a [u8]]) -> Outcome<Self> {
        let mut parsed = Self::default();
        let (mut matching, mut others) = (None, 0);
        let mut words = words.iter().copied();
        while let Some(word) = words.next() {
            let word = choice(word, &WORDS).ok_or_else(|| {
                Failure::err(
                    "unknown clause: expected KEY, PATTERN, TAG, TIER, MODEL, ALL, MATCH, SOFT, ASYNC, ALLKEYS or CLUSTER",
                )
            })?;
            let value = || words.next().ok_or_else(|| Failure::err(format!("{} needs a value", name(word))));
            match word {
                Word::Soft => once(&mut parsed.soft, word)?,
                Word::Async => once(&mut parsed.asynchronous, word)?,
                Word::AllKeys => once(&mut parsed.all_keys, word)?,
                Word::Cluster => once(&mut parsed.everywhere, word)?,
                Word::Match => {
                    if matching.replace(match_all(value)?).is_some() {
                        return Err(twice(word));
                    }
                }
                Word::Key | Word::Pattern | Word::Tag | Word::Tier | Word::Model | Word::All => {
                    let clause = Clause::parse(word, value)?;
                    others += usize::from(!matches!(clause, Clause::Key(_)));
                    if parsed.clauses.len() == MOST_CLAUSES {
                        return Err(Failure::err("too many clauses: at most 10000 in one command"));
                    }
                    if others > MOST_OTHERS {
                        return Err(Failure::err("too many clauses: at most 100 in one command besides KEY"));
                    }
                    parsed.clauses.push(clause);
                }
            }
        }
        if parsed.clauses.is_empty() {
            return Err(Failure::err("nothing to invalidate: give KEY, PATTERN, TAG, TIER, MODEL or ALL"));
        }
        if matching.is_some() && !parsed.clauses.iter().any(|clause| matches!(clause, Clause::Tag(_))) {
            return Err(Failure::err("MATCH combines tags, so it needs a TAG"));
        }
        if parsed.everywhere && parsed.clauses.iter().any(|clause| matches!(clause, Clause::Key(_))) {
            return Err(Failure::err("CLUSTER is for the other clauses: one node has the slot of a KEY"));
        }
        parsed.match_all = matching.unwrap_or(false);
        Ok(parsed)
    }
}

impl<'a> Clause<'a> {
    /// The clause that `word` names, with its value.
    fn parse(word: Word, value: impl FnOnce() -> Outcome<&'a [u8]>) -> Outcome<Self> {
        Ok(match word {
            Word::Key => Self::Key(value()?),
            Word::Pattern => {
                let pattern = value()?;
                check_pattern(pattern)?;
                Self::Pattern(pattern)
            }
            Word::Tag => {
                let tag = value()?;
                tags::check(tag)?;
                Self::Tag(tag)
            }
            Word::Tier => Self::Tier(value()?),
            Word::Model => Self::Model(value()?),
            Word::All => Self::All,
            Word::Match | Word::Soft | Word::Async | Word::AllKeys | Word::Cluster => {
                return Err(Failure::internal());
            }
        })
    }
}

/// The value of `MATCH`: whether an entry must have all of the tags.
fn match_all<'a>(value: impl FnOnce() -> Outcome<&'a [u8]>) -> Outcome<bool> {
    choice(value()?, &[("any", false), ("all", true)]).ok_or_else(|| Failure::err("MATCH must be one of any, all"))
}

/// The longest pattern in bytes, the same as in a tier.
const LONGEST_PATTERN: usize = 1024;

/// Returns an error if a pattern is too long.
pub(crate) fn check_pattern(pattern: &[u8]) -> Outcome<()> {
    if pattern.len() > LONGEST_PATTERN {
        return Err(Failure::err("PATTERN must have at most 1024 bytes"));
    }
    Ok(())
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

impl Invalidate<'_> {
    /// Resolves the clauses against the current tiers.
    pub(crate) fn order(&self) -> Outcome<Order> {
        // A repeated key counts once, also when it is made stale instead of removed.
        let mut seen = HashSet::new();
        let keys = self.clauses.iter().filter_map(|clause| match clause {
            Clause::Key(key) => seen.insert(*key).then(|| Box::from(*key)),
            _ => None,
        });
        Ok(Order {
            keys: keys.collect(),
            clauses: self.resolved()?,
            soft: self.soft,
            all_keys: self.all_keys,
            words: self.words(),
        })
    }

    /// The clauses other than `KEY`, as the engine expects them.
    fn resolved(&self) -> Outcome<Vec<ban::Clause>> {
        let mut resolved = Vec::new();
        let tags: Vec<Box<[u8]>> = self
            .clauses
            .iter()
            .filter_map(|clause| if let Clause::Tag(tag) = clause { Some(Box::from(*tag)) } else { None })
            .collect();
        if !tags.is_empty() {
            resolved.push(ban::Clause::Tags { tags, all: self.match_all });
        }
        for clause in &self.clauses {
            resolved.push(match *clause {
                Clause::Key(_) | Clause::Tag(_) => continue,
                Clause::Pattern(pattern) => ban::Clause::Pattern(pattern.into()),
                Clause::Tier(name) => {
                    with(|cache| {
                        let tier = cache.tiers.find(name).ok_or_else(Failure::no_tier)?;
                        let prefixes = if cache.indexing {
                            // Entries may still be in this tier although its patterns no longer match them.
                            vec![Box::default()]
                        } else {
                            tier.policy.patterns.iter().map(|glob| pattern::literal_prefix(glob).into()).collect()
                        };
                        Ok::<_, Failure>(ban::Clause::Tier { id: tier.id, prefixes })
                    })?
                }
                Clause::Model(key) => {
                    let mut beginning = Vec::new();
                    name::begin(key, &mut beginning)?;
                    ban::Clause::Model { key: key.into(), beginning: beginning.into() }
                }
                Clause::All => ban::Clause::All,
            });
        }
        Ok(resolved)
    }

    /// The words for replicas and other nodes, without the keys: these are deleted before the ban is replicated.
    pub(crate) fn words(&self) -> Vec<Vec<u8>> {
        let mut words: Vec<Vec<u8>> = Vec::new();
        for clause in &self.clauses {
            let (word, value) = match *clause {
                Clause::Key(_) => continue,
                Clause::Pattern(pattern) => ("PATTERN", pattern),
                Clause::Tag(tag) => ("TAG", tag),
                Clause::Tier(tier) => ("TIER", tier),
                Clause::Model(model) => ("MODEL", model),
                Clause::All => {
                    words.push(b"ALL".to_vec());
                    continue;
                }
            };
            words.extend([word.as_bytes().to_vec(), value.to_vec()]);
        }
        if self.match_all {
            words.extend([b"MATCH".to_vec(), b"all".to_vec()]);
        }
        words.extend(self.soft.then(|| b"SOFT".to_vec()));
        words.extend(self.all_keys.then(|| b"ALLKEYS".to_vec()));
        words
    }
}

/// Begins a ban that comes from a master, an append-only file or an RDB file.
pub(crate) fn begin_replicated_ban(db: i32, id: u64, words: &[&[u8]]) -> Outcome<()> {
    let parsed = Invalidate::parse(words)?;
    invalidate::begin_replicated(db, id, parsed.resolved()?, parsed.soft, parsed.all_keys);
    Ok(())
}

/// The words of a ban, for an RDB file. `None` if it can no longer cover anything, because its tier was removed.
pub(super) fn ban_words(cache: &Cache, ban: &Ban) -> Option<Vec<Vec<u8>>> {
    let mut parsed = Invalidate { soft: ban.soft, all_keys: ban.all_keys, ..Invalidate::default() };
    for clause in &ban.clauses {
        match clause {
            ban::Clause::Key(key) => parsed.clauses.push(Clause::Key(key)),
            ban::Clause::Pattern(pattern) => parsed.clauses.push(Clause::Pattern(pattern)),
            ban::Clause::Tags { tags, all } => {
                parsed.match_all = *all;
                parsed.clauses.extend(tags.iter().map(|tag| Clause::Tag(tag)));
            }
            ban::Clause::Tier { id, .. } => {
                parsed.clauses.extend(cache.tiers.get(*id).map(|tier| Clause::Tier(&tier.name)));
            }
            ban::Clause::Model { key, .. } => parsed.clauses.push(Clause::Model(key)),
            ban::Clause::All => parsed.clauses.push(Clause::All),
        }
    }
    parsed.clauses.iter().any(|clause| !matches!(clause, Clause::Key(_))).then(|| parsed.words())
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
    fn bad_clauses_are_refused_by_name() {
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
            (&[b"ALL", b"CLUSTER", b"CLUSTER"], "CLUSTER is given twice"),
            (&[b"KEY", b"k", b"TAG", b"t", b"CLUSTER"], "CLUSTER is for the other clauses"),
        ] {
            let failure = Invalidate::parse(words).unwrap_err().to_string();
            assert!(failure.contains(named) && failure.is_ascii(), "{failure}");
        }
        assert!(Invalidate::parse(&many[2..]).is_ok());
    }
}
