//! Strings of the server.

use std::ffi::{c_char, c_int};
use std::marker::PhantomData;
use std::ptr;

use redis_module::raw;

/// A string of the server that this module owns.
pub(crate) struct Text {
    raw: *mut raw::RedisModuleString,
}

impl Text {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        // SAFETY: a context is only needed for automatic memory management; the server copies the bytes.
        let raw =
            unsafe { api!(RedisModule_CreateString(ptr::null_mut(), bytes.as_ptr().cast::<c_char>(), bytes.len())) };
        Self { raw }
    }

    pub(crate) fn as_ptr(&self) -> *mut raw::RedisModuleString {
        self.raw
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        // SAFETY: created in `new`, valid as long as self, and never modified.
        unsafe { bytes(self.raw) }
    }

    /// Transfers the ownership of the string to the caller.
    pub(crate) fn into_raw(self) -> *mut raw::RedisModuleString {
        let raw = self.raw;
        std::mem::forget(self);
        raw
    }
}

impl Drop for Text {
    fn drop(&mut self) {
        // SAFETY: created in `new`, freed once.
        unsafe { api!(RedisModule_FreeString(ptr::null_mut(), self.raw)) }
    }
}

/// The bytes of a string.
///
/// # Safety
/// `string` is valid and not modified for `'a`.
pub(crate) unsafe fn bytes<'a>(string: *const raw::RedisModuleString) -> &'a [u8] {
    let mut len = 0;
    // SAFETY: by the contract. The server returns a pointer to `len` bytes, never null for a valid string.
    unsafe {
        let start = api!(RedisModule_StringPtrLen(string, &raw mut len));
        std::slice::from_raw_parts(start.cast::<u8>(), len)
    }
}

/// The arguments of a command. The first one is the name of the command.
#[derive(Clone, Copy)]
pub(crate) struct Argv<'a> {
    argv: *mut *mut raw::RedisModuleString,
    argc: usize,
    _command: PhantomData<&'a [u8]>,
}

impl<'a> Argv<'a> {
    /// # Safety
    /// `argv` points to `argc` strings that are valid for `'a`.
    pub(crate) unsafe fn new(argv: *mut *mut raw::RedisModuleString, argc: c_int) -> Self {
        Self { argv, argc: usize::try_from(argc).unwrap_or(0), _command: PhantomData }
    }

    pub(crate) fn len(&self) -> usize {
        self.argc
    }

    /// Argument `i` as a string of the server.
    pub(crate) fn raw(&self, i: usize) -> *mut raw::RedisModuleString {
        assert!(i < self.argc, "argument {i} of {}", self.argc);
        // SAFETY: `i` is in range, by the contract of `new`.
        unsafe { *self.argv.add(i) }
    }

    pub(crate) fn bytes(&self, i: usize) -> &'a [u8] {
        // SAFETY: arguments are valid for 'a and not modified (invariant 3 of this folder).
        unsafe { bytes(self.raw(i)) }
    }

    /// The length of all arguments together.
    pub(crate) fn bytes_of_all(&self) -> usize {
        (0..self.argc).map(|i| self.bytes(i).len()).sum()
    }

    /// The arguments from `first` on.
    pub(crate) fn words(&self, first: usize) -> Vec<&'a [u8]> {
        (first..self.argc).map(|i| self.bytes(i)).collect()
    }

    /// Lends the arguments from `first` on to `work`. Up to 16 are passed without an allocation, which would cost as
    /// much as reading them.
    pub(crate) fn with_words<T>(&self, first: usize, work: impl FnOnce(&[&'a [u8]]) -> T) -> T {
        const FEW: usize = 16;
        let count = self.argc.saturating_sub(first);
        if count > FEW {
            return work(&self.words(first));
        }
        let mut few: [&[u8]; FEW] = [b""; FEW];
        few[..count].iter_mut().zip(first..).for_each(|(word, i)| *word = self.bytes(i));
        work(&few[..count])
    }
}
