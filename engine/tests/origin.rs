//! Rules of origin: worked cases, real rule sets over every code, properties, and what must be refused.
//!
//! Reads `roo` and `hs` below `../shared/data` or `ASSESS_DATA`, and says so where they are absent.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod reference;
mod rules_of_origin;
