"""An sshd of the tests' own: loopback, own keys, own configuration, its own port; stopped at the end."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

BINARY = shutil.which("sshd") or ("/usr/sbin/sshd" if os.path.exists("/usr/sbin/sshd") else None)

CONFIG = """
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/hostkey
AuthorizedKeysFile {folder}/authorized_keys
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
Subsystem sftp internal-sftp
LogLevel VERBOSE
"""


def why_not() -> str:
    """Why no sshd can be started here, or ""."""
    if BINARY is None:
        return "there is no sshd (Debian: openssh-server)"
    if shutil.which("ssh-keygen") is None:
        return "there is no ssh-keygen"
    if os.geteuid() == 0 and not os.path.isdir("/run/sshd"):
        os.makedirs("/run/sshd", mode=0o755)  # where sshd locks itself in
    return ""


class Sshd:
    """One that runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("hostkey", "user", "otherkey"):
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True
            )
        shutil.copy(folder / "user.pub", folder / "authorized_keys")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self.known_hosts = folder / "known_hosts"
        self.known_hosts.write_text(self.line("hostkey"))
        (folder / "config").write_text(CONFIG.format(port=self.port, folder=folder))
        words = [str(BINARY), "-D", "-f", str(folder / "config"), "-E", str(folder / "log")]
        self.process = subprocess.Popen(words)
        self._wait()

    def line(self, key: str) -> str:
        """A line of known_hosts that says that a key is this host's."""
        return f"[127.0.0.1]:{self.port} " + " ".join(
            (self.folder / f"{key}.pub").read_text().split()[:2]
        ) + "\n"  # fmt: skip

    def _wait(self) -> None:
        end = time.monotonic() + 20
        while time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise AssertionError((self.folder / "log").read_text())

    def children(self) -> list[int]:
        """The processes that serve connections."""
        found = []
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                fields = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == self.process.pid and fields[0] != "Z":
                found.append(int(name))
        return found

    def drop(self) -> None:
        """Cut all connections, as a network does."""
        for pid in self.children():
            with contextlib.suppress(ProcessLookupError):  # it has just ended
                os.kill(pid, signal.SIGKILL)

    def address(self, folder: str | Path) -> str:
        """How to get to a folder through it."""
        return f"ssh://127.0.0.1:{self.port}{folder}"

    def stop(self) -> None:
        """End it."""
        self.drop()
        self.process.terminate()
        self.process.wait(20)
