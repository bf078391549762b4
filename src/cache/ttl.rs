//! The options of a command that set the time to live of an entry.

use crate::cache::store::TimeToLive;
use crate::clock::now_ms;
use crate::error::{Failure, Outcome};
use crate::options::Options;

/// The longest time to live: 100 years, far below the overflow of milliseconds.
const LONGEST_MS: u64 = 100 * 365 * 86_400_000;

/// Reads the options of a time to live, of which at most one may be given.
#[derive(Debug, Default)]
pub(crate) struct TtlOptions {
    by: Option<&'static str>,
    ttl: TimeToLive,
}

impl TtlOptions {
    /// Reads the value of an option if it sets a time to live; returns whether it does.
    pub(crate) fn takes(&mut self, option: &'static str, options: &mut Options<'_, '_>) -> Outcome<bool> {
        let now = now_ms();
        // A second option is refused before its value is read.
        let known = matches!(option, "TTL" | "PTTL" | "EX" | "PX" | "EXAT" | "PXAT" | "KEEPTTL" | "PERSIST");
        if known && let Some(first) = self.by.replace(option) {
            return Err(Failure::err(format!("{first} and {option} exclude each other")));
        }
        self.ttl = match option {
            "TTL" | "EX" => TimeToLive::Until(now + options.number(option, 1..=LONGEST_MS / 1000)? * 1000),
            "PTTL" | "PX" => TimeToLive::Until(now + options.number(option, 1..=LONGEST_MS)?),
            "EXAT" => TimeToLive::Until(options.number(option, now / 1000 + 1..=(now + LONGEST_MS) / 1000)? * 1000),
            "PXAT" => TimeToLive::Until(options.number(option, now + 1..=now + LONGEST_MS)?),
            "KEEPTTL" => TimeToLive::Keep,
            "PERSIST" => TimeToLive::Unlimited,
            _ => return Ok(false),
        };
        Ok(true)
    }

    /// The time to live that was given. Default: the tier's.
    pub(crate) fn given(self) -> TimeToLive {
        self.ttl
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options;

    fn read(words: &[&[u8]]) -> Outcome<TimeToLive> {
        let (mut ttl, mut options) = (TtlOptions::default(), options::of(words));
        let known = ["TTL", "PTTL", "EX", "PX", "EXAT", "PXAT", "KEEPTTL", "PERSIST", "OTHER"];
        while let Some(option) = options.next(&known)? {
            assert_eq!(ttl.takes(option, &mut options)?, option != "OTHER");
        }
        Ok(ttl.given())
    }

    #[test]
    fn every_option_gives_its_expiry_time() {
        let now = now_ms();
        let soon = |ttl: Outcome<TimeToLive>| match ttl {
            Ok(TimeToLive::Until(at)) => (at - now).div_ceil(1000),
            other => panic!("{other:?}"),
        };
        for option in [&b"TTL"[..], b"ex"] {
            assert!((10..=11).contains(&soon(read(&[option, b"10"]))));
        }
        for option in [&b"PTTL"[..], b"px"] {
            assert!((10..=11).contains(&soon(read(&[option, b"10000"]))));
        }
        assert_eq!(read(&[b"EXAT", b"4000000000"]), Ok(TimeToLive::Until(4_000_000_000_000)));
        assert_eq!(read(&[b"PXAT", b"4000000000001"]), Ok(TimeToLive::Until(4_000_000_000_001)));
        assert_eq!(read(&[b"OTHER", b"keepttl"]), Ok(TimeToLive::Keep));
        assert_eq!(read(&[b"PERSIST"]), Ok(TimeToLive::Unlimited));
        assert_eq!(read(&[b"OTHER"]), Ok(TimeToLive::Tier));
    }

    #[test]
    fn two_options_and_times_in_the_past_are_refused() {
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
