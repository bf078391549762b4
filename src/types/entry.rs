//! The native type `assessent`: entries of the cache that have tags or are compressed. Its callbacks are in `callbacks`.
//!
//! SAFETY arguments rest on those of `types::model`.

pub(crate) mod callbacks;

use std::cell::Cell;
use std::ffi::c_void;

use assess_engine::cache::entry::Entry;

use super::kind::Kind;
use crate::ffi::key::Key;

thread_local! {
    static KIND: Kind = const { Kind::new() };
    /// Whether an entry was read from a file since the last call of [`take_loaded`].
    static LOADED: Cell<bool> = const { Cell::new(false) };
}

/// The entry that a key holds, if it holds one.
#[inline]
pub(crate) fn find<'k>(key: &'k Key<'_>) -> Option<&'k Entry> {
    // SAFETY: a value of our type, made by `into_raw`; entries are never changed in place.
    key.native(KIND.with(Kind::get)).map(|value| unsafe { &*value.cast::<Entry>() })
}

/// Makes a key, open for writing, hold an entry, without a time to live.
pub(crate) fn set(key: &Key<'_>, entry: Entry) -> bool {
    let value = into_raw(entry);
    // SAFETY: made for this type just now.
    let set = unsafe { key.set_native(KIND.with(Kind::get), value) };
    if !set {
        // SAFETY: the key did not take it.
        drop(unsafe { Box::from_raw(value.cast::<Entry>()) });
    }
    set
}

/// Whether an entry has been read from a file since the last time this was asked: the server tells of the key right after.
pub(crate) fn take_loaded() -> bool {
    LOADED.take()
}

fn into_raw(entry: Entry) -> *mut c_void {
    Box::into_raw(Box::new(entry)).cast::<c_void>()
}
