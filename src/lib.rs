//! Only the rooms of this branch: the wiring comes with the commands.
#![expect(dead_code, reason = "nothing calls the table yet")]

mod ffi;
mod spec;
