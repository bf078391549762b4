//! Events of the server: keys, databases, roles, loading, connections.

use std::cell::Cell;
use std::ffi::{CStr, c_char, c_int, c_void};

use redis_module::raw;

use super::ctx::Ctx;
use super::{blocked, guard, string};

/// The handlers of the server's events. All run on the main thread, guarded against panics.
#[derive(Clone, Copy)]
pub(crate) struct Handlers {
    /// An event of a key of the selected database: the name, the event, and whether a module reported it.
    pub(crate) key: fn(Ctx<'_>, &[u8], &[u8], bool),
    /// A database was emptied; `None` is all of them.
    pub(crate) flushed: fn(Option<i32>),
    /// Two databases were swapped.
    pub(crate) swapped: fn(i32, i32),
    pub(crate) shutdown: fn(),
    /// The server has become a master.
    pub(crate) promoted: fn(Ctx<'_>),
    /// The server has become a replica.
    pub(crate) demoted: fn(),
    /// The server begins to load a data set that replaces all it has (an RDB file, a full synchronisation): `true`; or an
    /// append-only file: `false`.
    pub(crate) loading: fn(bool),
    /// The server has loaded a data set.
    pub(crate) loaded: fn(Ctx<'_>),
    /// A connection has ended: the client's id, and whether it had an open transaction.
    pub(crate) client_left: fn(u64, bool),
}

thread_local! {
    static HANDLERS: Cell<Option<&'static Handlers>> = const { Cell::new(None) };
}

/// Runs one of the handlers. No event comes before [`subscribe`], which sets them.
#[inline]
fn with(what: &'static str, call: impl FnOnce(&Handlers)) {
    if let Some(handlers) = HANDLERS.get() {
        guard::or(what, (), || call(handlers));
    }
}

/// Subscribes to the events of the handlers.
pub(crate) fn subscribe(ctx: Ctx<'_>, handlers: &'static Handlers) -> Result<(), &'static str> {
    HANDLERS.set(Some(handlers));
    // All classes: a value of any type may overwrite a string, and the server reports that in the class of the new
    // type.
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
    // SAFETY: `ctx` is the context of loading; the callbacks have the signatures that the server requires.
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

/// Runs for every write to every key of the server.
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
    let by_module = class & raw::REDISMODULE_NOTIFY_MODULE != 0;
    with("a keyspace event", |handlers| {
        // SAFETY: the context of this callback, on the main thread.
        (handlers.key)(unsafe { Ctx::new(ctx) }, key, event, by_module);
    });
    raw::REDISMODULE_OK as c_int
}

unsafe extern "C" fn on_flush(_: *mut raw::RedisModuleCtx, _: raw::RedisModuleEvent, subevent: u64, data: *mut c_void) {
    // Handled at the end of the flush: the keys must stay known during it, because the server reports no key that it
    // unlinks in between.
    if subevent != raw::REDISMODULE_SUBEVENT_FLUSHDB_END || data.is_null() {
        return;
    }
    // SAFETY: this event's data are of this type.
    let db = unsafe { (*data.cast::<raw::RedisModuleFlushInfo>()).dbnum };
    with("a flush", |handlers| (handlers.flushed)((db >= 0).then_some(db)));
}

unsafe extern "C" fn on_swap(_: *mut raw::RedisModuleCtx, _: raw::RedisModuleEvent, _: u64, data: *mut c_void) {
    if data.is_null() {
        return;
    }
    // SAFETY: this event's data are of this type.
    let raw::RedisModuleSwapDbInfo { dbnum_first, dbnum_second, .. } =
        unsafe { *data.cast::<raw::RedisModuleSwapDbInfo>() };
    with("a swap of databases", |handlers| (handlers.swapped)(dbnum_first, dbnum_second));
}

unsafe extern "C" fn on_shutdown(_: *mut raw::RedisModuleCtx, _: raw::RedisModuleEvent, _: u64, _: *mut c_void) {
    with("shutdown", |handlers| (handlers.shutdown)());
}

unsafe extern "C" fn on_role(ctx: *mut raw::RedisModuleCtx, _: raw::RedisModuleEvent, role: u64, _: *mut c_void) {
    with("a change of role", |handlers| {
        if role == raw::REDISMODULE_EVENT_REPLROLECHANGED_NOW_MASTER {
            // SAFETY: the context of this callback, on the main thread.
            (handlers.promoted)(unsafe { Ctx::new(ctx) });
        } else {
            (handlers.demoted)();
        }
    });
}

unsafe extern "C" fn on_loading(ctx: *mut raw::RedisModuleCtx, _: raw::RedisModuleEvent, what: u64, _: *mut c_void) {
    with("loading", |handlers| match what {
        // SAFETY: the context of this callback, on the main thread.
        raw::REDISMODULE_SUBEVENT_LOADING_ENDED => (handlers.loaded)(unsafe { Ctx::new(ctx) }),
        raw::REDISMODULE_SUBEVENT_LOADING_FAILED => {}
        _ => (handlers.loading)(what != raw::REDISMODULE_SUBEVENT_LOADING_AOF_START),
    });
}

unsafe extern "C" fn on_client(_: *mut raw::RedisModuleCtx, _: raw::RedisModuleEvent, what: u64, data: *mut c_void) {
    if what != raw::REDISMODULE_SUBEVENT_CLIENT_CHANGE_DISCONNECTED || data.is_null() {
        return;
    }
    // SAFETY: this event's data are of this type.
    let raw::RedisModuleClientInfo { id, flags, .. } = unsafe { *data.cast::<raw::RedisModuleClientInfo>() };
    with("a disconnect", |handlers| {
        blocked::client_left(id);
        (handlers.client_left)(id, flags & u64::from(raw::REDISMODULE_CLIENTINFO_FLAG_MULTI) != 0);
    });
}
