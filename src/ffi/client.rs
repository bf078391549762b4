//! Facts about a client that the server reports.

use redis_module::raw;

/// Whether a network client has an open transaction. `false` for the internal clients of scripts and modules.
pub(crate) fn is_in_transaction(id: u64) -> bool {
    let mut info = raw::RedisModuleClientInfo { version: 1, flags: 0, id: 0, addr: [0; 46], port: 0, db: 0 };
    // SAFETY: the structure has the version that its field states; the server fills it.
    let found = unsafe { api!(RedisModule_GetClientInfoById((&raw mut info).cast(), id)) };
    found == raw::REDISMODULE_OK as std::ffi::c_int
        && info.flags & u64::from(raw::REDISMODULE_CLIENTINFO_FLAG_MULTI) != 0
}
