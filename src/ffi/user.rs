//! What the user of a context may do, where key specs cannot say it.

use redis_module::raw;

use super::ctx::Ctx;
use super::string;

/// Whether the user may read every key (`~*`), as one who sees the names of all keys of a kind must. A module that calls
/// us is trusted, as the server trusts it; a script is not, and has no user that could be asked safely: the server's own
/// function for the name of the current user follows a null pointer where a module calls from inside a script.
pub(crate) fn may_see_every_key(ctx: Ctx<'_>) -> bool {
    if ctx.is_script() {
        return false;
    }
    // SAFETY: invariants 1 and 2; the functions are there from 7.0.6 on and looked for. Strings and the user are
    // freed where they are made.
    unsafe {
        let (Some(name_of), Some(user_of), Some(free_user), Some(acl_of)) = (
            raw::RedisModule_GetClientUserNameById,
            raw::RedisModule_GetModuleUserFromUserName,
            raw::RedisModule_FreeModuleUser,
            raw::RedisModule_GetModuleUserACLString,
        ) else {
            return true;
        };
        let name = name_of(ctx.as_ptr(), ctx.client_id());
        if name.is_null() {
            return true; // no client of the network: a module, the master, an append-only file
        }
        let user = user_of(name);
        api!(RedisModule_FreeString(ctx.as_ptr(), name));
        if user.is_null() {
            return false;
        }
        let acl = acl_of(user);
        free_user(user);
        if acl.is_null() {
            return false;
        }
        let every = string::bytes(acl).split(|&byte| byte == b' ').any(|rule| rule == b"~*" || rule == b"allkeys");
        api!(RedisModule_FreeString(ctx.as_ptr(), acl));
        every
    }
}
