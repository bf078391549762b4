//! What the standard library does not say of threads.

/// How much computing gives way to everybody else: the most there is, since a load may wait and a client may not.
const NICENESS: libc::c_int = 19;

/// Lowers the priority of the calling thread, for good: raising it again takes a privilege.
pub(crate) fn give_way() {
    // SAFETY: takes numbers; on Linux, 0 is the calling thread, not the process. A refusal changes nothing.
    unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, NICENESS) };
}

/// Whether this is the thread that serves clients.
pub(crate) fn is_main() -> bool {
    // SAFETY: both take nothing and cannot fail; on Linux, a process's first thread has its number.
    unsafe { libc::syscall(libc::SYS_gettid) == libc::c_long::from(libc::getpid()) }
}
