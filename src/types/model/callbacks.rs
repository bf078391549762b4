//! The callbacks of the type `assessmdl`: RDB, append-only file, digest, memory, copy, unlink, free.
//!
//! The SAFETY comments use the invariants of the parent module.

use std::ffi::{c_int, c_void};
use std::ptr;

use assess_engine::history::{self, History};
use assess_engine::model::codec::Decoder;
use bytes::Bytes;
use redis_module::raw;

use super::super::encoding;
use super::super::value::{Loaded, Staging, Value};
use super::{KIND, into_raw};
use crate::ffi::ctx::Ctx;
use crate::ffi::guard;
use crate::ffi::io::{Damaged, Digest, Loader, Place, Rewriter, Saver};
use crate::ffi::string::bytes;
use crate::models::derivation::derive;
use crate::models::load::staging;
use crate::models::replication::replicate;
use crate::models::{directory, history as log, versions};
use crate::work::pool;

/// The version of the RDB encoding that is written. Every version up to it can be loaded: version 2 added the history,
/// version 3 models with final demand.
const ENCODING: c_int = 3;

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
    KIND.with(|kind| unsafe { kind.register(ctx, c"assessmdl", ENCODING, &mut methods) })
}

const MODEL: u64 = 1;
const STAGING: u64 = 2;

extern "C" fn rdb_save(io: *mut raw::RedisModuleIO, value: *mut c_void) {
    guard::or("saving a model", (), || {
        // SAFETY: the value has our type and does not change during the callback, which runs in a forked child or on
        // the main thread.
        let (value, mut io) = unsafe { (&*value.cast::<Value>(), Saver::new(io)) };
        match value {
            Value::Model(loaded) => {
                let model = loaded.as_model();
                io.number(MODEL);
                io.number(loaded.version);
                io.bytes(&loaded.source);
                io.number(model.frames());
                (0..model.frames()).for_each(|i| io.bytes(&model.frame(i)));
                io.number(loaded.history.capacity());
                history::codec::frames(&loaded.history).for_each(|frame| io.bytes(&frame));
                // An empty frame marks the end; no other frame is empty.
                io.bytes(b"");
            }
            Value::Staging(staging) => {
                io.number(STAGING);
                io.number(staging.id);
                io.number(staging.frames.len() as u64);
                staging.frames.iter().for_each(|frame| io.bytes(frame));
            }
        }
    });
}

extern "C" fn rdb_load(io: *mut raw::RedisModuleIO, encoding: c_int) -> *mut c_void {
    guard::or("loading a model", ptr::null_mut(), || {
        if !encoding::is_known("a model", encoding, ENCODING) {
            return ptr::null_mut();
        }
        // SAFETY: the handle is that of this callback.
        let mut io = unsafe { Loader::new(io) };
        match load(&mut io, encoding) {
            Ok(value) => {
                match &value {
                    Value::Model(loaded) => {
                        versions::seen(loaded.version);
                        if let Some((db, name)) = io.key() {
                            directory::created(db, name);
                        }
                        derive::request_later(loaded);
                    }
                    Value::Staging(staging) => {
                        if let Some((db, name)) = io.key() {
                            staging::loaded_from_file(db, name, staging.id);
                        }
                    }
                }
                into_raw(value)
            }
            Err(Damaged) => ptr::null_mut(),
        }
    })
}

fn load(io: &mut Loader<'_>, encoding: c_int) -> Result<Value, Damaged> {
    match io.number()? {
        MODEL => {
            let version = io.number()?;
            if !versions::is_plausible(version) {
                return Err(Damaged);
            }
            let source = io.bytes(<[u8]>::to_vec)?;
            let mut decoder = Decoder::new();
            for _ in 0..io.number()? {
                io.bytes(|frame| decoder.push(frame))?.map_err(|_| Damaged)?;
            }
            let model = decoder.finish().map_err(|_| Damaged)?;
            let mut loaded = Loaded::new(model, version, source);
            // The first version of the encoding had no history.
            if encoding >= 2 {
                load_history(io, &mut loaded.history)?;
            }
            Ok(Value::Model(loaded))
        }
        STAGING => {
            let mut staging = Staging::new(io.number()?);
            for _ in 0..io.number()? {
                let frame = io.bytes(Bytes::copy_from_slice)?;
                staging.decoder.push(&frame).map_err(|_| Damaged)?;
                staging.frames.push(frame);
            }
            Ok(Value::Staging(staging))
        }
        _ => Err(Damaged),
    }
}

