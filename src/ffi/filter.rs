//! A command filter, for actions that the server reports no event for: the deletion of keys that do not exist, WATCH,
//! and transactions.
//!
//! Every command of the server passes through the filter, which costs up to 2 % of the server's time for a pipelined
//! GET (see `docs/decisions/06-filter-of-commands.md`). A filter that is registered only while it is needed would miss
//! the keys that were watched, and the commands that were queued, before.

use std::cell::Cell;
use std::ffi::c_int;

use redis_module::raw;

use super::ctx::Ctx;
use super::guard;

/// The actions that the filter detects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// Every argument is a key to delete.
    DeletesAll,
    /// The first argument is a key to delete.
    DeletesFirst,
    Watches,
    Begins,
    Runs,
    Discards,
}

impl Seen {
    #[inline]
    fn of(command: &[u8]) -> Option<Self> {
        // The length alone excludes most commands.
        let (name, seen): (&[u8], _) = match command.len() {
            3 => (b"del", Self::DeletesAll),
            4 => (b"exec", Self::Runs),
            5 if command[0].eq_ignore_ascii_case(&b'w') => (b"watch", Self::Watches),
            5 => (b"multi", Self::Begins),
            6 if command[0].eq_ignore_ascii_case(&b'u') => (b"unlink", Self::DeletesAll),
            6 => (b"getdel", Self::DeletesFirst),
            7 => (b"discard", Self::Discards),
            _ => return None,
        };
        command.eq_ignore_ascii_case(name).then_some(seen)
    }
}

/// A detected command. `client` is the id of its client; `None` when the server does not report it (Redis 7.0).
#[derive(Debug, Clone, Copy)]
pub(crate) enum Filtered<'a> {
    /// The command deletes this key, which may not exist.
    Deletes {
        client: Option<u64>,
        name: &'a [u8],
    },
    /// A client watches this key. The database is unknown.
    Watches {
        name: &'a [u8],
    },
    /// A transaction begins (MULTI), runs (EXEC) or is discarded (DISCARD).
    Begins {
        client: Option<u64>,
    },
    Runs {
        client: Option<u64>,
    },
    Discards {
        client: Option<u64>,
    },
}

/// Called for each of these commands before the server runs it.
pub(crate) type Handler = fn(Filtered<'_>);

thread_local! {
    static HANDLER: Cell<Handler> = const { Cell::new(|_| {}) };
}

/// Registers the filter permanently.
pub(crate) fn register(ctx: Ctx<'_>, handler: Handler) -> Result<(), &'static str> {
    HANDLER.set(handler);
    // Commands that this module runs itself are not filtered.
    let flags = raw::REDISMODULE_CMDFILTER_NOSELF as c_int;
    // SAFETY: `ctx` is the context of loading; the callback has the signature that the server requires.
    let filter = unsafe { api!(RedisModule_RegisterCommandFilter(ctx.as_ptr(), Some(on_command), flags)) };
    if filter.is_null() { Err("the server refuses a command filter") } else { Ok(()) }
}

unsafe extern "C" fn on_command(command: *mut raw::RedisModuleCommandFilterCtx) {
    // SAFETY: the context is that of this callback, and a command has a name.
    let Some(seen) = Seen::of(unsafe { argument(command, 0) }) else { return };
    guard::or("the command filter", (), || {
        // SAFETY: as above. Redis 7.0 does not report the client; later servers do.
        let (count, client) = unsafe {
            let count = api!(RedisModule_CommandFilterArgsCount(command));
            (count, raw::RedisModule_CommandFilterGetClientId.map(|client| client(command)))
        };
        let names = |end: c_int| {
            // SAFETY: as above; every index is below `count`.
            (1..end.min(count)).map(move |at| unsafe { argument(command, at) })
        };
        let handle = HANDLER.get();
        match seen {
            Seen::DeletesAll => names(c_int::MAX).for_each(|name| handle(Filtered::Deletes { client, name })),
            Seen::DeletesFirst => names(2).for_each(|name| handle(Filtered::Deletes { client, name })),
            Seen::Watches => names(c_int::MAX).for_each(|name| handle(Filtered::Watches { name })),
            // With arguments these commands fail.
            Seen::Begins | Seen::Runs | Seen::Discards if count != 1 => {}
            Seen::Begins => handle(Filtered::Begins { client }),
            Seen::Runs => handle(Filtered::Runs { client }),
            Seen::Discards => handle(Filtered::Discards { client }),
        }
    });
}

/// An argument of the command.
///
/// # Safety
/// `command` is the context of a filter's callback that does not return before `'a` ends, and has an argument `at`.
#[inline]
unsafe fn argument<'a>(command: *mut raw::RedisModuleCommandFilterCtx, at: c_int) -> &'a [u8] {
    let mut length = 0;
    // SAFETY: by the contract of this function; the server owns the string until the callback returns.
    unsafe {
        let string = api!(RedisModule_CommandFilterArgGet(command, at));
        let bytes = api!(RedisModule_StringPtrLen(string, &mut length));
        if bytes.is_null() { &[] } else { std::slice::from_raw_parts(bytes.cast(), length) }
    }
}

#[cfg(test)]
mod tests {
    use super::Seen;

    #[test]
    fn commands_are_detected_in_any_case_and_no_others_are() {
        assert_eq!(Seen::of(b"DEL"), Some(Seen::DeletesAll));
        assert_eq!(Seen::of(b"uNlink"), Some(Seen::DeletesAll));
        assert_eq!(Seen::of(b"GETDEL"), Some(Seen::DeletesFirst));
        assert_eq!(Seen::of(b"WATCH"), Some(Seen::Watches));
        assert_eq!(Seen::of(b"multi"), Some(Seen::Begins));
        assert_eq!(Seen::of(b"Exec"), Some(Seen::Runs));
        assert_eq!(Seen::of(b"DISCARD"), Some(Seen::Discards));
        for other in ["", "GET", "MGET", "UNWATCH", "WAITX", "UPDATE", "GETSET", "PUBLISH"] {
            assert_eq!(Seen::of(other.as_bytes()), None, "{other}");
        }
    }
}
