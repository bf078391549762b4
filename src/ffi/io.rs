//! Access to RDB files, append-only files and digests inside the callbacks of a native type.

use std::ffi::{CStr, c_char};
use std::marker::PhantomData;

use redis_module::raw;

use super::string::{self, Text};

/// An RDB file being written.
pub(crate) struct Saver<'a> {
    raw: *mut raw::RedisModuleIO,
    _callback: PhantomData<&'a ()>,
}

/// An RDB file being read. Every read may fail: the file may be short, damaged or crafted.
pub(crate) struct Loader<'a> {
    raw: *mut raw::RedisModuleIO,
    _callback: PhantomData<&'a ()>,
}

/// The longest string that is saved, in bytes. The server tries to compress each string in a buffer of the same size,
/// so longer ones are split.
const PIECE: usize = 1 << 20;

/// A read failed. The server has recorded the error and handles it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Damaged;

impl Saver<'_> {
    /// # Safety
    /// `raw` is the handle of a save callback that does not return before `'_` ends.
    pub(crate) unsafe fn new(raw: *mut raw::RedisModuleIO) -> Self {
        Self { raw, _callback: PhantomData }
    }

    pub(crate) fn number(&mut self, number: u64) {
        // SAFETY: valid by the contract of `new`.
        unsafe { api!(RedisModule_SaveUnsigned(self.raw, number)) }
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        // SAFETY: as above; the bytes are read during the call.
        unsafe { api!(RedisModule_SaveStringBuffer(self.raw, bytes.as_ptr().cast::<c_char>(), bytes.len())) }
    }

    /// Saves a string of any length in pieces.
    pub(crate) fn long(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        bytes.chunks(PIECE).for_each(|piece| self.bytes(piece));
    }
}

impl Loader<'_> {
    /// # Safety
    /// `raw` is the handle of a load callback that does not return before `'_` ends.
    pub(crate) unsafe fn new(raw: *mut raw::RedisModuleIO) -> Self {
        Self { raw, _callback: PhantomData }
    }

    pub(crate) fn number(&mut self) -> Result<u64, Damaged> {
        // SAFETY: valid by the contract of `new`.
        let number = unsafe { api!(RedisModule_LoadUnsigned(self.raw)) };
        self.checked(number)
    }

    /// Reads a string and lends it to `take`. The server fails the read when it cannot allocate the length.
    pub(crate) fn bytes<T>(&mut self, take: impl FnOnce(&[u8]) -> T) -> Result<T, Damaged> {
        let mut len = 0;
        // SAFETY: valid by the contract of `new`. The buffer belongs to the caller, has `len` bytes, and is freed here.
        unsafe {
            let start = api!(RedisModule_LoadStringBuffer(self.raw, &raw mut len));
            if start.is_null() {
                return Err(Damaged);
            }
            let _buffer = Buffer(start);
            self.checked(())?;
            Ok(take(std::slice::from_raw_parts(start.cast::<u8>(), len)))
        }
    }

    /// Reads what [`Saver::long`] saved. The length is not trusted: memory grows only with the bytes that are really in
    /// the file.
    pub(crate) fn long(&mut self) -> Result<Vec<u8>, Damaged> {
        let length = self.number()?;
        let mut whole = Vec::new();
        while (whole.len() as u64) < length {
            let before = whole.len();
            self.bytes(|piece| whole.extend_from_slice(piece))?;
            if whole.len() == before {
                return Err(Damaged);
            }
        }
        if whole.len() as u64 == length { Ok(whole) } else { Err(Damaged) }
    }

    /// Database and name of the key that is loaded; `None` when the server does not report them.
    pub(crate) fn key(&self) -> Option<(i32, Vec<u8>)> {
        // SAFETY: valid by the contract of `new`; the name is copied immediately.
        unsafe {
            let name = api!(RedisModule_GetKeyNameFromIO(self.raw));
            (!name.is_null()).then(|| (api!(RedisModule_GetDbIdFromIO(self.raw)), string::bytes(name).to_vec()))
        }
    }

    fn checked<T>(&self, value: T) -> Result<T, Damaged> {
        // SAFETY: valid by the contract of `new`.
        if unsafe { api!(RedisModule_IsIOError(self.raw)) } == 0 { Ok(value) } else { Err(Damaged) }
    }
}

