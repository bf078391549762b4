//! Replication of a model before its commit: one frame in each turn of the event loop, no faster than replicas receive
//! them.

use std::collections::VecDeque;
use std::ffi::{CStr, CString};

use assess_engine::model::AnyModel;
use bytes::Bytes;

use crate::error::{Failure, Outcome};
use crate::ffi::ctx::Ctx;
use crate::models::load::staging::{self, Staged};
use crate::models::replication::replicate;
use crate::work::pool::{self, Lane};
use crate::work::{main_loop, memory};

/// The most bytes that a replica may be behind. With a larger lag the next frame waits.
const MAX_LAG: u64 = 64 << 20;
/// How long a frame waits for slow replicas, in milliseconds. Then it is sent regardless of the lag.
const MAX_WAIT_MS: u64 = 30_000;
/// The number of frames that are encoded in advance. Few, because they are an additional copy until they are staged.
const FRAMES_ENCODED: u64 = 4;

/// Replicates a model before its commit. Calls `done` with the staging key for the commit, or with the failure.
pub(crate) fn begin(
    ctx: Ctx<'_>,
    db: i32,
    key: Vec<u8>,
    model: AnyModel,
    is_wanted: impl Fn() -> bool + Send + 'static,
    done: impl FnOnce(Ctx<'_>, Outcome<Staged>) + Send + 'static,
) {
    // A new model is not derived yet: its size is about that of its coefficients, which the frames contain.
    let (frames, size) = (model.as_model().frames(), model.as_model().bytes());
    if let Err(error) = memory::budget(ctx).require("the copy of the model for replicas", size) {
        drop(model);
        return done(ctx, Err(error.into()));
    }
    let staged = Staged::new(db, key.clone());
    let transfer = Transfer { db, key, model, frames, encoded: VecDeque::new(), staged, waited_ms: 0, is_wanted, done };
    transfer.step(ctx);
}

struct Transfer<W, D> {
    db: i32,
    key: Vec<u8>,
    model: AnyModel,
    /// The number of frames of the model.
    frames: u64,
    /// Frames that are encoded and not staged yet.
    encoded: VecDeque<Bytes>,
    staged: Staged,
    /// How long the next frame has waited for replicas, in milliseconds.
    waited_ms: u64,
    is_wanted: W,
    done: D,
}

impl<W, D> Transfer<W, D>
where
    W: Fn() -> bool + Send + 'static,
    D: FnOnce(Ctx<'_>, Outcome<Staged>) + Send + 'static,
{
    fn step(self, ctx: Ctx<'_>) {
        let db = self.db;
        main_loop::when_writable(ctx, db, move |ctx, writable| self.step_now(ctx, writable));
    }

    fn step_now(mut self, ctx: Ctx<'_>, writable: Outcome<()>) {
        let wanted = || if (self.is_wanted)() { Ok(()) } else { Err(assess_engine::Error::Cancelled.into()) };
        if let Err(failure) = writable.and_then(|()| wanted()) {
            return self.end(ctx, Err(failure));
        }
        if self.staged.frames() == self.frames {
            return self.end(ctx, Ok(()));
        }
        if self.encoded.is_empty() {
            return self.encode();
        }
        if self.waited_ms < MAX_WAIT_MS && lag(ctx, self.staged.frames()) > MAX_LAG {
            self.waited_ms += 20;
            main_loop::after(20, move |ctx| self.step(ctx));
            return;
        }
        if let Err(failure) = self.send(ctx) {
            return self.end(ctx, Err(failure));
        }
        self.waited_ms = 0;
        main_loop::after(0, move |ctx| self.step(ctx));
    }

    /// Encodes the next few frames on a worker, because that reads every coefficient in them.
    fn encode(mut self) {
        // Not in the lane of loads, which may take minutes.
        pool::run(Lane::Request, None, move || {
            let first = self.staged.frames();
            let next = first..(first + FRAMES_ENCODED).min(self.frames);
            self.encoded.extend(next.map(|i| Bytes::from(self.model.as_model().frame(i))));
            main_loop::post(move |ctx| self.step(ctx));
        });
    }

    /// Stages the next frame here and at every follower.
    fn send(&mut self, ctx: Ctx<'_>) -> Outcome<()> {
        if !ctx.owns(&self.key) {
            return Err(Failure::slot_lost());
        }
        let number = self.staged.frames();
        let frame = self.encoded.pop_front().ok_or_else(Failure::internal)?;
        self.staged.push(ctx, frame.clone())?;
        replicate::frame(ctx, &self.key, self.staged.id(), staging::expires_at(), number, &frame);
        Ok(())
    }

    fn end(self, ctx: Ctx<'_>, outcome: Outcome<()>) {
        let Self { staged, done, model, .. } = self;
        // Before `done`: its own reference is then the last one, and a worker frees the model.
        drop(model);
        done(ctx, outcome.map(|()| staged));
    }
}

/// The lag of the slowest replica in bytes; read for every eighth frame only, otherwise 0. A replica in a full
/// synchronisation is ignored: it has acknowledged nothing yet, and its RDB file contains the staged frames.
fn lag(ctx: Ctx<'_>, number: u64) -> u64 {
    const SECTION: &CStr = c"replication";
    if !number.is_multiple_of(8) {
        return 0;
    }
    let [offset, replicas] = ctx.server_info(SECTION, [c"master_repl_offset", c"connected_slaves"]);
    (0..replicas.min(16))
        .filter_map(|i| {
            let field = CString::new(format!("slave{i}")).ok()?;
            let text = ctx.server_info_text(SECTION, &field)?;
            Some(offset.saturating_sub(acknowledged(&text)?))
        })
        .max()
        .unwrap_or(0)
}

/// The acknowledged offset of an online replica, from its line in INFO.
fn acknowledged(line: &str) -> Option<u64> {
    let field = |name: &str| line.split(',').find_map(|field| field.strip_prefix(name)?.strip_prefix('='));
    (field("state")? == "online").then_some(())?;
    field("offset")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::acknowledged;

    #[test]
    fn only_online_replicas_have_an_acknowledged_offset() {
        let line = |state| format!("ip=127.0.0.1,port=7001,state={state},offset=4711,lag=0");
        assert_eq!(acknowledged(&line("online")), Some(4711));
        assert_eq!(acknowledged(&line("wait_bgsave")), None);
        assert_eq!(acknowledged(&line("send_bulk")), None);
        assert_eq!(acknowledged(""), None);
    }
}
