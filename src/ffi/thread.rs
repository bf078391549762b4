//! What the standard library does not say of threads.

/// How much workers give way to everybody else: the most there is, since a load may wait and a client may not.
const NICENESS: libc::c_int = 19;

/// Lowers the priority of the calling thread.
pub(crate) fn give_way() {
    // SAFETY: takes numbers; on Linux, who 0 is the calling thread, not the process. A refusal changes nothing.
    unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, NICENESS) };
}
