"""`lazyimp ship` and `lazyimp job` as a user types them, in a folder of this machine."""

import json
import os

import pytest
import shipping
from shipping import PYTHON, record_program

lazyimp = shipping.lazyimp
MAIN = """
import sys
import helper
import lazyimp
lazyimp.first_batch()
print(helper.VALUE, sys.argv[1:], "lazyimp" in sys._xoptions)
open("result.txt", "w").write("r")
sys.exit(3)
"""


@pytest.fixture
def recorded(tmp_path, run_python):
    """A program that was recorded."""
    return record_program(tmp_path, run_python, {"main.py": MAIN, "helper.py": "VALUE = 41\n"}, status=3)


def test_a_recorded_program_is_shipped_and_the_second_time_nothing_travels(lazyimp, recorded, tmp_path):
    way = ["ship", "--to", f"local:{tmp_path / 'there'}", "--manifest", recorded, "--python", PYTHON]
    plan = tmp_path / "plan.json"
    shown = lazyimp(*way, "--dry-run", "--save-plan", plan, "main.py", "a")
    assert shown.returncode == 0 and "send   code project (2/2 files" in shown.stdout, shown.stderr
    assert "lazyimp-runtime" not in shown.stdout  # it is sent, whether or not a run came by what imports it
    assert not os.listdir(tmp_path / "there" / "jobs")
    words = ["--output", "*.txt", "--into", "back", "main.py", "a", "--b"]
    done = lazyimp(*way, *words)
    assert (done.returncode, done.stdout) == (3, "41 ['a', '--b'] True\n"), done.stderr
    assert (tmp_path / "project" / "back" / "result.txt").read_text() == "r"
    for step in ("upload", "build", "queue", "interpreter", "to first batch", "imports", "host's clock"):
        assert step in done.stderr
    assert "time to first batch, from `lazyimp ship` on: " in done.stderr
    again = lazyimp("ship", "--plan", plan, "--report", "times.json")
    told = json.loads((tmp_path / "project" / "times.json").read_text())
    assert (told["format"], told["version"], told["exit_status"]) == ("lazyimp-ship-report", 1, 3)
    assert told["sent"]["files"] == 0 and told["environment_reused"] and told["clock"]["error_s"] > 0
    phases = {each["name"]: each["seconds"] for each in told["phases"]}
    assert {"look", "upload", "build", "queue", "interpreter", "to first batch", "imports"} <= set(phases)
    assert 0 < phases["to first batch"] <= told["first_batch_s"]
    refused = lazyimp("ship", "--plan", plan, "--report", "x", "--detach")
    assert refused.returncode == 2 and "--report is of a run that is followed" in refused.stderr
    assert (again.returncode, again.stdout) == (3, "41 ['a'] True\n")
    assert "nothing to send" in again.stderr and "reused" in again.stderr
    shown = lazyimp(*way, "--dry-run", "main.py")
    assert "reuse  environment" in shown.stdout and "send" not in shown.stdout
    (tmp_path / "project" / "helper.py").write_text("VALUE = 42\n")
    shown = lazyimp(*way, "--dry-run", "main.py")
    assert "send   code project (1/2 files, 11 B)" in shown.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["ship", "main.py"], "name a host with --to DEST"),
        (["ship", "--to", "local:x"], "name the script"),
        (["ship", "--to", "local:x", "no.py"], "no script 'no.py'"),
        (
            ["ship", "--to", "local:x", "--manifest", "{record}", "other.py"],
            "is of 'main.py', not of 'other.py'",
        ),
        (["job", "run", "--to", "nowhere", "--", "true"], "is no destination"),
        (["job", "logs", "no-such-job"], "where is 'no-such-job'"),
        (["job", "lgos"], "did you mean 'logs'?"),
        (["job", "run", "--to", "local:x", "--env", "A", "--", "true"], "is not NAME=VALUE"),
        (
            ["job", "run", "--to", "local:x", "--secret", "NOT_THERE", "--", "true"],
            "NOT_THERE is not in the env",
        ),
    ],
)
def test_mistakes_are_one_line(lazyimp, recorded, tmp_path, words, told):
    (tmp_path / "project" / "other.py").write_text("")
    done = lazyimp(*[word.format(record=recorded) for word in words])
    assert done.returncode in (1, 2) and told in done.stderr and len(done.stderr.splitlines()) == 1, (
        done.stderr
    )


