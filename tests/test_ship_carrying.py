"""A plan carried out in a folder of this machine: what travels, what is reused, what comes back."""

import os
import sys
from pathlib import Path

import pytest
from installed import install, manifest_of, ran
from shipping import PYTHON

from lazyimp.manifest.target import of_record
from lazyimp.ship import planfile
from lazyimp.ship.carrying import Carrier
from lazyimp.ship.channels import Access, open_channel, talk
from lazyimp.ship.errors import ShipError
from lazyimp.ship.following import Follower, confined, exit_status, fetch
from lazyimp.ship.planning import environment_of, lack_of, placed, program_words
from lazyimp.ship.values import JobWish, Plan

VERSION = ".".join(map(str, sys.version_info[:3]))
MAIN = (
    "import sys, helper, lazyimp; print(helper.VALUE, sys.argv[1:], sys.version_info[:3]); "
    "print(open('data.txt').read()); print('err', file=sys.stderr); open('out.txt', 'w').write('result'); sys.exit(5)"
)


@pytest.fixture
def project(tmp_path):
    """A program of two modules and a data file, its manifest, and the plan's job."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "main.py").write_text(MAIN)
    (folder / "helper.py").write_text("VALUE = 41\n")
    (folder / "data.txt").write_text("data")
    return folder


def plan_of(folder, tmp_path, **job):
    record = ran(
        folder,
        tmp_path,
        {"helper": folder / "helper.py"},
        opened=[folder / "data.txt"],
        header={"python": VERSION, "executable": sys.executable},
    )
    manifest = manifest_of(record)
    assert manifest.target == of_record(record)
    environment, refused = environment_of(manifest, str(tmp_path / "cache"), PYTHON)
    words, parts = program_words(manifest, str(folder / "main.py"), ["a b", "$HOME"])
    wish = JobWish(tuple(words), place=placed(parts, str(folder)), **{"outputs": ("*.txt",), **job})
    return Plan(f"local:{tmp_path / 'there'}", wish, environment, tuple(parts), tuple(refused))


def carry(plan, job, environ=None):
    channel = open_channel(plan.destination, Access())
    try:
        done = Carrier(channel).carry(plan, job, environ or {}, 0)
        got = {"out": b"", "err": b""}

        def sink(stream, data):
            got[stream] += data

        state = Follower(lambda: channel, job, channel).follow(sink)
        return done, state, got
    finally:
        channel.close()


def test_a_program_runs_there_and_the_second_time_nothing_travels(project, tmp_path):
    plan = plan_of(project, tmp_path)
    path = tmp_path / "plan.json"
    path.write_text(planfile.as_json(plan))
    assert planfile.read_plan(str(path)) == plan
    done, state, got = carry(plan, "one")
    assert got["err"] == b"err\n", got
    assert got["out"].decode() == f"41 ['a b', '$HOME'] {sys.version_info[:3]}\ndata\n"
    assert exit_status(state) == 5 and not done.environment_reused and done.sent_files
    again, state, _ = carry(plan, "two")
    assert (again.sent_files, again.sent_bytes, again.environment_reused) == (0, 0, True)
    (project / "helper.py").write_text("VALUE = 42\n")
    changed, state, got = carry(plan_of(project, tmp_path), "three")
    assert (changed.sent_files, changed.environment_reused) == (1, True)
    assert got["out"].startswith(b"42 ")
    channel = open_channel(plan.destination, Access())
    assert fetch(channel, "three", str(tmp_path / "back")) == ["data.txt", "out.txt"]
    assert fetch(channel, "three", str(tmp_path / "back"), "records") == ["record.jsonl"]
    assert (tmp_path / "back" / "out.txt").read_text() == "result"
    assert lack_of(plan, channel).parts == ()
    channel.close()


@pytest.mark.parametrize(
    "info",
    [{"vcs_info": {"vcs": "git", "commit_id": "6c2e52"}}, {"archive_info": {}}],
    ids=["git", "archive"],
)
def test_what_was_installed_from_this_machine_travels_as_its_files(tmp_path, info):
    site = tmp_path / "venv" / "lib" / "site-packages"
    site.mkdir(parents=True)
    url = {"url": f"file://{tmp_path}/thing.tar.gz", **info}
    install(site, "thing", "1.0", ["thing.py"], direct_url=url)
    made = manifest_of(ran(tmp_path, site, {"thing": site / "thing.py"}, header={"python": VERSION}))
    environment, refused = environment_of(made, str(tmp_path / "cache"), PYTHON)
    assert (environment.requirements, environment.only_binary, refused) == ("", True, [])
    assert "thing.py" in [file.name for part in made.local for file in part.files]


def test_a_secret_that_is_not_there_stops_before_anything_travels(project, tmp_path):
    with pytest.raises(ShipError, match="TOKEN is not in the environment"):
        carry(plan_of(project, tmp_path, secrets=("TOKEN",)), "one")
    assert os.listdir(tmp_path / "there" / "blobs") == []


@pytest.mark.parametrize(
    "name", ["../x", "/etc/x", "a/../../x", "", ".", "a//b", "C:/x", "a\\b", "link/x", None, 3]
)
def test_names_that_a_host_gives_stay_in_the_folder(tmp_path, name):
    (tmp_path / "link").symlink_to("/tmp")
    with pytest.raises(ShipError, match="leads out"):
        confined(str(tmp_path), name)


class Lying:
    """A host that answers whatever it is told to."""

    def __init__(self, answer):
        self.answer = answer

    def ask(self, command, /, **wish):
        return self.answer

    def get(self, place, path, size_bytes):
        Path(path).write_bytes(b"evil")

    def close(self):
        pass


@pytest.mark.parametrize(
    "line",
    [
        b'lazyimp-host {"ok": {"state": "done", "sizes": 3}}',
        b"lazyimp-host",
        b"lazyimp-host {",
        b"lazyimp-host []",
        b'lazyimp-host {"error": 3}',
    ],
)
def test_answers_that_make_no_sense(line):
    with pytest.raises(ShipError, match="no sense"):
        talk.value_of("wait", line)


def test_what_a_host_says_cannot_steer_a_terminal():
    with pytest.raises(ShipError) as caught:
        talk.value_of("wait", b'lazyimp-host {"error": "a\\u001b[2Jb\\rc"}')
    assert str(caught.value) == "the host says: a?[2Jb?c"


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ([["../x", 4, "0", "/x"]], "leads out"),
        ([["x", 4, "0" * 64, "/x"]], "damaged"),
        ([["x"]], "no sense"),
        (["x"], "no sense"),
        ([3], "no sense"),
    ],
)
def test_a_lying_host_writes_nothing_here(tmp_path, answer, message):
    folder = tmp_path / "back"
    with pytest.raises(ShipError, match=message):
        fetch(Lying(answer), "j", str(folder))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
