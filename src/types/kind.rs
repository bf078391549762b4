//! The handle of a native type.

use std::ffi::{CStr, c_int};
use std::ptr::{self, NonNull};

use once_cell::unsync::OnceCell;
use redis_module::raw;

use crate::ffi::ctx::Ctx;

/// The server's handle of a native type. It is created once, while the module is loaded, and the creation can fail.
/// Used on the main thread, and on the only thread of a forked child.
pub(super) struct Kind(OnceCell<NonNull<raw::RedisModuleType>>);

impl Kind {
    pub(super) const fn new() -> Self {
        Self(OnceCell::new())
    }

    /// Registers the type with the server. Does nothing when it is registered already.
    ///
    /// # Safety
    /// `ctx` is the context of loading, and every callback of `methods` obeys the contract of the server.
    pub(super) unsafe fn register(
        &self,
        ctx: Ctx<'_>,
        name: &CStr,
        encoding: c_int,
        methods: &mut raw::RedisModuleTypeMethods,
    ) -> Result<(), String> {
        self.0.get_or_try_init(|| {
            // SAFETY: by the contract of this function. Name and methods are valid during the call, which copies them.
            let kind = unsafe {
                let create = raw::RedisModule_CreateDataType.ok_or("the server lacks native types")?;
                create(ctx.as_ptr(), name.as_ptr(), encoding, methods)
            };
            NonNull::new(kind).ok_or_else(|| format!("another module owns the type {}", name.to_string_lossy()))
        })?;
        Ok(())
    }

    /// The handle for calls of the server; null before [`Self::register`]. No value has a null type.
    #[inline]
    pub(super) fn get(&self) -> *mut raw::RedisModuleType {
        self.0.get().map_or(ptr::null_mut(), |kind| kind.as_ptr())
    }
}