/// A buffer of the server's allocator, freed when it is dropped.
struct Buffer(*mut c_char);

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: LoadStringBuffer transfers the ownership of the buffer.
        unsafe { api!(RedisModule_Free(self.0.cast())) }
    }
}

/// An append-only file being rewritten.
pub(crate) struct Rewriter<'a> {
    raw: *mut raw::RedisModuleIO,
    _callback: PhantomData<&'a ()>,
}

impl Rewriter<'_> {
    /// # Safety
    /// `raw` is the handle of an aof_rewrite callback that does not return before `'_` ends.
    pub(crate) unsafe fn new(raw: *mut raw::RedisModuleIO) -> Self {
        Self { raw, _callback: PhantomData }
    }

    pub(crate) fn command(&mut self, command: &CStr, args: &[&[u8]]) {
        let texts: Vec<Text> = args.iter().map(|arg| Text::new(arg)).collect();
        let argv: Vec<_> = texts.iter().map(Text::as_ptr).collect();
        // SAFETY: format `v` takes a pointer to strings and their number, valid during the call.
        unsafe { api!(RedisModule_EmitAOF(self.raw, command.as_ptr(), c"v".as_ptr(), argv.as_ptr(), argv.len())) }
    }
}

/// A digest being computed (`DEBUG DIGEST`).
pub(crate) struct Digest(*mut raw::RedisModuleDigest);

impl Digest {
    /// # Safety
    /// `raw` is the handle of a digest callback that does not return before this is dropped.
    pub(crate) unsafe fn new(raw: *mut raw::RedisModuleDigest) -> Self {
        Self(raw)
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        // SAFETY: valid by the contract of `new`.
        unsafe { api!(RedisModule_DigestAddStringBuffer(self.0, bytes.as_ptr().cast::<c_char>(), bytes.len())) }
    }

    pub(crate) fn end(self) {
        // SAFETY: valid by the contract of `new`.
        unsafe { api!(RedisModule_DigestEndSequence(self.0)) }
    }
}

/// The key of a value that is copied, unlinked or measured, as the newer callbacks of a native type receive it.
pub(crate) struct Place<'a> {
    raw: *mut raw::RedisModuleKeyOptCtx,
    _callback: PhantomData<&'a ()>,
}

impl Place<'_> {
    /// # Safety
    /// `raw` is the handle of a callback that does not return before `'_` ends.
    pub(crate) unsafe fn new(raw: *mut raw::RedisModuleKeyOptCtx) -> Self {
        Self { raw, _callback: PhantomData }
    }

    /// Database and name of the key.
    pub(crate) fn key(&self) -> (i32, Vec<u8>) {
        // SAFETY: valid by the contract of `new`; the name is copied immediately.
        unsafe {
            let name = api!(RedisModule_GetKeyNameFromOptCtx(self.raw));
            let bytes = if name.is_null() { Vec::new() } else { string::bytes(name).to_vec() };
            (api!(RedisModule_GetDbIdFromOptCtx(self.raw)), bytes)
        }
    }

    /// Database and name of the target key of a copy.
    pub(crate) fn target(&self) -> (i32, Vec<u8>) {
        // SAFETY: as above.
        unsafe {
            let name = api!(RedisModule_GetToKeyNameFromOptCtx(self.raw));
            let bytes = if name.is_null() { Vec::new() } else { string::bytes(name).to_vec() };
            (api!(RedisModule_GetToDbIdFromOptCtx(self.raw)), bytes)
        }
    }
}
