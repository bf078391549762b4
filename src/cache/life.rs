//! How long an entry lives, as a command says it.

use crate::cache::store::Life;
use crate::clock::now_ms;
use crate::commands::options::Options;
use crate::error::{Failure, Outcome};

/// The longest life: a century, far from where milliseconds overflow.
const LONGEST_MS: u64 = 100 * 365 * 86_400_000;

/// Reads the options of a life, of which at most one may be given.
#[derive(Debug, Default)]
pub(crate) struct Lives {
    by: Option<&'static str>,
    life: Life,
}

impl Lives {
    /// Takes an option if it is one of a life.
    pub(crate) fn takes(&mut self, option: &'static str, options: &mut Options<'_, '_>) -> Outcome<bool> {
        let now = now_ms();
        // A second one is refused before its value is looked at.
        let known = matches!(option, "TTL" | "PTTL" | "EX" | "PX" | "EXAT" | "PXAT" | "KEEPTTL" | "PERSIST");
        if known && let Some(first) = self.by.replace(option) {
            return Err(Failure::err(format!("{first} and {option} exclude each other")));
        }
        self.life = match option {
            "TTL" | "EX" => Life::Until(now + options.number(option, 1..=LONGEST_MS / 1000)? * 1000),
            "PTTL" | "PX" => Life::Until(now + options.number(option, 1..=LONGEST_MS)?),
            "EXAT" => Life::Until(options.number(option, now / 1000 + 1..=(now + LONGEST_MS) / 1000)? * 1000),
            "PXAT" => Life::Until(options.number(option, now + 1..=now + LONGEST_MS)?),
            "KEEPTTL" => Life::Kept,
            "PERSIST" => Life::Forever,
            _ => return Ok(false),
        };
        Ok(true)
    }

    /// What was given; else the tier's.
    pub(crate) fn given(self) -> Life {
        self.life
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&[u8]]) -> Outcome<Life> {
        let (mut lives, mut options) = (Lives::default(), Options::new(words));
        let known = ["TTL", "PTTL", "EX", "PX", "EXAT", "PXAT", "KEEPTTL", "PERSIST", "OTHER"];
        while let Some(option) = options.next(&known)? {
            assert_eq!(lives.takes(option, &mut options)?, option != "OTHER");
        }
        Ok(lives.given())
    }

    #[test]
    fn every_spelling_ends_at_the_time_it_says() {
        let now = now_ms();
        let soon = |life: Outcome<Life>| match life {
            Ok(Life::Until(at)) => (at - now).div_ceil(1000),
            other => panic!("{other:?}"),
        };
        for option in [&b"TTL"[..], b"ex"] {
            assert!((10..=11).contains(&soon(read(&[option, b"10"]))));
        }
        for option in [&b"PTTL"[..], b"px"] {
            assert!((10..=11).contains(&soon(read(&[option, b"10000"]))));
        }
        assert_eq!(read(&[b"EXAT", b"4000000000"]), Ok(Life::Until(4_000_000_000_000)));
        assert_eq!(read(&[b"PXAT", b"4000000000001"]), Ok(Life::Until(4_000_000_000_001)));
        assert_eq!(read(&[b"OTHER", b"keepttl"]), Ok(Life::Kept));
        assert_eq!(read(&[b"PERSIST"]), Ok(Life::Forever));
        assert_eq!(read(&[b"OTHER"]), Ok(Life::Tier));
    }

    #[test]
    fn two_lives_and_those_that_are_over_are_refused() {
        for (words, named) in [
            (&[&b"TTL"[..], b"5", b"PX", b"6"][..], "TTL and PX exclude"),
            (&[b"KEEPTTL", b"PERSIST"], "KEEPTTL and PERSIST exclude"),
            (&[b"TTL", b"0"], "TTL must be"),
            (&[b"PTTL", b"-1"], "PTTL must be"),
            (&[b"EXAT", b"1"], "EXAT must be"),
            (&[b"PXAT", b"1"], "PXAT must be"),
            (&[b"EX", b"9999999999"], "EX must be"),
            (&[b"PX"], "PX needs a value"),
        ] {
            let failure = read(words).unwrap_err().to_string();
            assert!(failure.contains(named), "{failure}");
        }
    }
}
