//! Cached assessments: the names they are kept under, and which of them there are.
//!
//! Pure state over abstract stamps: nothing here asks for the time or for a server.

pub mod index;
pub mod name;
pub mod pattern;
pub mod tier;