def test_offsets_and_where_to_look_for_a_job(lazyimp):
    done = lazyimp("job", "logs", "j", "--to", "local:there", "--since", "-5")
    assert (done.returncode, done.stdout) == (2, "") and "--since counts bytes from 0 on" in done.stderr
    for words in (["logs", "-f", "j"], ["logs", "j", "-f"], ["attach", "--since", "3", "j"]):
        assert "no job 'j' on this host" in lazyimp("job", *words, "--to", "local:there").stderr
    assert "no job 'j' on this host" in lazyimp("job", "get", "j", "--to", "local:there").stderr
    for days in ("nan", "-1", "inf"):  # compared with one that is no number, everything is old
        done = lazyimp("job", "gc", "--to", "local:there", "--older", days)
        assert (done.returncode, done.stderr) == (2, "lazyimp: --older counts days from 0 on\n")
    done = lazyimp("job")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "required: run|logs|attach|cancel|ls|get|gc" in done.stderr


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("command = ['true']\noutputz = []", "did you mean 'outputs'?"),
        ("command = 'true'", "command has to be a list"),
        ("command = [1]", "strings only"),
        ("name = 'x'", "name a command"),
        ("command = ['true']\nlock = 'x'", "lock needs python"),
        ("command = ['true']\nsignal = 'SIGKILL'", "unknown signal"),
        ("command = ['true']\nsecrets = ['A']\nenv = {A = '1'}", "both in env and in secrets"),
        ("command = ['true']\nversion = 2", "knows version 1"),
        ("command =", "no TOML"),
    ],
)
def test_a_job_file_that_makes_no_sense(lazyimp, tmp_path, text, told):
    (tmp_path / "project" / "job.toml").write_text(text)
    done = lazyimp("job", "run", "job.toml", "--to", "local:x")
    assert done.returncode == 1 and told in done.stderr


def test_words_that_stand_for_what_a_job_has_not(lazyimp, tmp_path):
    for file in ("{code}", "{code}/main.py"):
        done = lazyimp("job", "run", "--to", "local:there", "--", "python3", file)
        assert (done.returncode, done.stdout) == (1, "")
        assert f"{file!r}: the job has no code; name the manifest of its program" in done.stderr
    assert not (tmp_path / "project" / "there").exists()
    words = ["job", "run", "--quiet", "--to", "local:there", "--", "echo", "a{code}"]  # as awk has it
    assert lazyimp(*words).stdout == "a{code}\n"


def test_a_job_from_a_file(lazyimp, tmp_path):
    code = "import os, sys; print(open('d/in.txt').read(), os.environ['A']); open('o.txt', 'w').write('o')"
    (tmp_path / "project" / "in.txt").write_text("input")
    lines = [
        f"command = {json.dumps([PYTHON, '-c', code])}",
        f"to = {json.dumps(f'local:{tmp_path}/there')}",
        'name = "mine"\noutputs = ["o*"]\nlimit_s = 60\nenv = {A = "1"}\ninputs = {"d/in.txt" = "in.txt"}',
    ]
    (tmp_path / "project" / "job.toml").write_text("\n".join(lines))
    done = lazyimp("job", "run", "job.toml", "--into", "back", "--quiet")
    assert (done.returncode, done.stdout) == (0, "input 1\n"), done.stderr
    way = ["--to", f"local:{tmp_path}/there"]
    (job,) = json.loads(lazyimp("job", "ls", "--json", *way).stdout)
    assert job["id"].startswith("mine-") and job["state"] == "done"
    assert lazyimp("job", "logs", job["id"]).stdout == "input 1\n"
    assert lazyimp("job", "logs", job["id"], "--since", 6, "--stream", "out").stdout == "1\n"
    assert lazyimp("job", "get", job["id"], "--into", "again").stdout == "again/o.txt\n"
    assert lazyimp("job", "gc", "--older", 0, *way).stdout == f"jobs/{job['id']}\n"
    assert lazyimp("job", "ls", *way).stdout == ""
