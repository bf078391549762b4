//! Staging keys: they hold the frames of a model until all frames have arrived and the model is committed.
//!
//! On the master the key has no time to live, because a `volatile-*` policy could evict it during the load. The load
//! owns the key with a [`Staged`], which removes the key however the load ends. On replicas the key has a time to live,
//! because a replica cannot detect that its master has failed.

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

/// The time to live of a staging key after its last frame, in milliseconds, on servers other than the master.
const TTL_MS: u64 = 120_000;

thread_local! {
    /// The ids of the staging keys that loads of this server own.
    static OWNED: RefCell<HashSet<u64>> = RefCell::default();
}

/// When a staging key that receives a frame now expires, in Unix milliseconds.
pub(crate) fn expires_at() -> u64 {
    now_ms() + TTL_MS
}

/// The name of the staging key: in the slot of the model, and reserved by its prefix.
pub(crate) fn key_of(key: &[u8], id: u64) -> Vec<u8> {
    let tag = name::hash_tag(key).unwrap_or(key);
    [name::STAGING, tag, b"}:", id.to_string().as_bytes()].concat()
}

/// Where a frame is staged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// The master has the model, so it does not decode the frames.
    Master,
    /// A follower decodes the frames, and removes them at this time if no more arrive.
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

/// The error when staged frames are missing: any client may delete the staging key.
fn lost() -> Failure {
    Failure::new(
        Code::Busy,
        "the frames that were replicated before the commit were deleted during the load \
         (FLUSHDB, SWAPDB, eviction): load again",
    )
}

/// The number of frames in a staging key; `None` when the key does not belong to this transfer.
fn frames_at(ctx: Ctx<'_>, staging_key: &[u8], id: u64) -> Option<u64> {
    match model::find(&Key::open(ctx, staging_key, Mode::Peek)) {
        Found::Ours(Value::Staging(staging)) if staging.id == id => Some(staging.frames.len() as u64),
        _ => None,
    }
}

/// The staging key of a load in flight. The key is removed when this is dropped, however the load ends, also by a
/// panic.
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

    /// The number of staged frames.
    pub(crate) fn frames(&self) -> u64 {
        self.frames
    }

    /// Stages the next frame on this server, the master.
    pub(crate) fn push(&mut self, ctx: Ctx<'_>, frame: Bytes) -> Outcome<()> {
        stage(ctx, &self.key, self.id, self.frames, frame, Side::Master)?;
        self.frames += 1;
        Ok(())
    }

    /// Fails unless the key still holds every frame. Followers have executed the same commands, so they hold them too.
    pub(crate) fn check(&self, ctx: Ctx<'_>) -> Outcome<()> {
        let found = frames_at(ctx, &key_of(&self.key, self.id), self.id);
        if found == Some(self.frames) { Ok(()) } else { Err(lost()) }
    }

    /// Removes the key for a commit. Followers remove it when they apply the replicated commit. Returns the id.
    pub(crate) fn finish(mut self, ctx: Ctx<'_>) -> u64 {
        self.is_done = true;
        OWNED.with_borrow_mut(|owned| owned.remove(&self.id));
        Key::open(ctx, &key_of(&self.key, self.id), Mode::Write).delete();
        self.id
    }
}

impl Drop for Staged {
    /// May run on any thread and while writes are paused: the key is removed when the server accepts writes.
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

/// Removes a staging key. `SWAPDB` may have moved it, so all databases are searched.
fn remove_staging_key(ctx: Ctx<'_>, db: i32, staging_key: &[u8], id: u64, is_master: bool) {
    /// The most databases that are searched. The key holds only a few megabytes.
    const DATABASES: i32 = 1024;
    let holds = |db| ctx.select(db) && frames_at(ctx, staging_key, id).is_some();
    let found =
        if holds(db) { Some(db) } else { (0..DATABASES).take_while(|&db| ctx.select(db)).find(|&db| holds(db)) };
    if found.is_none() {
        return;
    }
    let opened = Key::open(ctx, staging_key, Mode::Write);
    if is_master {
        // Not with a command: in a cluster the slot may have moved to another node, and then a command would be
        // refused.
        opened.delete();
        ctx.replicate(c"UNLINK", &[staging_key]);
    } else {
        // The master removes the key. If this server is promoted before that, the key expires here.
        opened.expire_at(expires_at());
    }
}

/// A staging key was loaded from a file or a full synchronisation, possibly without a time to live. A master removes it
/// unless a load in flight owns it. A replica keeps it with a time to live, because its master may send more frames.
pub(crate) fn loaded_from_file(db: i32, staging_key: Vec<u8>, id: u64) {
    // Timers do not fire before the load of the data set ends.
    main_loop::after(0, move |ctx| {
        main_loop::when_writable(ctx, db, move |ctx, writable| {
            if !OWNED.with_borrow(|owned| owned.contains(&id)) {
                remove_staging_key(ctx, db, &staging_key, id, writable.is_ok());
            }
        });
    });
}
