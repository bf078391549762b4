//! The native type `assessmdl`: reads models from keys and stores them. Its callbacks are in `callbacks`.
//!
//! The SAFETY comments here use the invariants of `ffi` and two more. A value pointer that a callback receives was made
//! by [`into_raw`]. Values are created, changed and removed from the keyspace on the main thread. There are two
//! exceptions: a save runs in a forked child, which has its own copy and takes no lock; and `free` may run on the
//! server's lazy-free thread, because values are `Send`.

pub(crate) mod callbacks;

use std::ffi::c_void;

use super::kind::Kind;
use super::value::{Loaded, Value};
use crate::error::{Failure, Outcome};
use crate::ffi::ctx::Ctx;
use crate::ffi::key::{Holds, Key, Mode};
use crate::ffi::string::Argv;

thread_local! {
    static KIND: Kind = const { Kind::new() };
}

/// What a key holds, from the view of this type.
pub(crate) enum Found<'k> {
    Nothing,
    Ours(&'k Value),
    /// A value of another type.
    Foreign,
}

/// The value of a key.
pub(crate) fn find<'k>(key: &'k Key<'_>) -> Found<'k> {
    match key.holds() {
        Holds::Nothing => Found::Nothing,
        Holds::Native => match key.native(KIND.with(Kind::get)) {
            // SAFETY: the value has our type, so `into_raw` made it. It is not changed while `key` is borrowed: a
            // change opens the key itself (`find_mut`), and our callbacks keep no references.
            Some(value) => Found::Ours(unsafe { &*value.cast::<Value>() }),
            None => Found::Foreign,
        },
        Holds::String | Holds::Other => Found::Foreign,
    }
}

/// Whether a key of the selected database holds a model.
pub(crate) fn is_one(ctx: Ctx<'_>, name: &[u8]) -> bool {
    matches!(find(&Key::open(ctx, name, Mode::Peek)), Found::Ours(Value::Model(_)))
}

/// The value of a key that is open for writing, for a change in place.
pub(crate) fn find_mut<'k>(key: &'k mut Key<'_>) -> Option<&'k mut Value> {
    // SAFETY: as in `find`. The key is borrowed mutably, and only the main thread accesses values.
    key.native(KIND.with(Kind::get)).map(|value| unsafe { &mut *value.cast::<Value>() })
}

/// Opens a key and calls `work` with its model.
pub(crate) fn with_loaded<T>(
    ctx: Ctx<'_>,
    name: Name<'_>,
    mode: Mode,
    work: impl FnOnce(&Loaded) -> Outcome<T>,
) -> Outcome<T> {
    let key = match name {
        Name::Argument(argv, i) => Key::open_arg(ctx, argv, i, mode),
        Name::Bytes(name) => Key::open(ctx, name, mode),
    };
    match find(&key) {
        Found::Ours(Value::Model(loaded)) => work(loaded),
        Found::Ours(Value::Staging(_)) | Found::Nothing => Err(Failure::no_model()),
        Found::Foreign => Err(Failure::wrong_type()),
    }
}

/// The name of a key: an argument of the command, which is not copied, or bytes.
#[derive(Clone, Copy)]
pub(crate) enum Name<'a> {
    Argument(Argv<'a>, usize),
    Bytes(&'a [u8]),
}

/// Stores a value in a key that is open for writing; `false` when the server refuses.
pub(crate) fn set(key: &Key<'_>, value: Value) -> bool {
    let value = into_raw(value);
    // SAFETY: `into_raw` made the value for this type.
    let set = unsafe { key.set_native(KIND.with(Kind::get), value) };
    if !set {
        // SAFETY: the key did not take the value, so it is still owned here.
        drop(unsafe { Box::from_raw(value.cast::<Value>()) });
    }
    set
}

fn into_raw(value: Value) -> *mut c_void {
    Box::into_raw(Box::new(value)).cast::<c_void>()
}
