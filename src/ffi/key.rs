//! Keys of the selected database.

use std::ffi::{c_char, c_int, c_void};
use std::marker::PhantomData;

use redis_module::raw;

use super::ctx::Ctx;
use super::string::Text;

/// A key that is open for reading or writing. It may be absent.
pub(crate) struct Key<'a> {
    raw: *mut raw::RedisModuleKey,
    _ctx: PhantomData<Ctx<'a>>,
}

/// The type of a key's value, as far as this module distinguishes types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    Nothing,
    String,
    /// A native value of a module.
    Native,
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Read,
    /// Reading that does not change the LRU and LFU data of the key.
    Peek,
    Write,
}

impl<'a> Key<'a> {
    /// # Safety
    /// `name` is a valid string.
    pub(crate) unsafe fn open_raw(ctx: Ctx<'a>, name: *mut raw::RedisModuleString, mode: Mode) -> Self {
        let mode = match mode {
            Mode::Read => raw::REDISMODULE_READ,
            Mode::Peek => raw::REDISMODULE_READ | raw::REDISMODULE_OPEN_KEY_NOTOUCH,
            Mode::Write => raw::REDISMODULE_READ | raw::REDISMODULE_WRITE,
        };
        // SAFETY: the context is valid; the name is valid by the contract.
        Self { raw: unsafe { api!(RedisModule_OpenKey(ctx.as_ptr(), name, mode as c_int)) }, _ctx: PhantomData }
    }

    pub(crate) fn open(ctx: Ctx<'a>, name: &[u8], mode: Mode) -> Self {
        let name = Text::new(name);
        // SAFETY: the name is valid during the call; an open key holds its own reference.
        unsafe { Self::open_raw(ctx, name.as_ptr(), mode) }
    }

    /// Opens a key whose name is already a string of the server.
    pub(crate) fn open_text(ctx: Ctx<'a>, name: &Text, mode: Mode) -> Self {
        // SAFETY: the name is valid during the call.
        unsafe { Self::open_raw(ctx, name.as_ptr(), mode) }
    }

    pub(crate) fn open_arg(ctx: Ctx<'a>, argv: super::string::Argv<'_>, i: usize, mode: Mode) -> Self {
        // SAFETY: arguments are valid strings.
        unsafe { Self::open_raw(ctx, argv.raw(i), mode) }
    }

    pub(crate) fn holds(&self) -> Holds {
        // SAFETY: the server takes a null key for an absent one.
        match unsafe { api!(RedisModule_KeyType(self.raw)) } as isize {
            raw::REDISMODULE_KEYTYPE_EMPTY => Holds::Nothing,
            raw::REDISMODULE_KEYTYPE_STRING => Holds::String,
            raw::REDISMODULE_KEYTYPE_MODULE => Holds::Native,
            _ => Holds::Other,
        }
    }

    /// The bytes of a string value.
    pub(crate) fn string(&self) -> Option<&[u8]> {
        if self.holds() != Holds::String {
            return None;
        }
        let mut len = 0;
        // SAFETY: the key is open and holds a string. The bytes are valid until it is closed or a command is called
        // (invariant 3), and `&self` is borrowed for that time.
        unsafe {
            let start = api!(RedisModule_StringDMA(self.raw, &raw mut len, raw::REDISMODULE_READ as c_int));
            if start.is_null() || len == 0 {
                return Some(&[]);
            }
            Some(std::slice::from_raw_parts(start.cast::<c_char>().cast::<u8>(), len))
        }
    }

    /// The length of a string value in bytes; 0 for an absent key. Does not read the value.
    pub(crate) fn len(&self) -> usize {
        // SAFETY: the server takes a null key for an absent one.
        unsafe { api!(RedisModule_ValueLength(self.raw)) }
    }

    /// When the key expires, in Unix milliseconds; `None` without a time to live.
    pub(crate) fn expires_at(&self) -> Option<u64> {
        if self.raw.is_null() {
            return None;
        }
        // SAFETY: the key is open.
        u64::try_from(unsafe { api!(RedisModule_GetAbsExpire(self.raw)) }).ok()
    }

    /// Sets when the key expires, in Unix milliseconds. The key must be open for writing and exist.
    pub(crate) fn expire_at(&self, at: u64) {
        // SAFETY: the key is open for writing.
        unsafe { api!(RedisModule_SetAbsExpire(self.raw, i64::try_from(at).unwrap_or(i64::MAX))) };
    }

    pub(crate) fn delete(&self) {
        // SAFETY: the key is open for writing.
        unsafe { api!(RedisModule_DeleteKey(self.raw)) };
    }

    /// The native value, if it has this type.
    pub(crate) fn native(&self, kind: *mut raw::RedisModuleType) -> Option<*mut c_void> {
        if self.holds() != Holds::Native {
            return None;
        }
        // SAFETY: the key is open and holds a native value.
        unsafe {
            (api!(RedisModule_ModuleTypeGetType(self.raw)) == kind)
                .then(|| api!(RedisModule_ModuleTypeGetValue(self.raw)))
        }
    }

    /// Stores a native value in the key and replaces the old value; `false` when the server refuses.
    ///
    /// # Safety
    /// `value` is valid for the callbacks of `kind`. If this returns true, the key owns it.
    pub(crate) unsafe fn set_native(&self, kind: *mut raw::RedisModuleType, value: *mut c_void) -> bool {
        // SAFETY: the key is open for writing; the value is valid by the contract.
        unsafe { api!(RedisModule_ModuleTypeSetValue(self.raw, kind, value)) == raw::REDISMODULE_OK as c_int }
    }
}

impl Drop for Key<'_> {
    fn drop(&mut self) {
        if !self.raw.is_null() {
            // SAFETY: opened in `open_raw`, closed once.
            unsafe { api!(RedisModule_CloseKey(self.raw)) }
        }
    }
}
