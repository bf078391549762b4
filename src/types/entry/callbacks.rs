//! The callbacks of the type `assessent`: RDB, append-only file, digest, memory, copy, free. An RDB file also holds the
//! tiers and the pending invalidations as auxiliary data.
//!
//! The SAFETY comments use the invariants of `types::model`.

use std::ffi::{c_int, c_void};
use std::ptr;

use assess_engine::cache::entry::Entry;
use redis_module::raw;

use super::super::encoding;
use super::{KIND, LOADED, into_raw};
use crate::cache::saved::{self, Line};
use crate::cache::store;
use crate::ffi::ctx::Ctx;
use crate::ffi::guard;
use crate::ffi::io::{Damaged, Digest, Loader, Rewriter, Saver};
use crate::ffi::string::bytes;

/// The version of the RDB encoding that is written. Every version up to it can be loaded.
const ENCODING: c_int = 1;

/// The most lines, and the most words of a line, that are accepted: more than any real server has.
const MAX_LINES: u64 = 100_000;
const MAX_WORDS: u64 = 100_000;

/// Registers the type.
pub(crate) fn register(ctx: Ctx<'_>) -> Result<(), String> {
    let mut methods = raw::RedisModuleTypeMethods {
        version: 5, // Redis 7.0 reads the fields up to version 4
        rdb_load: Some(rdb_load),
        rdb_save: Some(rdb_save),
        aof_rewrite: Some(aof_rewrite),
        mem_usage: None,
        digest: Some(digest),
        free: Some(free),
        aux_load: Some(aux_load),
        aux_save: Some(aux_save),
        // Before the keys, because each key is assigned to its tier when it is loaded.
        aux_save_triggers: raw::REDISMODULE_AUX_BEFORE_RDB as c_int,
        free_effort: None,
        unlink: None,
        copy: None,
        defrag: None,
        mem_usage2: Some(mem_usage),
        free_effort2: Some(free_effort),
        unlink2: None,
        copy2: Some(copy),
        aux_save2: Some(aux_save_if_any),
    };
    // SAFETY: `ctx` is the context of loading; the callbacks are those of this file.
    KIND.with(|kind| unsafe { kind.register(ctx, c"assessent", ENCODING, &mut methods) })
}

extern "C" fn rdb_save(io: *mut raw::RedisModuleIO, value: *mut c_void) {
    guard::or("saving an entry", (), || {
        // SAFETY: the value has our type. The callback runs in a forked child or on the main thread and takes no lock.
        let (entry, mut io) = unsafe { (&*value.cast::<Entry>(), Saver::new(io)) };
        io.long(&entry.encode());
    });
}

extern "C" fn rdb_load(io: *mut raw::RedisModuleIO, encoding: c_int) -> *mut c_void {
    guard::or("loading an entry", ptr::null_mut(), || {
        if !encoding::is_known("an entry", encoding, ENCODING) {
            return ptr::null_mut();
        }
        // SAFETY: the handle is that of this callback.
        let mut io = unsafe { Loader::new(io) };
        match io.long().and_then(|form| Entry::decode(&form).map_err(|_| Damaged)) {
            Ok(entry) => {
                LOADED.set(true);
                into_raw(entry)
            }
            Err(Damaged) => ptr::null_mut(),
        }
    })
}

extern "C" fn aof_rewrite(io: *mut raw::RedisModuleIO, key: *mut raw::RedisModuleString, value: *mut c_void) {
    guard::or("rewriting an entry", (), || {
        // SAFETY: as in `rdb_save`; the key's name is valid during the callback.
        let (entry, key, mut io) = unsafe { (&*value.cast::<Entry>(), bytes(key), Rewriter::new(io)) };
        // The server writes the expiry itself. Freshness is computed from it, as after every load.
        let unknown = (u64::MAX - 1).to_string();
        io.command(store::REPLAY, &[key, b"ENTRY", b"0", unknown.as_bytes(), b"0", &entry.encode()]);
    });
}

