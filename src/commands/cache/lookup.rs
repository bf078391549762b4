//! Commands that read the state of the cache: `CACHE.TTL`, `STATS`, `METRICS`, `HOT`, `HEALTH`, `EXPORT`.

use super::{may_see_every_key, too_few};
use crate::cache::clauses::check_pattern;
use crate::cache::export;
use crate::commands::cluster;
use crate::error::{Code, Failure, Outcome};
use crate::ffi::ctx::Ctx;
use crate::ffi::entry::Run;
use crate::ffi::string::Argv;
use crate::ffi::user;
use crate::options;
use crate::reply::Reply;
use crate::report::{cache_stats, health, metrics};

#[derive(Debug, PartialEq)]
pub(in crate::commands) struct Ttl<'a> {
    key: &'a [u8],
}

impl<'a> Ttl<'a> {
    fn parse(words: &[&'a [u8]]) -> Outcome<Self> {
        let [key] = words else { return Err(too_few()) };
        Ok(Self { key })
    }
}

impl Run for Ttl<'_> {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let words = argv.words(1);
        cache_stats::of_key(ctx, Ttl::parse(&words)?.key)
    }
}

/// The arguments `RESET` and `CLUSTER`, in upper or lower case, never name a tier here.
#[derive(Debug, PartialEq)]
pub(in crate::commands) struct Stats<'a> {
    what: What<'a>,
    /// Of every master of the cluster.
    everywhere: bool,
}

#[derive(Debug, PartialEq)]
enum What<'a> {
    Total,
    Tier(&'a [u8]),
    Reset,
}

impl<'a> Stats<'a> {
    fn parse(words: &[&'a [u8]]) -> Outcome<Self> {
        let (words, everywhere) = match words {
            [words @ .., last] if last.eq_ignore_ascii_case(b"CLUSTER") => (words, true),
            words => (words, false),
        };
        let what = match words {
            [] => What::Total,
            [reset] if reset.eq_ignore_ascii_case(b"RESET") => What::Reset,
            [tier] => What::Tier(tier),
            _ => return Err(too_few()),
        };
        Ok(Self { what, everywhere })
    }
}

impl Run for Stats<'_> {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let words = argv.words(1);
        let Stats { what, everywhere } = Stats::parse(&words)?;
        match what {
            What::Total if everywhere => cluster::stats(ctx),
            What::Tier(name) if everywhere => cluster::stats_of_tier(ctx, name),
            What::Total => Ok(cache_stats::total(ctx)),
            What::Tier(name) => cache_stats::of_tier(name),
            What::Reset => {
                may_change_what_every_user_sees(ctx)?;
                if everywhere {
                    return cluster::reset(ctx);
                }
                cache_stats::reset();
                Ok(Reply::Ok)
            }
        }
    }
}

/// An error unless the user may access every key: the statistics are shared by all users, and alerts depend on them.
fn may_change_what_every_user_sees(ctx: Ctx<'_>) -> Outcome<()> {
    if user::may_see_every_key(ctx) {
        return Ok(());
    }
    let text =
        "the statistics are those of all users: to set them to zero the user needs permission for every key (~*)";
    Err(Failure::new(Code::NoPerm, text))
}

#[derive(Debug, PartialEq)]
pub(in crate::commands) struct Metrics;

impl Metrics {
    fn parse(words: &[&[u8]]) -> Outcome<Self> {
        if words.is_empty() { Ok(Self) } else { Err(too_few()) }
    }
}

impl Run for Metrics {
    fn run(_: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        Self::parse(&argv.words(1))?;
        Ok(Reply::text(metrics::text()))
    }
}

#[derive(Debug, PartialEq)]
pub(in crate::commands) struct Health {
    everywhere: bool,
}

impl Health {
    fn parse(words: &[&[u8]]) -> Outcome<Self> {
        match words {
            [] => Ok(Self { everywhere: false }),
            [cluster] if cluster.eq_ignore_ascii_case(b"CLUSTER") => Ok(Self { everywhere: true }),
            _ => Err(too_few()),
        }
    }
}

impl Run for Health {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        if Self::parse(&argv.words(1))?.everywhere {
            return cluster::health(ctx);
        }
        Ok(Reply::texts(health::lines(ctx)))
    }
}

/// The most keys that `CACHE.HOT` lists: as many as are counted.
const MOST_HOT: u64 = 256;

#[derive(Debug, PartialEq)]
pub(in crate::commands) struct Hot<'a> {
    tier: &'a [u8],
    n: usize,
}

