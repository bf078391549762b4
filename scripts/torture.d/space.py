"""Disks that become full when a test wants it, and have space again."""

import contextlib
import os
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

MEGABYTE = 1 << 20


class Disk:
    """A file system in memory. Needs root, and permission to mount."""

    kind = "tmpfs"

    def __init__(self, folder: Path):
        self.folder = folder
        self.ballast = folder / "ballast"
        self.prefix: tuple = ()

    def fill(self, leave: int, server_pid: int) -> None:
        """Leaves this many bytes."""
        with self.ballast.open("ab") as opened:
            while (size := self._available() - leave) > 0:
                # A server writes meanwhile. Half of the rest, so that an attempt that fails does not fill the disk for a moment.
                with contextlib.suppress(OSError):
                    os.posix_fallocate(opened.fileno(), os.fstat(opened.fileno()).st_size, max(1, size // 2))

    def _available(self) -> int:
        space = os.statvfs(self.folder)
        return space.f_bavail * space.f_frsize

    def free(self, server_pid: int) -> None:
        self.ballast.unlink(missing_ok=True)


class Limit:
    """A limit of the size of each file, where nothing can be mounted."""

    kind = "limit"

    def __init__(self, folder: Path):
        self.folder = folder
        # A write beyond the limit is then an error, not a signal.
        self.prefix = ("env", "--ignore-signal=XFSZ")

    def fill(self, leave: int, server_pid: int) -> None:
        sizes = [file.stat().st_size for file in self.folder.rglob("*") if file.is_file()]
        self._set(server_pid, max(sizes, default=0) + leave)

    def free(self, server_pid: int) -> None:
        self._set(server_pid, resource.RLIM_INFINITY)

    def _set(self, pid: int, limit: int) -> None:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))


@contextlib.contextmanager
def disk(folder: Path, size: int) -> Iterator[Disk | Limit]:
    """A disk of this size in a new folder; unmounted at the end, when no server uses it."""
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "assess-torture", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, stderr=subprocess.DEVNULL).returncode != 0:
        yield Limit(folder)
        return
    try:
        yield Disk(folder)
    finally:
        # Lazily: a process that ends may still hold a file.
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
