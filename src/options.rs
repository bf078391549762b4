//! Options of commands: the engine's walker, with the hint that this module gives for an unknown option.

pub(crate) use assess_engine::words::{Options, choice, number};

use crate::error::{Code, Failure, Outcome};
use crate::settings;

/// A walker over the options of a command.
pub(crate) const fn of<'w, 'a>(words: &'w [&'a [u8]]) -> Options<'w, 'a> {
    Options::new(words).hinting(", see the command's HELP")
}

/// The number of subjects, rows or coefficients that a command asks for.
pub(crate) fn batch_size(word: &[u8]) -> Outcome<u64> {
    let count = number(word).filter(|&n| n > 0);
    let count = count.ok_or_else(|| Failure::err("n must be a whole number, at least 1"))?;
    if count > settings::max_batch() {
        let text = format!("a batch is at most {} (assess.max-batch)", settings::max_batch());
        return Err(Failure::new(Code::TooBig, text));
    }
    Ok(count)
}

/// A fencing token as a reply shows it: 16 hex digits.
pub(crate) fn token(word: &[u8]) -> Outcome<u64> {
    let wrong = || Failure::err("token must be 16 hex digits");
    if word.len() != 16 || !word.iter().all(u8::is_ascii_hexdigit) {
        return Err(wrong());
    }
    let text = std::str::from_utf8(word).map_err(|_| wrong())?;
    u64::from_str_radix(text, 16).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_sixteen_hex_digits() {
        assert_eq!(token(b"00000000000000Ff"), Ok(255));
        for wrong in [&b""[..], b"ff", b"00000000000000fff", b"+000000000000000", b"000000000000000g"] {
            assert_eq!(token(wrong).unwrap_err().to_string(), "ERR token must be 16 hex digits");
        }
    }
}
