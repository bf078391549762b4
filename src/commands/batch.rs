//! `ASSESS.MGET`.

use crate::assessments::answer;
use crate::assessments::batch::Batch;
use crate::error::Outcome;
use crate::ffi::ctx::Ctx;
use crate::ffi::entry::Run;
use crate::ffi::string::Argv;
use crate::reply::Reply;

pub(super) struct Mget;

impl Run for Mget {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        answer::command::<Batch>(ctx, argv)
    }
}
