//! How many threads a derivation uses: those of the rayon pool in which it is called, one outside of any.
//!
//! The engine starts no threads. Whoever wants a derivation spread calls it inside `ThreadPool::install`; a worker that
//! just calls it does all the work itself. Work is cut into few large pieces that do not wait for each other, so that a
//! thread that gets little of a busy machine holds up nobody; dense kernels inside a piece are sequential.

/// Threads at hand.
pub(crate) fn count() -> usize {
    if rayon::current_thread_index().is_some() { rayon::current_num_threads() } else { 1 }
}
