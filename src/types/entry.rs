//! The native type `assessent`: cache entries that have tags or are compressed. Its callbacks are in `callbacks`.
//!
//! The SAFETY comments use the invariants of `types::model`.

pub(crate) mod callbacks;

use std::cell::Cell;
use std::ffi::c_void;

use assess_engine::cache::entry::Entry;

use super::kind::Kind;
use crate::ffi::key::Key;

thread_local! {
    static KIND: Kind = const { Kind::new() };
    /// Whether an entry was loaded from an RDB file since the last call of [`take_loaded`].
    static LOADED: Cell<bool> = const { Cell::new(false) };
}

/// The entry of a key; `None` when the key holds something else or nothing.
#[inline]
pub(crate) fn find<'k>(key: &'k Key<'_>) -> Option<&'k Entry> {
    // SAFETY: the value has our type, so `into_raw` made it; entries are never changed in place.
    key.native(KIND.with(Kind::get)).map(|value| unsafe { &*value.cast::<Entry>() })
}

/// Stores an entry in a key that is open for writing, without a time to live; `false` when the server refuses.
pub(crate) fn set(key: &Key<'_>, entry: Entry) -> bool {
    let value = into_raw(entry);
    // SAFETY: `into_raw` made the value for this type.
    let set = unsafe { key.set_native(KIND.with(Kind::get), value) };
    if !set {
        // SAFETY: the key did not take the value, so it is still owned here.
        drop(unsafe { Box::from_raw(value.cast::<Entry>()) });
    }
    set
}

/// Whether an entry was loaded from an RDB file since the last call. The server reports the key directly after its
/// value.
pub(crate) fn take_loaded() -> bool {
    LOADED.take()
}

fn into_raw(entry: Entry) -> *mut c_void {
    Box::into_raw(Box::new(entry)).cast::<c_void>()
}
