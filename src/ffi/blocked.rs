//! Blocked clients: each gets exactly one reply, whatever becomes of who was to send it.

use std::ffi::{c_int, c_void};
use std::ptr::{self, NonNull};

use redis_module::raw;

use super::ctx::Ctx;
use super::{send, string::Argv};
use crate::error::Failure;
use crate::guard;
use crate::reply::Reply;

/// A client that waits. Dropping it without a reply answers with an internal error: nobody hangs because of a bug.
pub(crate) struct Blocked {
    raw: NonNull<raw::RedisModuleBlockedClient>,
    client: u64,
}

// SAFETY: the server allows RM_UnblockClient and the time measurement on any thread; nothing else is done elsewhere.
unsafe impl Send for Blocked {}

impl Blocked {
    /// Blocks the client of a context. `wait_ms` 0 is for ever.
    pub(crate) fn block(ctx: Ctx<'_>, wait_ms: u64) -> Self {
        let timeout = i64::try_from(wait_ms).unwrap_or(i64::MAX);
        // SAFETY: the context is that of a command which may block (the caller has asked `may_block`); callbacks have
        // the signatures the server wants.
        let raw = unsafe {
            api!(RedisModule_BlockClient(ctx.as_ptr(), Some(on_reply), Some(on_timeout), Some(free_reply), timeout))
        };
        let raw = NonNull::new(raw).expect("may_block was asked before");
        // SAFETY: just created.
        unsafe { api!(RedisModule_SetDisconnectCallback(raw.as_ptr(), Some(on_disconnect))) };
        Self { raw, client: ctx.client_id() }
    }

    /// The client's id.
    pub(crate) fn client(&self) -> u64 {
        self.client
    }

    /// Unblocks the client with a reply. Any thread.
    pub(crate) fn reply(self, reply: Reply) {
        self.unblock(reply);
        std::mem::forget(self);
    }

    /// Counts the time of `work` as the command's own, so that SLOWLOG and command statistics see it. Any thread, one
    /// at a time.
    pub(crate) fn measure<T>(&self, work: impl FnOnce() -> T) -> T {
        // SAFETY: the handle is valid until it is unblocked, which takes self.
        unsafe { api!(RedisModule_BlockedClientMeasureTimeStart(self.raw.as_ptr())) };
        let result = work();
        // SAFETY: as above.
        unsafe { api!(RedisModule_BlockedClientMeasureTimeEnd(self.raw.as_ptr())) };
        result
    }

    fn unblock(&self, reply: Reply) {
        let reply = Box::into_raw(Box::new(reply));
        // SAFETY: called once per handle (`reply` forgets self); `free_reply` frees the box.
        unsafe { api!(RedisModule_UnblockClient(self.raw.as_ptr(), reply.cast::<c_void>())) };
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        self.unblock(Reply::Error(Failure::internal()));
    }
}

extern "C" fn on_reply(ctx: *mut raw::RedisModuleCtx, _: *mut *mut raw::RedisModuleString, _: c_int) -> c_int {
    guard::or("a reply", (), || {
        // SAFETY: private data are those of `unblock`; the context is that of this callback.
        unsafe {
            let reply = api!(RedisModule_GetBlockedClientPrivateData(ctx)).cast::<Reply>();
            if let Some(reply) = reply.as_ref() {
                send::reply(Ctx::new(ctx), reply);
            }
        }
    });
    raw::REDISMODULE_OK as c_int
}

extern "C" fn on_timeout(ctx: *mut raw::RedisModuleCtx, argv: *mut *mut raw::RedisModuleString, argc: c_int) -> c_int {
    guard::or("a timeout", (), || {
        // SAFETY: the context is that of this callback; the arguments are those of the blocked command.
        let (ctx, argv) = unsafe { (Ctx::new(ctx), Argv::new(argv, argc)) };
        let fetched = crate::cache::waiters::timed_out(ctx.client_id());
        send::reply(ctx, &fetched.unwrap_or_else(|| crate::waiting::timed_out(ctx.client_id(), argv)));
    });
    raw::REDISMODULE_OK as c_int
}

extern "C" fn on_disconnect(_: *mut raw::RedisModuleCtx, blocked: *mut raw::RedisModuleBlockedClient) {
    guard::or("a disconnect", (), || {
        // The handle is only compared, never used.
        let is_it = |waiting: &Blocked| ptr::eq(waiting.raw.as_ptr(), blocked);
        if !crate::cache::waiters::disconnected(is_it) {
            crate::waiting::disconnected(is_it);
            crate::cache::sweep::disconnected(is_it);
        }
    });
}

extern "C" fn free_reply(_: *mut raw::RedisModuleCtx, reply: *mut c_void) {
    if !reply.is_null() {
        // SAFETY: made by `unblock`, freed once by the server's contract.
        drop(unsafe { Box::from_raw(reply.cast::<Reply>()) });
    }
}