fn load_history(io: &mut Loader<'_>, history: &mut History) -> Result<(), Damaged> {
    let capacity = io.number()?;
    if capacity > history::MAX_CAPACITY {
        return Err(Damaged);
    }
    drop(history.set_capacity(capacity));
    loop {
        let is_last = io.bytes(|frame| {
            log::add(history, frame).map_err(|_| Damaged)?;
            Ok(frame.is_empty())
        })??;
        if is_last {
            return Ok(());
        }
    }
}

extern "C" fn aof_rewrite(io: *mut raw::RedisModuleIO, key: *mut raw::RedisModuleString, value: *mut c_void) {
    guard::or("rewriting a model", (), || {
        // SAFETY: as in `rdb_save`; the key's name is valid during the callback.
        let (value, key, mut io) = unsafe { (&*value.cast::<Value>(), bytes(key), Rewriter::new(io)) };
        replicate::rewrite(&mut io, key, value);
    });
}

extern "C" fn digest(digest: *mut raw::RedisModuleDigest, value: *mut c_void) {
    guard::or("the digest of a model", (), || {
        // SAFETY: the value has our type; the handle is that of this callback.
        let (value, mut digest) = unsafe { (&*value.cast::<Value>(), Digest::new(digest)) };
        match value {
            Value::Model(loaded) => {
                digest.bytes(&loaded.version.to_le_bytes());
                digest.bytes(&loaded.source);
                digest.bytes(&loaded.as_model().digest());
                digest.bytes(&loaded.history.capacity().to_le_bytes());
                history::codec::frames(&loaded.history).for_each(|frame| digest.bytes(&frame));
            }
            Value::Staging(staging) => staging.frames.iter().for_each(|frame| digest.bytes(frame)),
        }
        digest.end();
    });
}

/// [`pool::dispose`] frees a large value on a worker, because on the main thread clients would wait for it.
extern "C" fn free(value: *mut c_void) {
    guard::or("freeing a model", (), || {
        // SAFETY: the server has removed the value from the keyspace and frees it once; values are `Send`.
        let value = unsafe { Box::from_raw(value.cast::<Value>()) };
        value.abandon();
        let size = value.bytes();
        pool::dispose(value, size);
    });
}

extern "C" fn mem_usage(_: *mut raw::RedisModuleKeyOptCtx, value: *const c_void, _: usize) -> usize {
    // SAFETY: the value has our type and does not change during the callback.
    guard::or("measuring a model", 0, || unsafe { &*value.cast::<Value>() }.bytes() as usize)
}

extern "C" fn free_effort(_: *mut raw::RedisModuleKeyOptCtx, value: *const c_void) -> usize {
    // SAFETY: as in `mem_usage`. Freeing a page costs about as much as freeing one element of a collection.
    guard::or("measuring a model", 1, || (unsafe { &*value.cast::<Value>() }.bytes() >> 12) as usize + 1)
}

extern "C" fn unlink(place: *mut raw::RedisModuleKeyOptCtx, value: *const c_void) {
    guard::or("unlinking a model", (), || {
        // SAFETY: the handle is that of this callback; the value has our type.
        let (place, value) = unsafe { (Place::new(place), &*value.cast::<Value>()) };
        if matches!(value, Value::Model(_)) {
            let (db, name) = place.key();
            directory::removed(db, &name);
        }
    });
}

extern "C" fn copy(place: *mut raw::RedisModuleKeyOptCtx, value: *const c_void) -> *mut c_void {
    guard::or("copying a model", ptr::null_mut(), || {
        // SAFETY: the handle is that of this callback; the value has our type.
        let (place, value) = unsafe { (Place::new(place), &*value.cast::<Value>()) };
        let Value::Model(loaded) = value else { return ptr::null_mut() };
        let (db, name) = place.target();
        // The version identifies the content, not the key, so the copy keeps it. A replica runs the COPY command
        // itself.
        let copy = loaded.copy();
        derive::request_later(&copy);
        directory::created(db, name);
        into_raw(Value::Model(copy))
    })
}