extern "C" fn digest(digest: *mut raw::RedisModuleDigest, value: *mut c_void) {
    guard::or("the digest of an entry", (), || {
        // SAFETY: the value has our type; the handle is that of this callback.
        let (entry, mut digest) = unsafe { (&*value.cast::<Entry>(), Digest::new(digest)) };
        entry.tags().for_each(|tag| digest.bytes(tag));
        digest.bytes(entry.value().as_deref().unwrap_or_default());
        digest.end();
    });
}

extern "C" fn free(value: *mut c_void) {
    guard::or("freeing an entry", (), || {
        // SAFETY: the server has removed the value from the keyspace and frees it once; entries are `Send`.
        drop(unsafe { Box::from_raw(value.cast::<Entry>()) });
    });
}

extern "C" fn mem_usage(_: *mut raw::RedisModuleKeyOptCtx, value: *const c_void, _: usize) -> usize {
    // SAFETY: the value has our type and does not change during the callback.
    guard::or("measuring an entry", 0, || unsafe { &*value.cast::<Entry>() }.bytes() as usize)
}

extern "C" fn free_effort(_: *mut raw::RedisModuleKeyOptCtx, value: *const c_void) -> usize {
    // SAFETY: as in `mem_usage`. Freeing a page costs about as much as freeing one element of a collection.
    guard::or("measuring an entry", 1, || (unsafe { &*value.cast::<Entry>() }.bytes() >> 12) as usize + 1)
}

extern "C" fn copy(_: *mut raw::RedisModuleKeyOptCtx, value: *const c_void) -> *mut c_void {
    guard::or("copying an entry", ptr::null_mut(), || {
        // SAFETY: the value has our type.
        into_raw(unsafe { &*value.cast::<Entry>() }.clone())
    })
}

/// Redis 7.0 writes the section in any case, so it has to hold something.
extern "C" fn aux_save(io: *mut raw::RedisModuleIO, _: c_int) {
    guard::or("saving the tiers", (), || {
        // SAFETY: the handle is that of this callback, which runs in a forked child or on the main thread without a
        // lock.
        save_lines(unsafe { Saver::new(io) }, &saved::lines());
    });
}

/// Later servers leave the section out when nothing is written: a server without the module then reads the file.
extern "C" fn aux_save_if_any(io: *mut raw::RedisModuleIO, _: c_int) {
    guard::or("saving the tiers", (), || {
        let lines = saved::lines();
        if !lines.is_empty() {
            // SAFETY: as in `aux_save`.
            save_lines(unsafe { Saver::new(io) }, &lines);
        }
    });
}

fn save_lines(mut io: Saver<'_>, lines: &[Line]) {
    io.number(lines.len() as u64);
    for line in lines {
        io.number(line.len() as u64);
        line.iter().for_each(|word| io.bytes(word));
    }
}

extern "C" fn aux_load(io: *mut raw::RedisModuleIO, encoding: c_int, _: c_int) -> c_int {
    let done = guard::or("loading the tiers", false, || {
        if !encoding::is_known("the list of tiers", encoding, ENCODING) {
            return false;
        }
        // SAFETY: the handle is that of this callback.
        let mut io = unsafe { Loader::new(io) };
        load_lines(&mut io).is_ok_and(|lines| saved::restore(&lines).is_ok())
    });
    if done { raw::REDISMODULE_OK as c_int } else { raw::REDISMODULE_ERR as c_int }
}

fn load_lines(io: &mut Loader<'_>) -> Result<Vec<Line>, Damaged> {
    let bounded = |number: u64, most: u64| if number <= most { Ok(number) } else { Err(Damaged) };
    let mut lines = Vec::new();
    for _ in 0..bounded(io.number()?, MAX_LINES)? {
        let mut line = Line::new();
        for _ in 0..bounded(io.number()?, MAX_WORDS)? {
            line.push(io.bytes(<[u8]>::to_vec)?);
        }
        lines.push(line);
    }
    Ok(lines)
}
