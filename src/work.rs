//! Work outside commands: the pool of worker threads, jobs on the main thread, memory budgets.
//!
//! This folder does not depend on `models`, `assessments` or `cache`; these folders submit the work.

pub(crate) mod discard;
pub(crate) mod main_loop;
pub(crate) mod memory;
pub(crate) mod pool;
mod turns;
