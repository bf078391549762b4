//! Rules of origin: worked cases, real rule sets over every code, properties, and refused input.
//!
//! Reads `roo` and `hs` below `../shared/data` or `ASSESS_DATA`; where they are absent, tests are reported as skipped.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod reference;
mod rules_of_origin;
