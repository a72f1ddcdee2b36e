"""What a job started and did not wait for: it gets the job's grace, and ends with the job, daemons too."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest
from shipping import Host

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="tells processes by /proc")
SAVING = (
    "import os, signal, sys, time\n"
    "def save(*_):\n"
    "    time.sleep(0.5); print('saved', flush=True); sys.exit()\n"
    "signal.signal(signal.SIGTERM, save)\n"
    "{more}\n"
    "print('pid', os.getpid(), flush=True)\n"
    "time.sleep(60)\n"
)
OWN_GROUP = "os.setpgid(0, 0)"  # as `timeout` has
DAEMON = "import subprocess, sys; subprocess.Popen(['sleep', '60'], start_new_session=True)"


@pytest.fixture
def host(tmp_path):
    made = Host(tmp_path)
    yield made
    made.close()


def _below_a_shell(host, more, **wish):
    """A job whose shell ends at once when it is asked to; gives the number of the program that it runs."""
    script = host.root.parent / "saving.py"
    script.write_text(SAVING.format(more=more))
    words = ["sh", "-c", '"$@"; true', "sh", sys.executable, str(script)]
    host.ask("start", {"id": "j", "command": words, **wish})
    log = host.root / "jobs" / "j" / "out.log"
    return int(_once(lambda: log.read_text().endswith("\n") and log.read_text()).split()[1])


def _once(found, within_s=20):
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if value := found():
            return value
        time.sleep(0.02)
    raise AssertionError("in vain")


def _runs(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _children(pid):
    rows = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            fields = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        rows += [(int(name), fields[0])] if int(fields[1]) == pid else []
    return rows


@pytest.mark.parametrize("more", ["", OWN_GROUP], ids=["in the group", "in a group of its own"])
def test_a_program_below_a_shell_has_the_whole_grace_when_it_is_cancelled(host, more):
    program = _below_a_shell(host, more)
    state = host.ask("cancel", {"id": "j", "grace_s": 20})
    assert state["state"] == "cancelled"
    assert (host.root / "jobs" / "j" / "out.log").read_text() == f"pid {program}\nsaved\n"
    assert not _runs(program)


def test_and_when_its_time_is_over(host):
    program = _below_a_shell(host, OWN_GROUP, limit_s=2, grace_s=20)
    assert host.end("j")["state"] == "timeout"
    assert (host.root / "jobs" / "j" / "out.log").read_text() == f"pid {program}\nsaved\n"


def test_what_ignores_it_is_killed_after_the_grace(host):
    program = _below_a_shell(host, f"{OWN_GROUP}; signal.signal(signal.SIGTERM, signal.SIG_IGN)")
    host.ask("cancel", {"id": "j", "grace_s": 0.2})
    assert not _runs(program)


def test_a_daemon_ends_with_its_job(host):
    code = f"{DAEMON}.pid; print(subprocess.Popen(['sleep', '60'], start_new_session=True).pid)"
    host.job("j", code)
    state = host.end("j")
    assert (state["state"], state["status"]) == ("done", 0)
    assert not _runs(int((host.root / "jobs" / "j" / "out.log").read_text()))


def test_orphans_that_have_ended_do_not_pile_up(host):
    orphans = "for each in range(20): subprocess.run(['sh', '-c', 'sh -c true &'])"
    state = host.job("j", f"import subprocess, time\n{orphans}\nprint(1, flush=True); time.sleep(60)")
    _once((host.root / "jobs" / "j" / "out.log").read_text)
    _once(lambda: _children(state["supervisor"]) == [(state["group"], "S")])
    host.ask("cancel", {"id": "j", "grace_s": 0})


def test_a_signal_for_all_of_a_job_is_a_cancel_in_whatever_order_it_comes(host):
    host.ask("start", {"id": "j", "command": ["sleep", "60"]})
    state = _once(lambda: (found := host.ask("state", {"id": "j"})).get("group") and found)
    os.killpg(state["group"], signal.SIGTERM)
    time.sleep(0.1)
    os.kill(state["supervisor"], signal.SIGTERM)
    ended = _once(lambda: (found := host.ask("state", {"id": "j"})).get("state") != "running" and found)
    assert (ended["state"], ended["status"]) == ("cancelled", -signal.SIGTERM)
