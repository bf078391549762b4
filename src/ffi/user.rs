//! What the user of a context may do, where key specs cannot say it.

use std::ffi::c_int;

use redis_module::raw;

use super::ctx::Ctx;
use super::string::{self, Text};
use crate::spec::KeyFlags;

/// On whose behalf a command runs.
enum Caller {
    /// A module, the master, an append-only file: trusted, as the server trusts them. Or a server that cannot say.
    Trusted,
    /// A user who has been deleted meanwhile.
    Deleted,
    User(User),
}

/// A user of the server, freed here.
struct User(*mut raw::RedisModuleUser);

impl Drop for User {
    fn drop(&mut self) {
        // SAFETY: made by GetModuleUserFromUserName, freed once; the function is there where that one is (7.0.6).
        unsafe { api!(RedisModule_FreeModuleUser(self.0)) }
    }
}

/// Whether the user may read every key (`~*`), as one who sees the names of all keys of a kind must.
pub(crate) fn may_see_every_key(ctx: Ctx<'_>) -> bool {
    let user = match caller(ctx) {
        Caller::Trusted => return true,
        Caller::Deleted => return false,
        Caller::User(user) => user,
    };
    // SAFETY: invariants 1 and 2; the text is freed here.
    unsafe {
        let Some(acl_of) = raw::RedisModule_GetModuleUserACLString else { return true };
        let acl = acl_of(user.0);
        if acl.is_null() {
            return false;
        }
        let every = string::bytes(acl).split(|&byte| byte == b' ').any(|rule| rule == b"~*" || rule == b"allkeys");
        api!(RedisModule_FreeString(ctx.as_ptr(), acl));
        every
    }
}

/// Whether the user may do this to a key.
pub(crate) fn may_access(ctx: Ctx<'_>, key: &[u8], flags: KeyFlags) -> bool {
    caller(ctx).may_access(key, flags)
}

/// The same for the user of a connection, told by its id; where the server cannot say, yes. Main thread.
pub(crate) fn client_may_access(client: u64, key: &[u8], flags: KeyFlags) -> bool {
    // SAFETY: the detached context is valid; the functions are looked for.
    let caller = unsafe {
        let ctx = Ctx::new(super::ctx::detached());
        match (raw::RedisModule_GetClientUserNameById, raw::RedisModule_GetModuleUserFromUserName) {
            (Some(name_of), Some(user_of)) => named(ctx, name_of(ctx.as_ptr(), client), user_of),
            _ => Caller::Trusted,
        }
    };
    caller.may_access(key, flags)
}

impl Caller {
    fn may_access(&self, key: &[u8], flags: KeyFlags) -> bool {
        let user = match self {
            Self::Trusted => return true,
            Self::Deleted => return false,
            Self::User(user) => user,
        };
        user.may_access(key, flags)
    }
}

impl User {
    fn may_access(&self, key: &[u8], flags: KeyFlags) -> bool {
        let (name, flags) = (Text::new(key), flags.bits() as c_int);
        // SAFETY: user and name are valid; the flags are the server's own bits.
        unsafe {
            let Some(check) = raw::RedisModule_ACLCheckKeyPermissions else { return true };
            check(self.0, name.as_ptr(), flags) == raw::REDISMODULE_OK as c_int
        }
    }
}

type UserOf = unsafe extern "C" fn(*mut raw::RedisModuleString) -> *mut raw::RedisModuleUser;

/// Whom a name that the server gave stands for; frees it.
///
/// # Safety
/// `name` is null or a string that is ours, and `user_of` the server's function.
unsafe fn named(ctx: Ctx<'_>, name: *mut raw::RedisModuleString, user_of: UserOf) -> Caller {
    if name.is_null() {
        return Caller::Trusted; // no client of the network
    }
    // SAFETY: by the contract of this function.
    unsafe {
        let user = user_of(name);
        api!(RedisModule_FreeString(ctx.as_ptr(), name));
        if user.is_null() { Caller::Deleted } else { Caller::User(User(user)) }
    }
}

fn caller(ctx: Ctx<'_>) -> Caller {
    // SAFETY: invariants 1 and 2; the functions are there from 7.0.6 on and looked for. The name is freed here.
    unsafe {
        let (Some(name_of), Some(current), Some(user_of)) = (
            raw::RedisModule_GetClientUserNameById,
            raw::RedisModule_GetCurrentUserName,
            raw::RedisModule_GetModuleUserFromUserName,
        ) else {
            return Caller::Trusted;
        };
        // A script's client has no number that the server would know it by, but its caller's user: where there is none,
        // because a module called, the server's function for the name follows a null pointer.
        let name = match ctx.is_script() {
            false => name_of(ctx.as_ptr(), ctx.client_id()),
            true if has_user(ctx) => current(ctx.as_ptr()),
            true => return Caller::Trusted,
        };
        named(ctx, name, user_of)
    }
}

/// Whether the context's client has a user: a call that checks permissions says so before anything else.
fn has_user(ctx: Ctx<'_>) -> bool {
    // SAFETY: the format takes no arguments; `C` checks permissions, and without `E` a refusal is null and `errno`.
    unsafe {
        let reply = api!(RedisModule_Call(ctx.as_ptr(), c"PING".as_ptr(), c"C".as_ptr()));
        if reply.is_null() {
            return std::io::Error::last_os_error().raw_os_error() != Some(libc::ENOTSUP);
        }
        api!(RedisModule_FreeCallReply(reply));
        true
    }
}
