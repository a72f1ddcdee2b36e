"""A program in the foreground: its status, signals that reach it once, its terminal, and its end in time."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    not hasattr(os, "waitid"), reason="without waitid the program stays in our group"
)

RUN = """
import os, sys
from lazyimp.running import foreground
foreground.GRACE_S = 0.3
ended = foreground.run([sys.executable, "-c", {code!r}], dict(os.environ), {limit}, end_all={end_all})
print("ended", ended.code, ended.in_time, flush=True)
"""


def launcher(code: str, limit: float | None = None, end_all: bool = False) -> list[str]:
    """The words that run `code` in the foreground of a process of its own."""
    return [sys.executable, "-c", RUN.format(code=code, limit=limit, end_all=end_all)]


def run(code: str, **more) -> tuple[list[str], str]:
    """The lines that come of it, and the errors."""
    done = subprocess.run(launcher(code, **more), capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.splitlines(), done.stderr


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("print('x')", 0),
        ("raise SystemExit(7)", 7),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -9),
    ],
)
def test_status_is_the_programs_own(code, status):
    assert run(code)[0][-1] == f"ended {status} True"


def test_after_the_time_limit_it_is_interrupted_then_made_to_end():
    asked = "import signal, sys, time; signal.signal(2, lambda *_: sys.exit(3)); time.sleep(60)"
    deaf = "import signal, time; [signal.signal(each, signal.SIG_IGN) for each in (2, 15)]; time.sleep(60)"
    both = [
        subprocess.Popen(launcher(code, limit=2.0), stdout=subprocess.PIPE, text=True)
        for code in (asked, deaf)
    ]
    assert [each.communicate(timeout=60)[0] for each in both] == ["ended 3 False\n", "ended -9 False\n"]


def test_what_it_leaves_running_is_left_alone_or_ended():
    code = (
        "import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(30)'], "
        "stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL); print(p.pid)"
    )
    for end_all in (False, True):
        pid = int(run(code, end_all=end_all)[0][0])
        time.sleep(0.2)
        assert is_running(pid) is not end_all
        if not end_all:
            os.kill(pid, signal.SIGKILL)


def is_running(pid: int) -> bool:
    """The process is there and not merely waiting to be reaped by its new parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


COUNTS = """
import os, signal, time
seen = []
signal.signal({number}, lambda *_: seen.append(1))
print("ready", flush=True)
end = time.monotonic() + 20
while not seen and time.monotonic() < end:
    time.sleep(0.05)
time.sleep(0.3)
print("seen", len(seen), flush=True)
"""


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1"])
def test_signals_to_us_reach_it_once(name):
    number = int(getattr(signal, name))
    with subprocess.Popen(
        launcher(COUNTS.format(number=number)), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        assert process.stdout.read() == "seen 1\nended 0 True\n"


# -- on a terminal ---------------------------------------------------------------------------------------------


class Terminal:
    """A terminal whose foreground is the launcher."""

    def __init__(self, words: list[str]) -> None:
        self.pid, self.fd = pty.fork()
        if not self.pid:
            os.execv(words[0], words)
        self.shown = ""

    def until(self, text: str) -> None:
        """Read until `text` was shown."""
        end = time.monotonic() + 30
        while text not in self.shown:
            assert time.monotonic() < end, self.shown
            if select.select([self.fd], [], [], 0.5)[0]:
                try:
                    self.shown += os.read(self.fd, 4096).decode()
                except OSError:
                    break
        assert text in self.shown

    def type(self, text: str) -> None:
        """Type `text`."""
        os.write(self.fd, text.encode())


@pytest.fixture
def terminal() -> Iterator[object]:
    """Opens terminals, and closes them."""
    opened: list[Terminal] = []

    def start(code: str, **more: object) -> Terminal:
        opened.append(Terminal(launcher(code, **more)))
        return opened[-1]

    yield start
    for each in opened:
        try:
            os.kill(each.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        os.waitpid(each.pid, 0)
        os.close(each.fd)


def test_ctrl_c_reaches_it_once(terminal):
    shown = terminal(COUNTS.format(number=2))
    shown.until("ready")
    shown.type("\x03")
    shown.until("ended 0 True")
    assert "seen 1" in shown.shown


def test_it_can_ask_and_the_terminal_is_as_it_was(terminal):
    code = (
        "import sys, termios; name = input('name? '); print('hello', name, flush=True); "
        "a = termios.tcgetattr(0); a[3] &= ~termios.ECHO; termios.tcsetattr(0, termios.TCSADRAIN, a)"
    )
    shown = terminal(code)
    shown.until("name? ")
    shown.type("ann\n")
    shown.until("ended 0 True")
    assert "hello ann" in shown.shown
    assert termios.tcgetattr(shown.fd)[3] & termios.ECHO


def test_ctrl_z_stops_both_and_they_go_on(terminal):
    code = "import time; print('ready', flush=True); time.sleep(1.5); print('done', flush=True)"
    # a group whose parent is in another session is orphaned, and stop signals pass it by; so a shell in between
    script = RUN.format(code=code, limit=None, end_all=False)
    shell = (
        "import os, signal, sys\n"
        f"pid = os.fork()\nif not pid:\n os.setpgid(0, 0)\n exec({script!r})\n os._exit(0)\n"
        "signal.signal(signal.SIGTTOU, signal.SIG_IGN)\nos.setpgid(pid, pid)\nos.tcsetpgrp(0, pid)\n"
        "_, status = os.waitpid(pid, os.WUNTRACED)\nprint('stopped', os.WIFSTOPPED(status), flush=True)\n"
        "os.killpg(pid, signal.SIGCONT)\nos.waitpid(pid, 0)\nprint('over', flush=True)\n"
    )
    shown = Terminal([sys.executable, "-c", shell])
    try:
        shown.until("ready")
        shown.type("\x1a")
        shown.until("over")
        assert "stopped True" in shown.shown and "done" in shown.shown and "ended 0 True" in shown.shown
    finally:
        os.close(shown.fd)
        os.waitpid(shown.pid, 0)
