//! The native type `assessmdl`: finding models in keys and putting them there. Its callbacks are in `callbacks`.
//!
//! SAFETY arguments here rest on two facts, beside those of `ffi`: a value pointer given to a callback is one that
//! [`into_raw`] made, and it is on the main thread that values are created, changed and taken out of the keyspace. The
//! exceptions are named: a save runs in a forked child (which has its own copy and takes no lock), and `free` may run
//! on the server's lazy-free thread (values are `Send`).

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

/// A key that may hold one of our values.
pub(crate) enum Found<'k> {
    Nothing,
    Ours(&'k Value),
    /// Something else.
    Foreign,
}

/// What a key holds.
pub(crate) fn find<'k>(key: &'k Key<'_>) -> Found<'k> {
    match key.holds() {
        Holds::Nothing => Found::Nothing,
        Holds::Native => match key.native(KIND.with(Kind::get)) {
            // SAFETY: a value of our type, made by `into_raw`; it is not changed while `key` is borrowed, because
            // whoever changes one opens the key itself (`find_mut`) and no callback of ours keeps references.
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

/// The value of a key that is open for writing, to be changed in place.
pub(crate) fn find_mut<'k>(key: &'k mut Key<'_>) -> Option<&'k mut Value> {
    // SAFETY: as in `find`; the key is borrowed mutably, and the main thread is the only one that has values.
    key.native(KIND.with(Kind::get)).map(|value| unsafe { &mut *value.cast::<Value>() })
}

/// Opens an argument's key and hands over the model in it.
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

/// A key's name, either as an argument of the command, which need not be copied, or as bytes.
#[derive(Clone, Copy)]
pub(crate) enum Name<'a> {
    Argument(Argv<'a>, usize),
    Bytes(&'a [u8]),
}

/// Makes a key, open for writing, hold a value.
pub(crate) fn set(key: &Key<'_>, value: Value) -> bool {
    let value = into_raw(value);
    // SAFETY: made for this type just now.
    let set = unsafe { key.set_native(KIND.with(Kind::get), value) };
    if !set {
        // SAFETY: the key did not take it.
        drop(unsafe { Box::from_raw(value.cast::<Value>()) });
    }
    set
}

fn into_raw(value: Value) -> *mut c_void {
    Box::into_raw(Box::new(value)).cast::<c_void>()
}
