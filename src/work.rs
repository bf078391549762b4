//! Work beside commands: the pool of worker threads, jobs for the main thread, memory budgets.
//!
//! Nothing here depends on models, assessments or cache entries; those rooms bring the work.

pub(crate) mod discard;
pub(crate) mod main_loop;
pub(crate) mod memory;
pub(crate) mod pool;
