//! `ASSESS.WARM`.

use crate::assessments::batch::split_subjects;
use crate::assessments::request::{self, Caching};
use crate::error::{Failure, Outcome};
use crate::ffi::ctx::Ctx;
use crate::ffi::entry::Run;
use crate::ffi::key::Mode;
use crate::ffi::string::Argv;
use crate::jobs::{self, Extent};
use crate::options;
use crate::reply::Reply;
use crate::types::model::{Name, with_loaded};
use crate::types::value::Loaded;

/// The most keys that are counted as requested often.
const MOST_HOT: u64 = 256;

pub(super) struct Warm;

impl Run for Warm {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let words = argv.words(2);
        let (extent, options) = with_loaded(ctx, Name::Argument(argv, 1), Mode::Peek, |loaded| {
            let (extent, options) = extent(loaded, &words)?;
            let parsed = request::parse(loaded.as_model(), options)?;
            if parsed.caching == Caching::Off || parsed.tenant.is_some() {
                return Err(Failure::err("NOCACHE and TENANT are no options of ASSESS.WARM: it only fills the cache"));
            }
            Ok((extent, options.to_vec()))
        })?;
        jobs::warm(ctx, argv.bytes(1), &extent, &options)
    }
}

/// What to warm, and the words after it.
fn extent<'w, 'a>(loaded: &Loaded, words: &'w [&'a [u8]]) -> Outcome<(Extent<'a>, &'w [&'a [u8]])> {
    let [kind, rest @ ..] = words else { return Err(expected()) };
    match (options::choice(kind, &[("ALL", 0), ("HOT", 1), ("LIST", 2)]), rest) {
        (Some(0), options) => Ok((Extent::All, options)),
        (Some(1), [n, options @ ..]) => {
            let n = options::number(n).filter(|n| (1..=MOST_HOT).contains(n));
            let n = n.ok_or_else(|| Failure::err("n must be a whole number from 1 to 256"))?;
            Ok((Extent::Hot(n), options))
        }
        (Some(2), [n, rest @ ..]) => {
            let (subjects, options) = split_subjects(loaded, rest, options::batch_size(n)?)?;
            Ok((Extent::List(subjects.into_iter().map(<[&[u8]]>::to_vec).collect()), options))
        }
        _ => Err(expected()),
    }
}

fn expected() -> Failure {
    Failure::err("expected ALL, HOT n, or LIST n and the subjects after the key of the model")
}
