//! Permissions of the user of a context, for checks that key specs cannot express.

use std::ffi::c_int;

use redis_module::raw;

use super::ctx::Ctx;
use super::string::{self, Text};
use crate::spec::KeyFlags;

/// The user that a command runs for.
enum Caller {
    /// A module, the master or an append-only file, which the server trusts too. Or the server cannot report the user.
    Trusted,
    /// A user that was deleted while the client was connected.
    Deleted,
    User(User),
}

/// A user of the server. Freed on drop.
struct User(*mut raw::RedisModuleUser);

impl Drop for User {
    fn drop(&mut self) {
        // SAFETY: made by GetModuleUserFromUserName, freed once. Servers that have that function (7.0.6) have this one
        // too.
        unsafe { api!(RedisModule_FreeModuleUser(self.0)) }
    }
}

/// Whether the user may access every key (`~*`). Commands that list the names of keys require it.
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

/// Whether the user may access a key in this way.
pub(crate) fn may_access(ctx: Ctx<'_>, key: &[u8], flags: KeyFlags) -> bool {
    caller(ctx).may_access(key, flags)
}

/// The same for the user of the client with this id; true when the server cannot report the user. Main thread.
pub(crate) fn client_may_access(client: u64, key: &[u8], flags: KeyFlags) -> bool {
    // SAFETY: the detached context is valid; the functions are checked for null.
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

/// The user with a name that the server returned. Frees the name.
///
/// # Safety
/// `name` is null or a string that the caller owns, and `user_of` is the function of the server.
unsafe fn named(ctx: Ctx<'_>, name: *mut raw::RedisModuleString, user_of: UserOf) -> Caller {
    if name.is_null() {
        return Caller::Trusted; // not a network client
    }
    // SAFETY: by the contract of this function.
    unsafe {
        let user = user_of(name);
        api!(RedisModule_FreeString(ctx.as_ptr(), name));
        if user.is_null() { Caller::Deleted } else { Caller::User(User(user)) }
    }
}

fn caller(ctx: Ctx<'_>) -> Caller {
    // SAFETY: invariants 1 and 2. The functions exist from 7.0.6 on and are checked for null; `named` frees the name.
    unsafe {
        let (Some(name_of), Some(current), Some(user_of)) = (
            raw::RedisModule_GetClientUserNameById,
            raw::RedisModule_GetCurrentUserName,
            raw::RedisModule_GetModuleUserFromUserName,
        ) else {
            return Caller::Trusted;
        };
        // The client of a script has no id that the server can look up, but it has the user of its caller. When a
        // module runs the script there is no user, and the server's function for the name would dereference a null
        // pointer.
        let name = match ctx.is_script() {
            false => name_of(ctx.as_ptr(), ctx.client_id()),
            true if has_user(ctx) => current(ctx.as_ptr()),
            true => return Caller::Trusted,
        };
        named(ctx, name, user_of)
    }
}

/// Whether the client of the context has a user. A call that checks permissions fails first when there is none.
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
