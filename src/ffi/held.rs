//! Arguments that are kept after their command has ended.

use std::ffi::c_void;

use redis_module::raw;

use super::ctx::Ctx;
use super::string::{Argv, bytes};
use super::{event_loop, guard};

/// An argument that is kept after its command without a copy. Any thread may read it.
pub(crate) struct HeldBytes {
    raw: *mut raw::RedisModuleString,
    start: *const u8,
    len: usize,
}

// SAFETY: the bytes are not modified while they are held, so any thread may read them. Only the main thread changes the
// reference count: in `hold`, and in the callback that `drop` requests.
unsafe impl Send for HeldBytes {}

impl HeldBytes {
    pub(crate) fn hold(ctx: Ctx<'_>, argv: Argv<'_>, i: usize) -> Self {
        // SAFETY: the argument is valid; HoldString keeps it, or a copy of it, valid until it is freed.
        let raw = unsafe { api!(RedisModule_HoldString(ctx.as_ptr(), argv.raw(i))) };
        // SAFETY: `raw` is valid until `drop`.
        let held: &[u8] = unsafe { bytes(raw) };
        Self { raw, start: held.as_ptr(), len: held.len() }
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        // SAFETY: the bytes are valid until `drop`.
        unsafe { std::slice::from_raw_parts(self.start, self.len) }
    }
}

impl Drop for HeldBytes {
    /// Releases the reference on the main thread (invariant 2). Any thread may drop this.
    fn drop(&mut self) {
        // SAFETY: the server allows this on any thread and calls `on_free` once, on its main thread.
        unsafe { api!(RedisModule_EventLoopAddOneShot(Some(on_free), self.raw.cast::<c_void>())) };
    }
}

extern "C" fn on_free(string: *mut c_void) {
    // A large argument takes milliseconds to free: the time is that of a slice.
    guard::or("freeing an argument", (), || {
        event_loop::slice(|| {
            // SAFETY: held once by `hold`, freed once here, on the main thread.
            unsafe { api!(RedisModule_FreeString(std::ptr::null_mut(), string.cast::<raw::RedisModuleString>())) }
        });
    });
}