impl<'a> Hot<'a> {
    fn parse(words: &[&'a [u8]]) -> Outcome<Self> {
        let (tier, n) = match words {
            [tier] => (tier, Some(10)),
            [tier, n] => (tier, options::number(n)),
            _ => return Err(too_few()),
        };
        let n = n
            .filter(|n| (1..=MOST_HOT).contains(n))
            .ok_or_else(|| Failure::err("n must be a whole number from 1 to 256"))?;
        Ok(Self { tier, n: n as usize })
    }
}

impl Run for Hot<'_> {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let words = argv.words(1);
        let hot = Hot::parse(&words)?;
        may_see_every_key(ctx)?;
        cache_stats::hot(ctx, hot.tier, hot.n)
    }
}

/// The most entries of a page.
const LONGEST_PAGE: u64 = 10_000;

#[derive(Debug, PartialEq)]
pub(in crate::commands) struct Export<'a> {
    pattern: &'a [u8],
    /// `None` starts from the beginning, like the cursor `0`.
    cursor: Option<&'a [u8]>,
    count: usize,
}

impl<'a> Export<'a> {
    fn parse(words: &[&'a [u8]]) -> Outcome<Self> {
        let (mut pattern, mut cursor, mut count) = (None, None, 100);
        let mut options = options::of(words);
        while let Some(option) = options.next(&["PATTERN", "CURSOR", "COUNT"])? {
            match option {
                "PATTERN" => pattern = Some(options.value(option)?),
                "CURSOR" => cursor = Some(options.value(option)?).filter(|&cursor| cursor != b"0"),
                _ => count = options.number(option, 1..=LONGEST_PAGE)?,
            }
        }
        let pattern = pattern.ok_or_else(|| Failure::err("PATTERN is missing: give PATTERN * for every entry"))?;
        check_pattern(pattern)?;
        Ok(Self { pattern, cursor, count: count as usize })
    }
}

impl Run for Export<'_> {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let words = argv.words(1);
        let export = Export::parse(&words)?;
        may_see_every_key(ctx)?;
        export::page(ctx, export.pattern, export.cursor, export.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_read() {
        assert_eq!(Ttl::parse(&[b"k"]), Ok(Ttl { key: b"k" }));
        let cases: [(&[&[u8]], What<'_>); 3] =
            [(&[], What::Total), (&[b"reset"], What::Reset), (&[b"hs"], What::Tier(b"hs"))];
        for (words, what) in cases {
            let everywhere = [words, &[b"cluster"]].concat();
            assert_eq!(Stats::parse(&everywhere).map(|stats| stats.everywhere), Ok(true));
            assert_eq!(Stats::parse(words), Ok(Stats { what, everywhere: false }));
        }
        assert_eq!(Hot::parse(&[b"hs"]), Ok(Hot { tier: b"hs", n: 10 }));
        assert_eq!(Hot::parse(&[b"hs", b"256"]), Ok(Hot { tier: b"hs", n: 256 }));
        assert_eq!(Export::parse(&[b"PATTERN", b"*"]), Ok(Export { pattern: b"*", cursor: None, count: 100 }));
        let page = Export { pattern: b"*", cursor: Some(b"6b"), count: 7 };
        assert_eq!(Export::parse(&[b"count", b"7", b"CURSOR", b"6b", b"PATTERN", b"*"]), Ok(page));
        assert!(Metrics::parse(&[]).is_ok() && Health::parse(&[]).is_ok());
        assert_eq!(Health::parse(&[b"Cluster"]), Ok(Health { everywhere: true }));
    }

    #[test]
    fn bad_arguments_are_refused() {
        assert!(Ttl::parse(&[b"k", b"l"]).is_err());
        assert!(Stats::parse(&[b"hs", b"RESET"]).is_err());
        assert!(Metrics::parse(&[b"x"]).is_err() && Health::parse(&[b"x"]).is_err());
        assert!(Hot::parse(&[]).is_err() && Hot::parse(&[b"hs", b"0"]).is_err());
        assert!(Hot::parse(&[b"hs", b"257"]).is_err());
        for (words, named) in [
            (&[][..], "PATTERN is missing"),
            (&[&b"COUNT"[..], b"5"], "PATTERN is missing"),
            (&[b"PATTERN"], "PATTERN needs a value"),
            (&[b"PATTERN", b"*", b"COUNT", b"0"], "COUNT must be"),
            (&[b"PATTERN", b"*", b"COUNT", b"10001"], "COUNT must be"),
            (&[b"PATTERN", b"*", b"LIMIT", b"5"], "unknown option LIMIT"),
        ] {
            let failure = Export::parse(words).unwrap_err().to_string();
            assert!(failure.contains(named), "{failure}");
        }
    }
}
