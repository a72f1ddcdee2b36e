"""The processes of a job, those that left its group and lost their parents, too: signalled, killed and reaped."""

import contextlib
import os
import signal
import time

PR_SET_CHILD_SUBREAPER = 36
SLOWEST_S = 0.2  # between two looks at processes


def adopt_orphans():
    """Become the parent of whatever a job's processes leave behind; systems that cannot hand it to init."""
    with contextlib.suppress(ImportError, OSError, AttributeError):
        import ctypes  # not every interpreter has it

        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def has_ended(leader, within_s):
    """Whether the job's command ends in time; it is not reaped, so that its group's number stays its own."""
    end, pause = time.monotonic() + within_s, 0.005
    while not _is_over(leader):
        left = end - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, 0.05)
    return True


def _is_over(leader):
    """The command has ended; orphans that have are reaped."""
    while os.waitid(os.P_PID, leader, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if ended is None:
            return False
        if ended.si_pid != leader:
            os.waitpid(ended.si_pid, 0)
    return True


def was_ended(leader):
    """Whether the command, which has ended, was made to by a signal that ends jobs."""
    ended = os.waitid(os.P_PID, leader, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    return ended is not None and ended.si_code == os.CLD_KILLED and ended.si_status == signal.SIGTERM


def end(leader, number, grace_s):
    """Send the signal to the job's group and to orphans outside of it, then SIGKILL to what is there after the grace.

    What left the group and has a parent in it is told by that: `timeout` and torchrun pass signals on, and a second
    one may cut short what the first began.
    """
    _kill_group(leader, number)
    until, pause, told = time.monotonic() + grace_s, 0.01, set()
    while True:
        over = has_ended(leader, pause)
        left = _left(leader)
        if over and not left:
            return
        if time.monotonic() >= until:
            kill_all(leader)
            return
        for pid, (parent, group) in left.items():
            if parent == os.getpid() and group != leader and pid not in told:
                told.add(pid)
                _kill(pid, number)
        if over:
            time.sleep(min(pause, max(until - time.monotonic(), 0)))
        pause = min(pause * 1.5, SLOWEST_S)


def kill_all(leader):
    """Kill the job's group and everything that left it; what multiplies meanwhile, too."""
    for attempt in range(100):
        _kill_group(leader, signal.SIGKILL)
        left = _left(leader)
        for pid in left:
            _kill(pid, signal.SIGKILL)
        if not left and has_ended(leader, 0):
            return
        time.sleep(0.001 * min(attempt, 50))


def _left(leader):
    """{pid: (parent, group)} of the job's processes that run, but for the leader: its group, and all below us."""
    parents, groups = {}, {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                state, parent, group = file.read().rpartition(b")")[2].split()[:3]
        except (OSError, ValueError):  # it has ended meanwhile
            continue
        if state not in (b"Z", b"X"):
            parents[int(name)], groups[int(name)] = int(parent), int(group)
    found, below = {}, {os.getpid(), leader}
    while True:
        new = [pid for pid in parents if parents[pid] in below or groups[pid] == leader]
        new = [pid for pid in new if pid not in found and pid not in below]
        if not new:
            return found
        found.update({pid: (parents[pid], groups[pid]) for pid in new})
        below.update(new)


def _kill_group(group, number):
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _kill(pid, number):
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)
