//! Staging keys: where the frames of a model wait, beside the model's key, until all are there.
//!
//! On the master the key has no time to live, or a `volatile-*` policy would evict it under the load that needs it; who
//! sends the frames owns it through a [`Staged`], which takes it away however the load ends. Everywhere else it dies by
//! itself, because there nobody can know that the master is gone.

use std::cell::RefCell;
use std::collections::HashSet;

use assess_engine::cache::name;
use bytes::Bytes;

use crate::clock::now_ms;
use crate::error::{Code, Failure, Outcome};
use crate::ffi::ctx::Ctx;
use crate::ffi::key::{Key, Mode};
use crate::models::versions;
use crate::types::model::{self, Found};
use crate::types::value::{Staging, Value};
use crate::work::main_loop;

/// A staging key whose master is gone lives no longer than this after its last frame.
const TTL_MS: u64 = 120_000;

thread_local! {
    /// What loads that run on this server have sent ahead.
    static OWNED: RefCell<HashSet<u64>> = RefCell::default();
}

/// When a frame that is staged now may go.
pub(crate) fn expires_at() -> u64 {
    now_ms() + TTL_MS
}

/// The staging key's name: in the slot of the model, unlike any that a user would choose.
pub(crate) fn key_of(key: &[u8], id: u64) -> Vec<u8> {
    let tag = name::hash_tag(key).unwrap_or(key);
    [name::STAGING, tag, b"}:", id.to_string().as_bytes()].concat()
}

/// Where a frame is staged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// It has the model, and needs nothing decoded.
    Master,
    /// It needs the model, and the time at which to give up waiting for the rest.
    Follower { expires_at: u64 },
}

/// Adds a frame to a staging key.
pub(crate) fn stage(ctx: Ctx<'_>, key: &[u8], id: u64, number: u64, frame: Bytes, side: Side) -> Outcome<()> {
    let staging_key = key_of(key, id);
    let mut opened = Key::open(ctx, &staging_key, Mode::Write);
    if number == 0 {
        if !model::set(&opened, Value::Staging(Staging::new(id))) {
            return Err(Failure::internal());
        }
        drop(opened);
        opened = Key::open(ctx, &staging_key, Mode::Write);
    }
    let Some(Value::Staging(staging)) = model::find_mut(&mut opened) else {
        return Err(lost());
    };
    if staging.frames.len() as u64 != number {
        return Err(lost());
    }
    if let Side::Follower { .. } = side {
        staging.decoder.push(&frame)?;
    }
    staging.frames.push(frame);
    if let Side::Follower { expires_at } = side {
        opened.expire_at(expires_at);
    }
    Ok(())
}

/// Frames are gone that were there: the keyspace is everybody's.
fn lost() -> Failure {
    Failure::new(
        Code::Busy,
        "what was sent ahead to replicas or the append-only file was deleted during the load \
         (FLUSHDB, SWAPDB, eviction): load again",
    )
}

/// How many frames a staging key holds; `None` when it is none of this transfer.
fn frames_at(ctx: Ctx<'_>, staging_key: &[u8], id: u64) -> Option<u64> {
    match model::find(&Key::open(ctx, staging_key, Mode::Peek)) {
        Found::Ours(Value::Staging(staging)) if staging.id == id => Some(staging.frames.len() as u64),
        _ => None,
    }
}

/// The staging key of a running load. However the load ends, a panic included, the key goes with this.
pub(crate) struct Staged {
    db: i32,
    key: Vec<u8>,
    id: u64,
    frames: u64,
    is_done: bool,
}

impl Staged {
    /// Main thread.
    pub(crate) fn new(db: i32, key: Vec<u8>) -> Self {
        let id = versions::next();
        OWNED.with_borrow_mut(|owned| owned.insert(id));
        Self { db, key, id, frames: 0, is_done: false }
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// How many frames have been staged.
    pub(crate) fn frames(&self) -> u64 {
        self.frames
    }

    /// Stages the next frame on this server, the master.
    pub(crate) fn push(&mut self, ctx: Ctx<'_>, frame: Bytes) -> Outcome<()> {
        stage(ctx, &self.key, self.id, self.frames, frame, Side::Master)?;
        self.frames += 1;
        Ok(())
    }

    /// Fails unless every frame is still there: what happened to the key here has happened at every follower.
    pub(crate) fn check(&self, ctx: Ctx<'_>) -> Outcome<()> {
        let found = frames_at(ctx, &key_of(&self.key, self.id), self.id);
        if found == Some(self.frames) { Ok(()) } else { Err(lost()) }
    }

    /// The commit takes the key away, here and, being told of it, everywhere else.
    pub(crate) fn finish(mut self, ctx: Ctx<'_>) -> u64 {
        self.is_done = true;
        OWNED.with_borrow_mut(|owned| owned.remove(&self.id));
        Key::open(ctx, &key_of(&self.key, self.id), Mode::Write).delete();
        self.id
    }
}

impl Drop for Staged {
    /// May run on any thread, and while writes are paused: the key goes when it can.
    fn drop(&mut self) {
        if self.is_done {
            return;
        }
        let (db, key, id) = (self.db, std::mem::take(&mut self.key), self.id);
        main_loop::post(move |ctx| {
            main_loop::when_writable(ctx, db, move |ctx, writable| {
                OWNED.with_borrow_mut(|owned| owned.remove(&id));
                remove_staging_key(ctx, db, &key_of(&key, id), id, writable.is_ok());
            });
        });
    }
}

/// Takes a staging key away, wherever `SWAPDB` may have put it.
fn remove_staging_key(ctx: Ctx<'_>, db: i32, staging_key: &[u8], id: u64, is_master: bool) {
    /// Servers with more databases than this are not searched for what is worth a few megabytes.
    const DATABASES: i32 = 1024;
    let holds = |db| ctx.select(db) && frames_at(ctx, staging_key, id).is_some();
    let found =
        if holds(db) { Some(db) } else { (0..DATABASES).take_while(|&db| ctx.select(db)).find(|&db| holds(db)) };
    if found.is_none() {
        return;
    }
    let opened = Key::open(ctx, staging_key, Mode::Write);
    if is_master {
        // Not by a command: in a cluster the slot may be another node's by now, and a command would be refused.
        opened.delete();
        ctx.replicate(c"UNLINK", &[staging_key]);
    } else {
        // The master's to delete, but should this server be promoted before that, it dies here too.
        opened.expire_at(expires_at());
    }
}

/// A staging key came out of a file or a full synchronisation, perhaps without a time to live. Unless a load that runs
/// here owns it, it is of no use to a master; a replica keeps it for what its master may still send.
pub(crate) fn loaded_from_file(db: i32, staging_key: Vec<u8>, id: u64) {
    // Timers wait until loading has ended.
    main_loop::after(0, move |ctx| {
        main_loop::when_writable(ctx, db, move |ctx, writable| {
            if !OWNED.with_borrow(|owned| owned.contains(&id)) {
                remove_staging_key(ctx, db, &staging_key, id, writable.is_ok());
            }
        });
    });
}
