"""A bare Debian with one server, in a layer that is lost at the end of the tests: packages are installed, services started."""

import fcntl
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
import traceback
from pathlib import Path

from unit import Unit

DEBIAN = Path(os.environ["PACKAGE_DEBIAN"])
SECONDS = 300

def enter() -> None:
    """Prepares the namespaces that `run` has made: memory for the layers, and the loopback interface."""
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    work = DEBIAN.parent / "layers"
    work.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2g", "tmpfs", work], check=True)
    os.environ["TMPDIR"] = tempfile.tempdir = str(work)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        set_flags, up_and_running = 0x8914, 0x41  # SIOCSIFFLAGS, from linux/sockios.h and linux/if.h
        fcntl.ioctl(any_socket, set_flags, struct.pack("16sH14x", b"lo", up_and_running))


class Debian:
    """The bare Debian with redis-server or valkey-server (`redis`, `valkey`), and what tests do to it."""

    def __init__(self, server: str):
        self.server = server
        folder = Path(tempfile.mkdtemp(prefix=f"{server}-"))
        self.root, upper, work = folder / "root", folder / "upper", folder / "work"
        for made in (self.root, upper, work):
            made.mkdir()
        layers = f"lowerdir={DEBIAN / server}:{DEBIAN / 'base'},upperdir={upper},workdir={work}"
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", layers, self.root], check=True)
        subprocess.run(["mount", "-t", "proc", "proc", self.root / "proc"], check=True)
        self.configuration = self.path(f"/etc/{server}/{server}.conf")
        self.process = 0
        # What goes wrong before the server has its log.
        self.errors = os.memfd_create("errors")

    def path(self, inside: str) -> Path:
        return self.root / inside.lstrip("/")

    def run(self, *command: object, check: bool = True, text: str | None = None) -> subprocess.CompletedProcess:
        """Runs a program in it as root."""
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
        done = subprocess.run(["chroot", self.root, *map(str, command)], env=environment, input=text, capture_output=True,
                              text=True, timeout=SECONDS)
        if check and done.returncode:
            raise AssertionError(f"{command}: status {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def install(self, package: Path) -> str:
        """What apt prints while it installs or upgrades a package. It finds everything that the package depends on: there
        is no network."""
        shutil.copy(package, self.path("/tmp/package.deb"))
        done = self.run("apt-get", "install", "-y", "-o", "Dpkg::Options::=--force-confold", "/tmp/package.deb")
        return done.stdout + done.stderr

    def add(self, *lines: str) -> None:
        """Adds lines to the configuration of the server."""
        with self.configuration.open("a") as file:
            file.writelines(f"{line}\n" for line in lines)

    # --- the service -------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Starts the service as its unit says, and waits until it answers."""
        unit = Unit(self.root, self.server)
        # Memory is copied by the fork: the child needs nothing of Python's that was not loaded before.
        self.process = os.fork()
        if self.process == 0:
            try:
                unit.enter_and_execute()
            except BaseException:
                os.write(self.errors, traceback.format_exc().encode())
            finally:
                os._exit(127)
        self.await_that("the server answers", lambda: self.cli_once("PING") == "PONG")

    def stop(self) -> None:
        """As systemd does: the server saves what its configuration says, and ends."""
        os.kill(self.process, signal.SIGTERM)
        deadline = time.monotonic() + SECONDS
        while not os.waitpid(self.process, os.WNOHANG)[0]:
            if time.monotonic() > deadline:
                raise AssertionError(f"the server does not end\n{self.log()}")
            time.sleep(0.02)
        self.process = 0

    def kill(self) -> None:
        """Ends the server wherever it is, if it runs."""
        if self.process:
            os.kill(self.process, signal.SIGKILL)
            os.waitpid(self.process, 0)
            self.process = 0

    def restart(self) -> None:
        self.stop()
        self.start()

    def await_that(self, what: str, condition) -> None:
        deadline = time.monotonic() + SECONDS
        while not condition():
            if os.waitpid(self.process, os.WNOHANG)[0]:
                self.process = 0
                raise AssertionError(f"{what}: the server ended\n{self.log()}")
            if time.monotonic() > deadline:
                raise AssertionError(f"{what}: timed out\n{self.log()}")
            time.sleep(0.02)

    def log(self) -> str:
        logs = sorted(self.path(f"/var/log/{self.server}").glob("*.log"))
        errors = os.pread(self.errors, 4000, 0).decode()
        return "".join(log.read_text()[-4000:] for log in logs) + errors

    def cli(self, *words: str, text: str | None = None) -> str:
        """What redis-cli prints; an error of the server is a failure."""
        return self.run("timeout", SECONDS // 2, f"{self.server}-cli", "-e", *words, text=text).stdout.rstrip("\n")

    def cli_once(self, *words: str) -> str:
        """What it prints, an error too."""
        done = self.run("timeout", SECONDS // 2, f"{self.server}-cli", "-e", *words, check=False)
        return (done.stdout + done.stderr).rstrip("\n")

    def status(self, field: str) -> str:
        """A field of the process in /proc."""
        lines = Path(f"/proc/{self.process}/status").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith(f"{field}:"))

    def close(self) -> None:
        self.kill()
        subprocess.run(["umount", "--recursive", "--lazy", self.root], check=True)
        shutil.rmtree(self.root.parent)
