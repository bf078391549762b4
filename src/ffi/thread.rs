//! What the standard library does not say of threads.

use libc::{c_int, sched_param};

/// How much workers give way where the policy below is refused.
const NICENESS: c_int = 19;

/// Lowers the priority of the calling thread, as far as it goes: a load may wait and a client may not.
///
/// `SCHED_IDLE` rather than niceness alone, because the scheduler lets a thread of the lowest niceness finish its time
/// slice of some milliseconds before it wakes the server up, but takes the core from an idle one at once.
pub(crate) fn give_way() {
    let param = sched_param { sched_priority: 0 };
    // SAFETY: takes numbers and a valid parameter; on Linux, 0 is the calling thread, not the process. A refusal changes
    // nothing.
    unsafe {
        libc::setpriority(libc::PRIO_PROCESS, 0, NICENESS);
        libc::sched_setscheduler(0, libc::SCHED_IDLE, &raw const param);
    }
}

/// Whether this is the thread that serves clients.
pub(crate) fn is_main() -> bool {
    // SAFETY: both take nothing and cannot fail; on Linux, a process's first thread has its number.
    unsafe { libc::syscall(libc::SYS_gettid) == libc::c_long::from(libc::getpid()) }
}
