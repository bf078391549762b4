//! The byte form of a forest.
#[derive(Debug)]
pub(in super::super) struct Decoder;
