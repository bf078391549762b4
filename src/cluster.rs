//! The masters of a cluster act together: a command with `CLUSTER` is carried out by every one of them (`ask`, `serve`),
//! and they share the tiers that such commands set (`tiers`). Clients that wait for a key
//! follow its slot (`moved`). Messages go over the cluster bus of the server.
//!
//! The commands themselves are above this room: they are set as a hook.

pub(crate) mod ask;
mod moved;
mod serve;
pub(crate) mod tiers;

use assess_engine::cluster::nodes::Id;
use assess_engine::cluster::wire;

use crate::error::Outcome;
use crate::ffi::cluster;
use crate::ffi::ctx::Ctx;

pub(crate) use assess_engine::cluster::requests::Answer;
pub(crate) use serve::{Answerer, Perform};

/// Takes part in the cluster, if the server is a node of one.
pub(crate) fn join(ctx: Ctx<'_>, perform: Perform) {
    serve::set_perform(perform);
    if ctx.is_clustered() {
        cluster::receive(ctx, received);
        tiers::begin();
        moved::begin();
    }
}

/// Carries a request out here: the asking node is one of the masters.
fn perform(ctx: Ctx<'_>, words: &[&[u8]], answerer: Answerer) -> Outcome<()> {
    serve::perform()(ctx, words, answerer)
}

/// A message of another node. Those of other modules, and of versions with another form, are ignored.
fn received(ctx: Ctx<'_>, from: &Id, message: &[u8]) {
    let Some(words) = wire::decode(message) else { return };
    match words.as_slice() {
        [b"WORKING", id] => ask::is_at_work(number(id), from),
        [b"ANSWER", id, answer @ ..] => {
            ask::answered(number(id), from, answer.iter().map(|&word| word.into()).collect());
        }
        // While a node loads its data, or is a replica, it changes nothing: the asking node repeats its request.
        _ if ctx.is_loading() || !ctx.is_master() => {}
        [b"REQUEST", id, request @ ..] => serve::requested(ctx, *from, number(id), request),
        // Nothing can be taken in a pause: the next comparison repeats it.
        [b"DIGEST" | b"TIERS", ..] if ctx.writes_are_paused() => {}
        [b"DIGEST", digest] => tiers::compared(ctx, from, number(digest)),
        [b"TIERS", wish, rows @ ..] => tiers::received(ctx, *from, wish, rows),
        _ => {}
    }
}

/// A number of a message; 0, which no request has, if it is damaged.
fn number(word: &[u8]) -> u64 {
    std::str::from_utf8(word).ok().and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn send(ctx: Ctx<'_>, to: &Id, words: &[&[u8]]) {
    // A message that is lost is repeated: a request by its asking node, a digest by the next one.
    let _ = cluster::send(ctx, to, &wire::encode(words));
}
