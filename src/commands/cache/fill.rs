//! The commands of a lease holder: `CACHE.FILL`, `CACHE.RENEW`, `CACHE.FAIL`.

use super::fetch::HOUR_MS;
use super::set::StoreOptions;
use super::too_few;
use crate::cache::fill;
use crate::error::{Failure, Outcome};
use crate::ffi::ctx::Ctx;
use crate::ffi::entry::Run;
use crate::ffi::string::Argv;
use crate::options;
use crate::reply::Reply;

/// The longest reason of a failure, in bytes.
const LONGEST_REASON: usize = 256;

#[derive(Debug, PartialEq)]
pub(in crate::commands) struct Fill<'a> {
    key: &'a [u8],
    token: u64,
    value: &'a [u8],
    options: StoreOptions<'a>,
}

impl<'a> Fill<'a> {
    fn parse(words: &[&'a [u8]]) -> Outcome<Self> {
        let [key, given, value, rest @ ..] = words else { return Err(too_few()) };
        Ok(Self { key, token: options::token(given)?, value, options: StoreOptions::parse(rest)? })
    }
}

impl Run for Fill<'_> {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let words = argv.words(1);
        let fill = Fill::parse(&words)?;
        fill::fill(ctx, fill.key, fill.token, fill.value, &fill.options.tags, fill.options.ttl)
    }
}

#[derive(Debug, PartialEq)]
pub(in crate::commands) struct Renew<'a> {
    key: &'a [u8],
    token: u64,
    ms: u64,
}

impl<'a> Renew<'a> {
    fn parse(words: &[&'a [u8]]) -> Outcome<Self> {
        let [key, given, ms] = words else { return Err(too_few()) };
        let token = options::token(given)?;
        let ms = options::number(ms)
            .filter(|ms| (1..=HOUR_MS).contains(ms))
            .ok_or_else(|| Failure::err("milliseconds must be a whole number from 1 to 3600000"))?;
        Ok(Self { key, token, ms })
    }
}

impl Run for Renew<'_> {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let words = argv.words(1);
        let renew = Renew::parse(&words)?;
        fill::renew(ctx, renew.key, renew.token, renew.ms)
    }
}

#[derive(Debug, PartialEq)]
pub(in crate::commands) struct Fail<'a> {
    key: &'a [u8],
    token: u64,
    /// Empty when none is given.
    reason: &'a [u8],
}

impl<'a> Fail<'a> {
    fn parse(words: &[&'a [u8]]) -> Outcome<Self> {
        let (key, given, reason) = match words {
            [key, given] => (key, given, &b""[..]),
            [key, given, reason] => (key, given, *reason),
            _ => return Err(too_few()),
        };
        if reason.len() > LONGEST_REASON {
            return Err(Failure::err("a reason must have at most 256 bytes"));
        }
        Ok(Self { key, token: options::token(given)?, reason })
    }
}

impl Run for Fail<'_> {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let words = argv.words(1);
        let fail = Fail::parse(&words)?;
        fill::fail(ctx, fail.key, fail.token, fail.reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::store::TimeToLive;

    const TOKEN: &[u8] = b"00000000000000Ff";

    #[test]
    fn arguments_are_read() {
        let options = StoreOptions { ttl: TimeToLive::Tier, tags: vec![b"t"] };
        let fill = Fill { key: b"k", token: 255, value: b"v", options };
        assert_eq!(Fill::parse(&[b"k", TOKEN, b"v", b"TAGS", b"1", b"t"]), Ok(fill));
        assert_eq!(Renew::parse(&[b"k", TOKEN, b"9"]), Ok(Renew { key: b"k", token: 255, ms: 9 }));
        assert_eq!(Fail::parse(&[b"k", TOKEN]), Ok(Fail { key: b"k", token: 255, reason: b"" }));
        assert_eq!(Fail::parse(&[b"k", TOKEN, b"why"]), Ok(Fail { key: b"k", token: 255, reason: b"why" }));
    }

    #[test]
    fn bad_arguments_are_refused() {
        assert!(Fill::parse(&[b"k", TOKEN]).is_err());
        assert!(Fill::parse(&[b"k", TOKEN, b"v", b"NX"]).is_err());
        assert!(Fill::parse(&[b"k", b"1", b"v"]).is_err());
        for ms in [&b"0"[..], b"3600001", b"x", b"-1"] {
            assert!(Renew::parse(&[b"k", TOKEN, ms]).is_err());
        }
        assert!(Renew::parse(&[b"k", TOKEN]).is_err());
        assert!(Fail::parse(&[b"k", TOKEN, &[b'x'; 257]]).is_err());
        assert!(Fail::parse(&[b"k", TOKEN, b"why", b"more"]).is_err());
        assert!(Fail::parse(&[b"k"]).is_err());
    }
}
