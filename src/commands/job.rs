//! `JOB.*`: the arguments of the commands as typed values, one file per concern. `words` are the arguments without the
//! command's name.

mod follow;
mod queue;
mod schedule;
mod submit;
mod work;

pub(super) use follow::{Cancel, Info, List, Retry, Status, Wait};
pub(super) use queue::{Config, Pause, Purge, Replay, Resume};
pub(super) use schedule::{Schedule, Schedules, Unschedule};
pub(super) use submit::{Submit, SubmitMany};
pub(super) use work::{Claim, Complete, Fail, Heartbeat};

use assess_engine::jobs::check_name;

use crate::error::{Code, Failure, Outcome};
use crate::settings;

/// Fails for a payload or a result that is too long.
fn check_payload(bytes: &[u8], too_long: &'static str) -> Outcome<()> {
    if bytes.len() as u64 > settings::max_payload() {
        return Err(Failure::new(Code::TooBig, too_long));
    }
    Ok(())
}

/// The word, if it is a possible name of what `what` says.
fn named<'a>(word: &'a [u8], what: &'static str) -> Outcome<&'a [u8]> {
    check_name(word, what)?;
    Ok(word)
}

/// The server checks the arity before it calls a command. This error is for parsers that are called in another way.
fn wrong_number() -> Failure {
    Failure::err("wrong number of arguments, see JOB.HELP")
}
