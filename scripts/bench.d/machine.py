"""The machine of a measurement: CPU clocks, cores, the load by other processes."""

import os
import platform
import time
from pathlib import Path


def process_cpu(pid: int) -> int:
    """CPU time of all threads of a process, including ended threads, in nanoseconds.

    Reads the clock of the other process, whose number is that of clock_getcpuclockid(3): exact, not in ticks.
    """
    return time.clock_gettime_ns((~pid << 3) | 2)


def main_thread_cpu(pid: int) -> int:
    """CPU time of the main thread of a process, in nanoseconds (exact to a tick while the thread runs)."""
    return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[0])


def main_thread_waited(pid: int) -> int:
    """Time that the main thread of a process could run but had no core to run on, in nanoseconds."""
    return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[1])


def cores() -> list[int]:
    """Cores that this process may use since its start."""
    return sorted(_STARTED_ON)


def peak_memory(pid: int) -> int:
    """The peak physical memory of a process, in bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) << 10
    raise RuntimeError("the kernel does not report the peak memory of a process")


_STARTED_ON = os.sched_getaffinity(0)


def split_cores() -> tuple[set[int], set[int]]:
    """Cores for a server and for its clients: different cores when there are two or more."""
    first, *rest = cores()
    return {first}, set(rest) or {first}


def pin(pid: int, to: set[int]) -> None:
    """Restricts every thread of a process to some cores."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            os.sched_setaffinity(int(task.name), to)
        except ProcessLookupError:
            pass  # a worker thread that has just ended


def load_average() -> float:
    """Runnable threads of the whole machine, mean of the last minute."""
    return os.getloadavg()[0]


def cpu_name() -> str:
    """The name of the processor."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def describe() -> dict:
    """The machine, for the JSON and the heading of the table."""
    return {
        "cpu": cpu_name(),
        "cores": len(cores()),
        "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20,
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load_average": load_average(),
    }
