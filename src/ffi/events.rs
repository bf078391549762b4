//! What happens to keys and databases.

use std::ffi::{CStr, c_char, c_int, c_void};

use redis_module::raw;

use super::ctx::Ctx;
use super::string;
use crate::cache::follow::{self, Change};
use crate::cache::{fetch, queued, saved};
use crate::models::directory;
use crate::work::guard;

/// Subscribes to everything that this module has to know.
pub(crate) fn subscribe(ctx: Ctx<'_>) -> Result<(), &'static str> {
    // All classes: a string may be overwritten by a value of any type, and that is told under the type's class.
    let classes = raw::REDISMODULE_NOTIFY_GENERIC
        | raw::REDISMODULE_NOTIFY_STRING
        | raw::REDISMODULE_NOTIFY_LIST
        | raw::REDISMODULE_NOTIFY_SET
        | raw::REDISMODULE_NOTIFY_HASH
        | raw::REDISMODULE_NOTIFY_ZSET
        | raw::REDISMODULE_NOTIFY_STREAM
        | raw::REDISMODULE_NOTIFY_EXPIRED
        | raw::REDISMODULE_NOTIFY_EVICTED
        | raw::REDISMODULE_NOTIFY_LOADED
        | raw::REDISMODULE_NOTIFY_MODULE;
    // SAFETY: the context is that of loading; callbacks have the signatures the server wants.
    unsafe {
        let ok = raw::REDISMODULE_OK as c_int;
        if api!(RedisModule_SubscribeToKeyspaceEvents(ctx.as_ptr(), classes, Some(on_key))) != ok {
            return Err("cannot subscribe to keyspace events");
        }
        for (id, callback) in [
            (raw::REDISMODULE_EVENT_FLUSHDB, on_flush as EventCallback),
            (raw::REDISMODULE_EVENT_SWAPDB, on_swap),
            (raw::REDISMODULE_EVENT_SHUTDOWN, on_shutdown),
            (raw::REDISMODULE_EVENT_REPLICATION_ROLE_CHANGED, on_role),
            (raw::REDISMODULE_EVENT_LOADING, on_loading),
            (raw::REDISMODULE_EVENT_CLIENT_CHANGE, on_client),
        ] {
            let event = raw::RedisModuleEvent { id, dataver: 1 };
            if api!(RedisModule_SubscribeToServerEvent(ctx.as_ptr(), event, Some(callback))) != ok {
                return Err("cannot subscribe to server events");
            }
        }
    }
    Ok(())
}

type EventCallback = unsafe extern "C" fn(*mut raw::RedisModuleCtx, raw::RedisModuleEvent, u64, *mut c_void);

/// Runs for every write to every key of the server: what is not ours leaves at once.
extern "C" fn on_key(
    ctx: *mut raw::RedisModuleCtx,
    class: c_int,
    event: *const c_char,
    key: *mut raw::RedisModuleString,
) -> c_int {
    // SAFETY: the key's name is valid during the callback.
    let key = unsafe { string::bytes(key) };
    // SAFETY: the event's name is a NUL-terminated constant of the server.
    let event = unsafe { CStr::from_ptr(event) }.to_bytes();
    let change = Change::of(event, class & raw::REDISMODULE_NOTIFY_MODULE != 0);
    guard::or("a keyspace event", (), || {
        // SAFETY: the context of this callback, on the main thread.
        let ctx = unsafe { Ctx::new(ctx) };
        match change {
            Change::Arrived | Change::Copied | Change::Restored => directory::arrived(ctx, ctx.db(), key),
            Change::Relived => directory::expires(ctx.db(), key),
            Change::Evicted => directory::evicted(ctx.db(), key),
            _ => {}
        }
        follow::event(ctx, key, change);
    });
    raw::REDISMODULE_OK as c_int
}

unsafe extern "C" fn on_flush(_: *mut raw::RedisModuleCtx, _: raw::RedisModuleEvent, subevent: u64, data: *mut c_void) {
    guard::or("a flush", (), || {
        // Keys must stay known while the server empties itself: what is unlinked in between is told by nobody.
        if subevent != raw::REDISMODULE_SUBEVENT_FLUSHDB_END || data.is_null() {
            return;
        }
        // SAFETY: this event's data are of this type.
        let db = unsafe { (*data.cast::<raw::RedisModuleFlushInfo>()).dbnum };
        let db = (db >= 0).then_some(db);
        follow::flushed(db);
        directory::flushed(db);
    });
}

unsafe extern "C" fn on_swap(_: *mut raw::RedisModuleCtx, _: raw::RedisModuleEvent, _: u64, data: *mut c_void) {
    guard::or("a swap of databases", (), || {
        if data.is_null() {
            return;
        }
        // SAFETY: this event's data are of this type.
        let (a, b) = unsafe {
            let info = &*data.cast::<raw::RedisModuleSwapDbInfo>();
            (info.dbnum_first, info.dbnum_second)
        };
        follow::swapped(a, b);
        directory::swapped(a, b);
    });
}

unsafe extern "C" fn on_shutdown(_: *mut raw::RedisModuleCtx, _: raw::RedisModuleEvent, _: u64, _: *mut c_void) {
    guard::or("shutdown", (), crate::work::pool::stop);
}

unsafe extern "C" fn on_role(ctx: *mut raw::RedisModuleCtx, _: raw::RedisModuleEvent, role: u64, _: *mut c_void) {
    guard::or("a change of role", (), || {
        // SAFETY: the context of this callback, on the main thread.
        let ctx = unsafe { Ctx::new(ctx) };
        if role == raw::REDISMODULE_EVENT_REPLROLECHANGED_NOW_MASTER {
            saved::promoted(ctx);
        } else {
            fetch::abandon();
        }
    });
}

unsafe extern "C" fn on_loading(ctx: *mut raw::RedisModuleCtx, _: raw::RedisModuleEvent, what: u64, _: *mut c_void) {
    guard::or("loading", (), || {
        // SAFETY: the context of this callback, on the main thread.
        let ctx = unsafe { Ctx::new(ctx) };
        match what {
            raw::REDISMODULE_SUBEVENT_LOADING_ENDED => saved::loaded(ctx),
            raw::REDISMODULE_SUBEVENT_LOADING_FAILED => {}
            _ => saved::begins(),
        }
    });
}

unsafe extern "C" fn on_client(_: *mut raw::RedisModuleCtx, _: raw::RedisModuleEvent, what: u64, data: *mut c_void) {
    if what != raw::REDISMODULE_SUBEVENT_CLIENT_CHANGE_DISCONNECTED || data.is_null() {
        return;
    }
    guard::or("a client that left", (), || {
        // SAFETY: this event's data are of this type.
        let raw::RedisModuleClientInfo { id, flags, .. } = unsafe { *data.cast::<raw::RedisModuleClientInfo>() };
        super::blocked::client_left(id);
        fetch::client_left(id);
        queued::client_left(id, flags & u64::from(raw::REDISMODULE_CLIENTINFO_FLAG_MULTI) != 0);
    });
}
