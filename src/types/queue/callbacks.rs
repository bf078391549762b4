//! The callbacks of the type `assessque`: RDB, append-only file, digest, memory, copy, unlink, free.
//!
//! The SAFETY comments use the invariants of `types::model`.

use std::ffi::{CStr, c_int, c_void};
use std::ptr;

use assess_engine::jobs::Queue;
use redis_module::raw;

use super::super::encoding;
use super::{KIND, Notice, Value, WATCHER, Watcher, copied, into_raw};
use crate::ffi::ctx::Ctx;
use crate::ffi::guard;
use crate::ffi::io::{Damaged, Digest, Loader, Place, Rewriter, Saver};
use crate::ffi::string::bytes;
use crate::work::pool;

/// The version of the RDB encoding that is written. Every version up to it can be loaded.
const ENCODING: c_int = 1;
/// The internal command that carries changes to replicas and into the append-only file.
pub(crate) const REPLAY: &CStr = c"JOB.REPLAY";

/// Registers the type.
pub(crate) fn register(ctx: Ctx<'_>) -> Result<(), String> {
    let mut methods = raw::RedisModuleTypeMethods {
        version: 4, // the version of Redis 7.0; later fields are not used
        rdb_load: Some(rdb_load),
        rdb_save: Some(rdb_save),
        aof_rewrite: Some(aof_rewrite),
        mem_usage: None,
        digest: Some(digest),
        free: Some(free),
        aux_load: None,
        aux_save: None,
        aux_save_triggers: 0,
        free_effort: None,
        unlink: None,
        copy: None,
        defrag: None,
        mem_usage2: Some(mem_usage),
        free_effort2: Some(free_effort),
        unlink2: Some(unlink),
        copy2: Some(copy),
        aux_save2: None,
    };
    // SAFETY: `ctx` is the context of loading; the callbacks are those of this file.
    KIND.with(|kind| unsafe { kind.register(ctx, c"assessque", ENCODING, &mut methods) })
}

fn tell(place: Option<(i32, Vec<u8>)>, which: fn(&Watcher) -> Notice) {
    if let (Some((db, name)), Some(watcher)) = (place, WATCHER.get()) {
        which(&watcher)(db, &name);
    }
}

extern "C" fn rdb_save(io: *mut raw::RedisModuleIO, value: *mut c_void) {
    guard::or("saving a queue", (), || {
        // SAFETY: the value has our type and does not change during the callback, which runs in a forked child or on
        // the main thread.
        let (value, mut io) = unsafe { (&*value.cast::<Value>(), Saver::new(io)) };
        value.queue.frames().for_each(|frame| io.long(&frame));
        // An empty frame marks the end; no other frame is empty.
        io.long(b"");
    });
}

extern "C" fn rdb_load(io: *mut raw::RedisModuleIO, encoding: c_int) -> *mut c_void {
    guard::or("loading a queue", ptr::null_mut(), || {
        if !encoding::is_known("a queue", encoding, ENCODING) {
            return ptr::null_mut();
        }
        // SAFETY: the handle is that of this callback.
        let mut io = unsafe { Loader::new(io) };
        match load(&mut io) {
            Ok(queue) => {
                tell(io.key(), |watcher| watcher.arrived);
                into_raw(queue)
            }
            Err(Damaged) => ptr::null_mut(),
        }
    })
}

fn load(io: &mut Loader<'_>) -> Result<Queue, Damaged> {
    let mut queue = Queue::default();
    loop {
        let frame = io.long()?;
        if frame.is_empty() {
            return Ok(queue);
        }
        queue.apply(&frame).map_err(|_| Damaged)?;
    }
}

extern "C" fn aof_rewrite(io: *mut raw::RedisModuleIO, key: *mut raw::RedisModuleString, value: *mut c_void) {
    guard::or("rewriting a queue", (), || {
        // SAFETY: as in `rdb_save`; the key's name is valid during the callback.
        let (value, key, mut io) = unsafe { (&*value.cast::<Value>(), bytes(key), Rewriter::new(io)) };
        // No changes make an empty queue.
        io.command(REPLAY, &[key, b""]);
        value.queue.frames().for_each(|frame| io.command(REPLAY, &[key, &frame]));
    });
}

extern "C" fn digest(digest: *mut raw::RedisModuleDigest, value: *mut c_void) {
    guard::or("the digest of a queue", (), || {
        // SAFETY: the value has our type; the handle is that of this callback.
        let (value, mut digest) = unsafe { (&*value.cast::<Value>(), Digest::new(digest)) };
        value.queue.digest(&mut |bytes| digest.bytes(bytes));
        digest.end();
    });
}

/// [`pool::dispose`] frees a large value on a worker, because on the main thread clients would wait for it.
extern "C" fn free(value: *mut c_void) {
    guard::or("freeing a queue", (), || {
        // SAFETY: the server has removed the value from the keyspace and frees it once; values are `Send`.
        let value = unsafe { Box::from_raw(value.cast::<Value>()) };
        let size = value.queue.bytes();
        pool::dispose(value, size);
    });
}

extern "C" fn mem_usage(_: *mut raw::RedisModuleKeyOptCtx, value: *const c_void, _: usize) -> usize {
    // SAFETY: the value has our type and does not change during the callback.
    guard::or("measuring a queue", 0, || unsafe { &*value.cast::<Value>() }.queue.bytes() as usize)
}

extern "C" fn free_effort(_: *mut raw::RedisModuleKeyOptCtx, value: *const c_void) -> usize {
    // SAFETY: as in `mem_usage`. A job has several blocks and places in trees.
    guard::or("measuring a queue", 1, || unsafe { &*value.cast::<Value>() }.queue.len() * 4 + 1)
}

extern "C" fn unlink(place: *mut raw::RedisModuleKeyOptCtx, _: *const c_void) {
    guard::or("unlinking a queue", (), || {
        // SAFETY: the handle is that of this callback.
        let place = unsafe { Place::new(place) };
        tell(Some(place.key()), |watcher| watcher.removed);
    });
}

extern "C" fn copy(place: *mut raw::RedisModuleKeyOptCtx, value: *const c_void) -> *mut c_void {
    guard::or("copying a queue", ptr::null_mut(), || {
        // SAFETY: the handle is that of this callback; the value has our type.
        let (place, value) = unsafe { (Place::new(place), &*value.cast::<Value>()) };
        tell(Some(place.target()), |watcher| watcher.arrived);
        copied(value)
    })
}
