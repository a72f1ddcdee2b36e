"""Secrets go by name: their values are on no command line, in no plan and no log, and in a private file until read."""

import json
import sys
from pathlib import Path

import pytest
from shipping import Host, commands

VALUE = "hunter2-hunter2"


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="reads command lines from /proc")
def test_no_process_of_a_job_has_one_on_its_command_line(tmp_path):
    host = Host(tmp_path)
    code = "import os, time; print(len(os.environ['TOKEN']), flush=True); time.sleep(60)"
    state = host.job("j", code, secrets={"TOKEN": VALUE})
    host.ask("wait", {"id": "j", "within_s": 30, "sizes": {"out": 0, "err": 0}})
    assert (host.root / "jobs" / "j" / "out.log").read_text() == f"{len(VALUE)}\n"
    for pid in (state["supervisor"], state["group"], host.server.pid):
        assert VALUE not in Path(f"/proc/{pid}/cmdline").read_text()
    kept = [path for path in host.root.rglob("*") if path.is_file()]
    assert not [path for path in kept if VALUE.encode() in path.read_bytes()]
    host.ask("cancel", {"id": "j", "grace_s": 0})
    host.close()


UNSTARTED = """
import os, sys
from lazyimp.ship.host import jobs
from lazyimp.ship.host.paths import Root
jobs.wait_for = lambda root, job, is_right, within_s: jobs.state_of(root, job)
jobs.leave = lambda root, job, folder: None  # its supervisor never comes
jobs.start(Root(sys.orig_argv[-1]), {"id": "j", "command": ["true"], "secrets": {"TOKEN": os.environ["VALUE"]}})
"""


def test_the_file_is_private_and_goes_with_a_job_that_nobody_starts(tmp_path, run_python):
    host = Host(tmp_path)
    run_python(UNSTARTED, host.root, env={"VALUE": VALUE})
    folder = host.root / "jobs" / "j"
    path = folder / "secrets"
    assert json.loads(path.read_text()) == {"TOKEN": VALUE} and path.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o077 == 0 and VALUE not in (folder / "job.json").read_text()
    (folder / "state.json").write_text(json.dumps({"state": "starting", "asked_ns": 1}))
    assert host.ask("state", {"id": "j"})["state"] == "lost" and not path.exists()
    host.close()


def test_what_is_shown_and_kept_here_has_names_alone(tmp_path):
    lazyimp = commands(tmp_path)
    words = ["job", "run", "--to", f"local:{tmp_path / 'there'}", "--secret", "TOKEN", "--save-plan", "plan"]
    command = ["--", sys.executable, "-c", "import os; raise SystemExit(len(os.environ['TOKEN']))"]
    shown = lazyimp(*words, "--dry-run", *command, TOKEN=VALUE)
    done = lazyimp(*words, *command, TOKEN=VALUE)
    assert (shown.returncode, done.returncode) == (0, len(VALUE))
    assert "secret TOKEN" in shown.stdout and VALUE not in shown.stdout + done.stdout + done.stderr
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in kept if VALUE.encode() in path.read_bytes()]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--secret", f"A={VALUE}"], "name it without its value"),
        (["--secret", "A", "--env", "A=1"], "both in env and in secrets"),
    ],
)
def test_a_value_has_no_place_in_flags(tmp_path, words, told):
    done = commands(tmp_path)("job", "run", "--to", "local:x", *words, "--", "true")
    assert done.returncode == 1 and told in done.stderr and VALUE not in done.stderr
