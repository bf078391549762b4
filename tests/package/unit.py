"""A service of Debian without systemd: the command, the user and the restrictions that its unit file names."""

import ctypes
import os
import pwd
import resource
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FILTER = ROOT / "scripts/as-debian-service"
CLONE_NEWNS = 0x00020000

# Loaded before the root folder changes; the script of the filter then finds it loaded.
libseccomp = ctypes.CDLL("libseccomp.so.2")


class Unit:
    """The unit of a server in a Debian below `root`. Applied are the user, the limit of files, the folders that may be
    written and executed, and the filter of system calls; the other namespaces of the unit (devices, users, clocks) are not."""

    def __init__(self, root: Path, server: str):
        self.root = root
        self.fields: dict[str, list[str]] = {}
        for line in (root / f"lib/systemd/system/{server}-server.service").read_text().splitlines():
            name, separator, value = line.partition("=")
            if separator and not line.startswith("#"):
                self.fields.setdefault(name, []).append(value)
        # The filter script has the sets of these two lines.
        if self.fields["SystemCallFilter"] != ["@system-service", "~ @privileged @resources"]:
            raise AssertionError(f"scripts/as-debian-service has another filter than {self.fields['SystemCallFilter']}")
        self.command = shlex.split(self.one("ExecStart"))
        self.user = self.of_passwd(self.one("User"))

    def one(self, name: str) -> str:
        [value] = self.fields[name]
        return value

    def of_passwd(self, name: str) -> pwd.struct_passwd:
        for line in (self.root / "etc/passwd").read_text().splitlines():
            fields = line.split(":")
            if fields[0] == name:
                return pwd.struct_passwd([*fields[:2], int(fields[2]), int(fields[3]), *fields[4:]])
        raise AssertionError(f"the package made no user {name}")

    def paths(self, *names: str) -> list[Path]:
        """Those that exist: a path with a minus may be absent."""
        words = [word for name in names for value in self.fields.get(name, []) for word in value.split()]
        found = [self.root / word.lstrip("-").lstrip("/") for word in words]
        return [path for path in found if path.exists()]

    def enter_and_execute(self) -> None:
        """Turns this process into the service. Does not return."""
        run_folder = self.root / "run" / self.one("RuntimeDirectory")
        run_folder.mkdir(exist_ok=True)
        os.chown(run_folder, self.user.pw_uid, self.user.pw_gid)
        run_folder.chmod(int(self.one("RuntimeDirectoryMode"), 8))
        self.restrict_paths(run_folder)
        filter_script = compile(FILTER.read_text(), str(FILTER), "exec")
        # Not more than this machine permits.
        files = min(int(self.one("LimitNOFILE")), resource.getrlimit(resource.RLIMIT_NOFILE)[1])
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
        os.umask(int(self.one("UMask"), 8))
        quiet = os.open("/dev/null", os.O_RDWR)
        for stream in range(3):
            os.dup2(quiet, stream)
        os.chroot(self.root)
        os.chdir("/")
        os.setgroups([])
        os.setgid(self.user.pw_gid)
        os.setuid(self.user.pw_uid)
        os.environ.clear()
        sys.argv = [str(FILTER), *self.command]
        exec(filter_script, {"__name__": "__main__"})

    def restrict_paths(self, run_folder: Path) -> None:
        """ProtectSystem=strict, ReadWritePaths, NoExecPaths and ExecPaths, with mounts of this process alone."""
        assert self.one("ProtectSystem") == "strict" and self.one("NoExecPaths") == "/"
        if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS):
            raise OSError(ctypes.get_errno(), "unshare")
        writable = [*self.paths("ReadWritePaths", "ReadWriteDirectories"), run_folder]
        executable = self.paths("ExecPaths")
        for path in [*writable, *executable]:
            self.mount("--bind", path, path)
        for path in writable:
            self.mount("-o", "remount,bind,noexec", path)
        for path in executable:
            self.mount("-o", "remount,bind,ro", path)
        self.mount("-o", "remount,bind,ro,noexec", self.root)

    @staticmethod
    def mount(*words: object) -> None:
        subprocess.run(["mount", *map(str, words)], check=True)
