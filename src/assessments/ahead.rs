//! Assessments that the module computes before a client has to wait for them: entries in the last part of their time to
//! live (`REFRESH`) or in their grace (`GRACE`), and entries that a connection will probably ask for next (`PREFETCH`).

use super::answer::{Answer, Caller, Request};
use super::lookup::kept;
use super::single::{self, Work};
use super::waiting::in_flight;
use crate::ffi::ctx::Ctx;
use crate::types::model::Name;

/// Computes the assessment with this cache key again, here or on a worker, and stores it. Returns whether the request
/// is known.
pub(crate) fn recompute(ctx: Ctx<'_>, name: &[u8]) -> bool {
    let Some(kept) = kept::find(ctx, name) else { return false };
    let words: Vec<&[u8]> = kept.words.iter().map(|word| &**word).collect();
    let request = Request { model: Name::Bytes(words[0]), words: &words, caller: Caller::Module, names: None };
    // After an error (the model was removed, or is being derived) the entry stays as it is until its grace ends. A
    // subject whose cache key a worker has to build is too long to be kept.
    if let Ok(Answer::Work(Work::Compute(work))) = single::handle(ctx, kept.view, request) {
        in_flight::compute_ahead(*work);
    }
    true
}
