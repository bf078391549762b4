//! Reading tables: real layouts, what is refused and where, and what every layout has in common.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod reference;

#[path = "formats/bad_input.rs"]
mod bad_input;
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
