//! The module's section of INFO.

use std::cell::Cell;
use std::ffi::{CString, c_int};

use redis_module::raw;

use super::ctx::Ctx;
use super::guard;

/// The version of the module, and its fields with their values.
pub(crate) type Fields = fn() -> (&'static str, Vec<(&'static str, u64)>);

thread_local! {
    static FIELDS: Cell<Fields> = const { Cell::new(|| ("", Vec::new())) };
}

/// Registers the section `INFO assess`.
pub(crate) fn register(ctx: Ctx<'_>, fields: Fields) -> Result<(), &'static str> {
    FIELDS.set(fields);
    // SAFETY: `ctx` is the context of loading; the callback has the signature that the server requires.
    let done = unsafe { api!(RedisModule_RegisterInfoFunc(ctx.as_ptr(), Some(on_info))) };
    if done == raw::REDISMODULE_OK as c_int { Ok(()) } else { Err("cannot register the INFO section") }
}

extern "C" fn on_info(info: *mut raw::RedisModuleInfoCtx, crash_report: c_int) {
    // In a crash report the state of the module may be inconsistent, so no fields are added.
    if crash_report != 0 {
        return;
    }
    guard::or("INFO", (), || {
        // SAFETY: the INFO context is valid during the callback. An unnamed section gets the name of the module. The
        // server refuses a section that the client did not request; no fields may be added then.
        if unsafe { api!(RedisModule_InfoAddSection(info, std::ptr::null())) } != raw::REDISMODULE_OK as c_int {
            return;
        }
        let (version, fields) = FIELDS.get()();
        let version = CString::new(version).unwrap_or_default();
        // SAFETY: as above; name and text are NUL-terminated.
        unsafe { api!(RedisModule_InfoAddFieldCString(info, c"version".as_ptr(), version.as_ptr())) };
        for (name, value) in fields {
            let name = CString::new(name).unwrap_or_default();
            // SAFETY: as above; the name is NUL-terminated.
            unsafe { api!(RedisModule_InfoAddFieldULongLong(info, name.as_ptr(), value)) };
        }
    });
}
