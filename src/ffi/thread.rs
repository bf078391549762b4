//! What the standard library does not say of threads.

use assess_engine::Progress;

/// How much computing gives way to everybody else: the most there is, since a load may wait and a client may not.
const NICENESS: libc::c_int = 19;

/// Lets everybody else run before the calling thread, for good: raising its priority again takes a privilege.
///
/// Where a filter of system calls is in force, one of them may end the whole process, and the units of Debian's packages
/// choose that for `setpriority`. There the thread keeps its priority, and offers the processor to others each time its
/// work checks its progress.
pub(crate) fn lower_priority() {
    if calls_are_filtered() {
        Progress::yield_on_this_thread();
        return;
    }
    // SAFETY: takes numbers; on Linux, 0 is the calling thread, not the process. A refusal changes nothing.
    unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, NICENESS) };
}

/// Whether a filter of system calls (seccomp) may be in force for the calling thread. Looked up for each thread, since
/// filters belong to threads: 12 us beside the start of a thread. `prctl` would say it too, but may be filtered itself.
fn calls_are_filtered() -> bool {
    std::fs::read_to_string("/proc/thread-self/status").map_or(true, |status| has_filter(&status))
}

/// What the text of `/proc/PID/status` says. Anything but "none" counts as a filter; a kernel built without seccomp has
/// no such line, and no filters.
fn has_filter(status: &str) -> bool {
    status.lines().find_map(|line| line.strip_prefix("Seccomp:")).is_some_and(|mode| mode.trim() != "0")
}

/// Whether this is the thread that serves clients.
pub(crate) fn is_main() -> bool {
    // SAFETY: both take nothing and cannot fail; on Linux, a process's first thread has its number.
    unsafe { libc::syscall(libc::SYS_gettid) == libc::c_long::from(libc::getpid()) }
}

#[cfg(test)]
mod tests {
    use super::has_filter;

    #[test]
    fn a_filter_is_in_force_unless_the_status_says_none() {
        assert!(!has_filter("NoNewPrivs:\t0\nSeccomp:\t0\nSeccomp_filters:\t0\n"));
        assert!(!has_filter("Name:\tredis-server\nThreads:\t5\n"), "a kernel without seccomp");
        for mode in ["1", "2", "3", ""] {
            assert!(has_filter(&format!("NoNewPrivs:\t1\nSeccomp:\t{mode}\nSeccomp_filters:\t1\n")), "{mode}");
        }
    }
}
