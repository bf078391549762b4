//! A scan of all keys of a database, in steps.

use std::ffi::c_void;
use std::marker::PhantomData;
use std::ptr;

use redis_module::raw;

use super::ctx::Ctx;
use super::string;
use crate::ffi::guard;

/// The position of a scan. As with SCAN, a key that exists during the whole scan is visited at least once.
pub(crate) struct Scan {
    cursor: *mut raw::RedisModuleScanCursor,
    /// A cursor belongs to the main thread.
    _main_thread: PhantomData<*mut ()>,
}

/// Receives the name of a key. It must not call the server.
type Visit<'v> = &'v mut dyn FnMut(&[u8]);

impl Scan {
    pub(crate) fn new() -> Self {
        // SAFETY: the function takes no arguments; the cursor is destroyed in `drop`.
        Self { cursor: unsafe { api!(RedisModule_ScanCursorCreate()) }, _main_thread: PhantomData }
    }

    /// Visits the names in the next bucket of the selected database. Returns whether there are more buckets.
    pub(crate) fn step(&mut self, ctx: Ctx<'_>, mut visit: Visit<'_>) -> bool {
        let data = (&raw mut visit).cast::<c_void>();
        // SAFETY: context and cursor are valid; the data have the type that `on_key` expects and are valid during the
        // call.
        unsafe { api!(RedisModule_Scan(ctx.as_ptr(), self.cursor, Some(on_key), data)) != 0 }
    }
}

impl Drop for Scan {
    fn drop(&mut self) {
        // SAFETY: created in `new`, destroyed once.
        unsafe { api!(RedisModule_ScanCursorDestroy(self.cursor)) }
        self.cursor = ptr::null_mut();
    }
}

unsafe extern "C" fn on_key(
    _: *mut raw::RedisModuleCtx,
    name: *mut raw::RedisModuleString,
    _: *mut raw::RedisModuleKey,
    data: *mut c_void,
) {
    guard::or("a scan of the keyspace", (), || {
        // SAFETY: `data` is the visitor that `step` lends exclusively; the name is valid during the call.
        let (visit, name) = unsafe { (&mut *data.cast::<Visit<'_>>(), string::bytes(name)) };
        visit(name);
    });
}
