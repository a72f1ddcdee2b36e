"""Which files of its working folder a job's patterns name, which are left there, and that the user is told."""

from __future__ import annotations

import json
import os
import sys

import pytest
from shipping import Host, commands

TREE = """
import os
for name in ("run1/a", "run1/.hidden", "run1/sub/b", ".cache/c", "top", "x.pt", "run1/y.pt"):
    os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
    open(name, "w").write(name)
os.symlink("run1", "latest")
os.symlink("run1/a", "best")
os.symlink("/etc/passwd", "run1/out")
os.symlink("/etc", "run1/dir")
os.symlink(".", "loop")
os.symlink("..", "run1/up")
os.mkfifo("run1/pipe")
"""
LEFT = ["run1/dir", "run1/out", "run1/pipe"]


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    made = Host(tmp_path_factory.mktemp("outputs"))
    yield made
    made.close()


@pytest.mark.parametrize(
    ("patterns", "names", "left"),
    [
        (["run1/**"], ["run1/.hidden", "run1/a", "run1/sub/b", "run1/y.pt"], LEFT),
        (["run1"], ["run1/.hidden", "run1/a", "run1/sub/b", "run1/y.pt"], LEFT),
        (["./run1/"], ["run1/.hidden", "run1/a", "run1/sub/b", "run1/y.pt"], LEFT),
        (["run1/*"], ["run1/a", "run1/sub/b", "run1/y.pt"], LEFT),
        (["**/*.pt"], ["run1/y.pt", "x.pt"], []),
        (["*.pt", "x.*"], ["x.pt"], []),
        (["**/sub/**"], ["run1/sub/b"], []),
        ([".*/c"], [".cache/c"], []),
        (["best"], ["best"], []),
        (["latest/a"], ["latest/a"], []),
        (["latest"], ["latest/.hidden", "latest/a", "latest/sub/b", "latest/y.pt"],
         ["latest/dir", "latest/out", "latest/pipe"]),
        (["run1/out"], [], ["run1/out"]),
        (["run1/dir/passwd"], [], ["run1/dir"]),
        (["t?p"], ["top"], []),
        (["nothing", "no/**"], [], []),
        (["**"], [".cache/c", "best", "run1/.hidden", "run1/a", "run1/sub/b", "run1/y.pt", "top", "x.pt"], LEFT),
    ],
)  # fmt: skip
def test_patterns(host, patterns, names, left):
    job = f"j{abs(hash(str(patterns)))}"
    host.job(job, TREE, outputs=patterns)
    assert host.end(job)["state"] == "done"
    rows = host.ask("outputs", {"id": job})
    assert [row[0] for row in rows if row[3]] == names
    assert sorted(row[0] for row in rows if not row[3]) == left
    for name, size, _, path in rows:
        assert not path or size == os.path.getsize(path) > 0, name


def test_what_is_left_there_and_what_matches_nothing_is_told(tmp_path):
    lazyimp = commands(tmp_path)
    words = ["job", "run", "--to", "local:there", "--into", "back"]
    code = "import os; open('a', 'w'); os.symlink('/etc/passwd', 'l')"
    done = lazyimp(*words, "--output", "*", "--", sys.executable, "-c", code)
    assert "1 output file in back" in done.stderr
    assert "1 left there, such as 'l': a link that leads out, or no regular file" in done.stderr
    assert os.listdir(tmp_path / "project" / "back") == ["a"]
    done = lazyimp(*words, "--output", "model/**", "--", sys.executable, "-c", "")
    assert done.returncode == 0 and "no file there matches the job's outputs" in done.stderr
    job = json.loads(lazyimp("job", "ls", "--to", "local:there", "--json").stdout)[0]
    done = lazyimp("job", "get", job["id"])
    assert (done.returncode, done.stdout) == (0, "") and "no file there matches" in done.stderr


def test_names_from_a_host_cannot_steer_a_terminal(tmp_path):
    lazyimp = commands(tmp_path)
    code = "open('a\\x1b]0;x\\x07', 'w')"
    lazyimp(
        "job", "run", "--to", "local:there", "--output", "*", "--detach", "--", sys.executable, "-c", code
    )
    [job] = json.loads(lazyimp("job", "ls", "--to", "local:there", "--json").stdout)
    assert lazyimp("job", "attach", job["id"]).returncode == 0
    assert lazyimp("job", "get", job["id"], "--into", "back").stdout == "back/a?]0;x?\n"


@pytest.mark.parametrize("pattern", ["../x", "/etc/passwd", "a/../../b", "a\\b", "", ".", "a\0b"])
def test_patterns_that_lead_out_are_refused_before_anything_runs(tmp_path, pattern):
    (tmp_path / "project").mkdir()
    text = f"to = 'local:there'\ncommand = ['true']\noutputs = [{json.dumps(pattern)}]\n"
    (tmp_path / "project" / "job.toml").write_text(text)
    done = commands(tmp_path)("job", "run", "job.toml")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert f"job.toml: output {pattern!r} is no path in the working folder" in done.stderr
    assert not (tmp_path / "project" / "there").exists()
