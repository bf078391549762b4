//! Reading tables: real layouts, refused input and its place, and the common behaviour of all layouts.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod reference;

#[path = "formats/bad_input.rs"]
mod bad_input;
#[path = "formats/demand.rs"]
mod demand;
#[path = "formats/golden.rs"]
mod golden;
#[path = "formats/layouts.rs"]
mod layouts;
#[path = "formats/package_accounts.rs"]
mod package_accounts;
#[path = "formats/package_sums.rs"]
mod package_sums;
#[path = "formats/packages.rs"]
mod packages;
#[path = "formats/reading.rs"]
mod reading;
#[path = "formats/sums.rs"]
mod sums;
