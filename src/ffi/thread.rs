//! Properties of threads that the standard library does not provide: priority, system call filters, the main thread.

use assess_engine::Progress;

/// A priority below that of the main thread, as a nice value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Priority {
    /// For threads that allocate all the time. Linux stops them when the main thread wakes up, yet they get a share of
    /// every processor, so the locks of the allocator, which the main thread takes too, are not held for long.
    Reduced = 10,
    /// For computations: they may wait, and a client must not.
    Lowest = 19,
}

/// The time slice of threads at a lower priority, in nanoseconds: a little longer than usual ones.
///
/// Since its scheduler is EEVDF (6.6), Linux lets a thread finish its slice before a thread that wakes up gets the
/// processor, whatever their nice values, unless the slice of the other one is shorter. Threads have slices of about 3 ms;
/// the main thread, and clients on the same machine, would wait for as long. Linux ignores the request before 6.12. Up to
/// 6.16 a thread that is ready, but did not just wake up, waits for the end of the slice: so it is not much longer.
const SLICE_NS: u64 = 5_000_000;

/// Gives the calling thread a lower priority, permanently, because raising it again needs a privilege. `SCHED_BATCH`
/// means that it never interrupts another thread when it wakes up.
///
/// Under a system call filter, a forbidden call may terminate the whole process; the service units of the Debian
/// packages do so for `sched_setattr` and `setpriority`. With a filter the thread therefore keeps its priority, and
/// yields the processor each time its work checks its progress.
pub(crate) fn lower_priority(to: Priority) {
    if calls_are_filtered() {
        Progress::yield_on_this_thread();
        return;
    }
    let mut attributes = libc::sched_attr {
        size: size_of::<libc::sched_attr>() as u32,
        sched_policy: libc::SCHED_BATCH as u32,
        sched_flags: 0,
        sched_nice: to as i32,
        sched_priority: 0,
        sched_runtime: SLICE_NS,
        sched_deadline: 0,
        sched_period: 0,
    };
    // SAFETY: the kernel reads `size` bytes of the attributes, and writes at most `size` itself; they outlive the call. 0 is
    // the calling thread.
    let refused = unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw mut attributes, 0) } != 0;
    if refused {
        // SAFETY: the arguments are numbers. On Linux, 0 is the calling thread, not the process. A refusal has no effect.
        unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, to as libc::c_int) };
    }
}

/// Whether a system call filter (seccomp) may be in force for the calling thread. It is read for each thread, because
/// filters belong to threads; this takes 12 us. `prctl` would report it too, but may be filtered itself.
fn calls_are_filtered() -> bool {
    std::fs::read_to_string("/proc/thread-self/status").map_or(true, |status| has_filter(&status))
}

/// Whether the text of `/proc/PID/status` reports a filter. Every mode but 0 counts as a filter. A kernel without
/// seccomp has no such line and no filters.
fn has_filter(status: &str) -> bool {
    status.lines().find_map(|line| line.strip_prefix("Seccomp:")).is_some_and(|mode| mode.trim() != "0")
}

/// Whether this is the main thread, which serves clients.
pub(crate) fn is_main() -> bool {
    // SAFETY: both calls take no arguments and cannot fail. On Linux the first thread of a process has the process id.
    unsafe { libc::syscall(libc::SYS_gettid) == libc::c_long::from(libc::getpid()) }
}

#[cfg(test)]
mod tests {
    use super::has_filter;

    #[test]
    fn a_filter_is_in_force_unless_the_mode_is_zero_or_missing() {
        assert!(!has_filter("NoNewPrivs:\t0\nSeccomp:\t0\nSeccomp_filters:\t0\n"));
        assert!(!has_filter("Name:\tredis-server\nThreads:\t5\n"), "a kernel without seccomp");
        for mode in ["1", "2", "3", ""] {
            assert!(has_filter(&format!("NoNewPrivs:\t1\nSeccomp:\t{mode}\nSeccomp_filters:\t1\n")), "{mode}");
        }
    }
}
