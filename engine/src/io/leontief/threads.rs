//! The number of threads of a derivation: those of the rayon pool in which it is called, or one outside of a pool.
//!
//! The engine does not start threads. To run a derivation in parallel, call it inside `ThreadPool::install`; called
//! directly, it runs on the calling thread only. Work is divided into a few large parts that do not wait for each
//! other, so that a slow thread does not delay the others; only the sweeps over rows take blocks in order. Dense kernels inside a part are sequential.

/// The number of available threads.
pub(crate) fn count() -> usize {
    if rayon::current_thread_index().is_some() { rayon::current_num_threads() } else { 1 }
}

#[cfg(test)]
pub(crate) mod tests {
    /// Runs on this thread, or in a pool of several threads.
    pub(crate) fn on_threads<T: Send>(threads: usize, run: impl FnOnce() -> T + Send) -> T {
        if threads == 1 {
            return run();
        }
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(run)
    }
}
