//! Tests of the byte form: of every change, and of changes that do not fit.

mod changes;
mod codec;
mod crafted;
