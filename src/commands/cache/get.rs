//! `CACHE.GET` and `CACHE.MGET`.

use super::too_few;
use crate::commands::options::Options;
use crate::error::{Failure, Outcome};
use crate::ffi::ctx::Ctx;
use crate::ffi::entry::Run;
use crate::ffi::string::Argv;
use crate::reply::Reply;

#[derive(Debug, PartialEq)]
pub(in crate::commands) struct Get<'a> {
    key: &'a [u8],
    stale: bool,
}

impl<'a> Get<'a> {
    fn parse(words: &[&'a [u8]]) -> Outcome<Self> {
        let [key, rest @ ..] = words else { return Err(too_few()) };
        let mut options = Options::new(rest);
        let mut stale = false;
        while options.next(&["STALE"])?.is_some() {
            stale = true;
        }
        Ok(Self { key, stale })
    }
}

impl Run for Get<'_> {
    fn run(_: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        Get::parse(&argv.words(1))?;
        Err(Failure::err("not built yet"))
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
    fn run(_: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        Mget::parse(&argv.words(1))?;
        Err(Failure::err("not built yet"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stale_is_the_only_option() {
        assert_eq!(Get::parse(&[b"k"]), Ok(Get { key: b"k", stale: false }));
        assert_eq!(Get::parse(&[b"k", b"stale"]), Ok(Get { key: b"k", stale: true }));
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
