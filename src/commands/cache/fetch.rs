//! `CACHE.FETCH`.

use super::too_few;
use crate::cache::fetch::{self, FetchOptions};
use crate::error::Outcome;
use crate::ffi::ctx::Ctx;
use crate::ffi::entry::Run;
use crate::ffi::key::{Key, Mode};
use crate::ffi::string::Argv;
use crate::options;
use crate::reply::Reply;

/// The longest lease and the longest wait: an hour.
pub(super) const HOUR_MS: u64 = 3_600_000;

#[derive(Debug, PartialEq)]
pub(in crate::commands) struct Fetch<'a> {
    key: &'a [u8],
    options: FetchOptions,
}

impl<'a> Fetch<'a> {
    fn parse(words: &[&'a [u8]]) -> Outcome<Self> {
        let [key, rest @ ..] = words else { return Err(too_few()) };
        let mut parsed = FetchOptions::default();
        let mut options = options::of(rest);
        while let Some(option) = options.next(&["LEASE", "WAIT", "NOSTALE", "BIND"])? {
            match option {
                "LEASE" => parsed.lease_ms = Some(options.number(option, 1..=HOUR_MS)?),
                "WAIT" => parsed.wait_ms = Some(options.number(option, 0..=HOUR_MS)?),
                "NOSTALE" => parsed.nostale = true,
                _ => parsed.bind = true,
            }
        }
        Ok(Self { key, options: parsed })
    }
}

impl Run for Fetch<'_> {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let words = argv.words(1);
        let fetch = Fetch::parse(&words)?;
        fetch::fetch(ctx, &Key::open_arg(ctx, argv, 1, Mode::Read), fetch.key, &fetch.options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_and_bad_ones_refused_by_name() {
        let all = Fetch::parse(&[b"k", b"wait", b"0", b"BIND", b"LEASE", b"7", b"NOSTALE"]);
        assert_eq!(
            all,
            Ok(Fetch {
                key: b"k",
                options: FetchOptions { lease_ms: Some(7), wait_ms: Some(0), nostale: true, bind: true }
            })
        );
        let none = Fetch { key: b"k", options: FetchOptions::default() };
        assert_eq!(Fetch::parse(&[b"k"]), Ok(none));
        for (words, named) in [
            (&[][..], "wrong number"),
            (&[&b"k"[..], b"LEASE", b"0"], "LEASE must be"),
            (&[b"k", b"LEASE", b"3600001"], "LEASE must be"),
            (&[b"k", b"WAIT", b"-1"], "WAIT must be"),
            (&[b"k", b"WAIT"], "WAIT needs a value"),
            (&[b"k", b"BIND", b"BIND"], "BIND is given twice"),
            (&[b"k", b"STALE"], "unknown option STALE"),
        ] {
            let failure = Fetch::parse(words).unwrap_err().to_string();
            assert!(failure.contains(named), "{failure}");
        }
    }
}
