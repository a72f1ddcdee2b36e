"""A follower whose connection is lost comes back for a while, and says how to come back later."""

import sys

import pytest
from shipping import commands

from lazyimp.ship import following
from lazyimp.ship.errors import LostError
from lazyimp.ship.following import Follower

ENDED = {"id": "j", "state": "done", "status": 0, "sizes": {"out": 0, "err": 0}}


class Gone:
    """A connection that breaks."""

    def ask(self, command, /, **wish):
        raise LostError("the connection to h is lost")

    def close(self):
        pass


class Back(Gone):
    """One that works."""

    def ask(self, command, /, **wish):
        return ENDED


@pytest.fixture
def pauses(monkeypatch):
    made = []
    monkeypatch.setattr(following.time, "sleep", made.append)
    return made


def away(times):
    left = [times]

    def connect():
        if left[0]:
            left[0] -= 1
            raise LostError("cannot reach h: refused")
        return Back()

    return connect


def test_it_comes_back_after_a_minute(pauses):
    told = []
    follower = Follower(away(10), "j", Gone(), told.append)
    assert follower.follow(lambda *_: None)["state"] == "done"
    assert sum(pauses) > 45 and len(told) == 1
    assert told[0] == "the connection to h is lost; the job goes on, and this tries to come back"


def test_it_gives_up_in_the_end_and_says_how_to_come_back(pauses):
    with pytest.raises(LostError) as caught:
        Follower(away(1000), "j", Gone()).follow(lambda *_: None)
    assert "refused; the job goes on, `lazyimp job attach j` comes back to it" in str(caught.value)
    assert 90 < sum(pauses) < 300


def test_a_host_that_was_never_reached_is_not_waited_for(pauses):
    with pytest.raises(LostError) as caught:
        Follower(away(1000), "j").follow(lambda *_: None)
    assert str(caught.value) == "cannot reach h: refused" and pauses == []


def test_outputs_that_cannot_be_written_can_be_had_later(tmp_path):
    lazyimp = commands(tmp_path)
    (tmp_path / "project" / "back").write_text("a file")
    code = "open('a', 'w'); raise SystemExit(3)"
    words = ["--to", "local:there", "--output", "a", "--into", "back", "--", sys.executable, "-c", code]
    done = lazyimp("job", "run", *words)
    assert done.returncode == 1 and "cannot write" in done.stderr
    assert "the job has ended (failed, exit status 3); `lazyimp job get " in done.stderr
