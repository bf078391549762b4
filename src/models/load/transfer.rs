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
/// The most bytes that may wait in the output buffer of a replica during its full synchronisation: half of the 64 MB at
/// which the server, with its default settings, drops a replica after one minute.
const MAX_PENDING: u64 = 32 << 20;
/// How long a frame waits for slow replicas, in milliseconds. Then it is sent regardless of the lag.
const MAX_WAIT_MS: u64 = 30_000;
/// A wait that reaches this is logged, in milliseconds.
const LOGGED_WAIT_MS: u64 = 1_000;
/// The number of frames that are encoded in advance, 2 MB as a rule: they are an additional copy until they are staged.
const FRAMES_ENCODED: u64 = 16;
/// The number of bytes after which the lag of the replicas is read again.
const CHECKED_BYTES: usize = 4 << 20;

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
    let transfer = Transfer {
        db,
        key,
        model,
        frames,
        encoded: VecDeque::new(),
        staged,
        unchecked: CHECKED_BYTES,
        synchronising: None,
        is_logged: false,
        waited_ms: 0,
        is_wanted,
        done,
    };
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
    /// The number of bytes sent since the lag of the replicas was read.
    unchecked: usize,
    /// The offset of replication at which this load first saw the full synchronisation of a replica that still runs.
    synchronising: Option<u64>,
    is_logged: bool,
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
        if self.must_wait(ctx) {
            if self.waited_ms == LOGGED_WAIT_MS && !self.is_logged {
                self.is_logged = true;
                let (key, sent, frames) = (self.key.escape_ascii(), self.staged.frames(), self.frames);
                let why = if self.synchronising.is_some() { "is in a full synchronisation" } else { "is behind" };
                ctx.log_warning(&format!(
                    "the load of '{key}' waits for a replica that {why}; {sent} of {frames} frames are sent"
                ));
            }
            self.waited_ms += 20;
            main_loop::after(20, move |ctx| self.step(ctx));
            return;
        }
        if let Err(failure) = self.send(ctx) {
            return self.end(ctx, Err(failure));
        }
        main_loop::after(0, move |ctx| self.step(ctx));
    }

    /// Whether the next frame waits for replicas.
    fn must_wait(&mut self, ctx: Ctx<'_>) -> bool {
        if self.unchecked < CHECKED_BYTES {
            return false;
        }
        let behind = self.behind(ctx);
        if behind.is_some() && self.waited_ms < MAX_WAIT_MS {
            return true;
        }
        self.waited_ms = 0;
        // A single frame is sent while a replica is in a full synchronisation, so that staged frames do not expire.
        if behind != Some(Behind::InFullSync) {
            self.unchecked = 0;
        }
        false
    }

    /// Whether a replica has received too little for the next frame.
    fn behind(&mut self, ctx: Ctx<'_>) -> Option<Behind> {
        const SECTION: &CStr = c"replication";
        let [offset, replicas] = ctx.server_info(SECTION, [c"master_repl_offset", c"connected_slaves"]);
        let mut is_in_full_sync = false;
        for i in 0..replicas.min(16) {
            let field = CString::new(format!("slave{i}")).ok();
            let Some(text) = field.and_then(|field| ctx.server_info_text(SECTION, &field)) else { continue };
            match acknowledged(&text) {
                Some(at) if offset.saturating_sub(at) > MAX_LAG => return Some(Behind::Online),
                Some(_) => {}
                None => is_in_full_sync = true,
            }
        }
        // A replica in a full synchronisation acknowledges nothing, and all that is written meanwhile waits for it: at
        // least what this load has seen, and what the server keeps for it beyond the backlog.
        self.synchronising = is_in_full_sync.then(|| self.synchronising.unwrap_or(offset));
        let seen = self.synchronising.map_or(0, |since| offset.saturating_sub(since));
        let kept = || ctx.server_info(c"memory", [c"mem_clients_slaves"])[0];
        (is_in_full_sync && (seen > MAX_PENDING || kept() > MAX_PENDING)).then_some(Behind::InFullSync)
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
        self.unchecked += frame.len();
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

/// Why a frame waits for a replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Behind {
    /// It has acknowledged too little of what was sent.
    Online,
    /// Too much waits for the end of its full synchronisation.
    InFullSync,
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
