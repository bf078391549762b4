//! A native type, as the server knows it once the module is loaded.

use std::ffi::{CStr, c_int};
use std::ptr::{self, NonNull};

use once_cell::unsync::OnceCell;
use redis_module::raw;

use crate::ffi::ctx::Ctx;

/// What the server gave for a type. It is made once, while the module is loaded, and making it can fail. Main thread, and
/// a forked child's only one.
pub(super) struct Kind(OnceCell<NonNull<raw::RedisModuleType>>);

impl Kind {
    pub(super) const fn new() -> Self {
        Self(OnceCell::new())
    }

    /// Has the server know the type; does nothing when it does.
    ///
    /// # Safety
    /// `ctx` is the context of loading, and every callback of `methods` keeps to what the server asks of it.
    pub(super) unsafe fn register(
        &self,
        ctx: Ctx<'_>,
        name: &CStr,
        encoding: c_int,
        methods: &mut raw::RedisModuleTypeMethods,
    ) -> Result<(), String> {
        self.0.get_or_try_init(|| {
            // SAFETY: by the contract of this function; name and methods are valid during the call, which copies them.
            let kind = unsafe {
                let create = raw::RedisModule_CreateDataType.ok_or("the server lacks native types")?;
                create(ctx.as_ptr(), name.as_ptr(), encoding, methods)
            };
            NonNull::new(kind).ok_or_else(|| format!("another module owns the type {}", name.to_string_lossy()))
        })?;
        Ok(())
    }

    /// For the server; null before [`Self::register`], which no value has.
    #[inline]
    pub(super) fn get(&self) -> *mut raw::RedisModuleType {
        self.0.get().map_or(ptr::null_mut(), |kind| kind.as_ptr())
    }
}
