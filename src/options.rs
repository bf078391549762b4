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
