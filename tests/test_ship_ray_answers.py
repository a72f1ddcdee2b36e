"""A Ray dashboard that is not there, is something else, hangs or lies; and addresses and headers that make no sense."""

import json
import socket
import time

import pytest
import ray_stand_in

from lazyimp.ship.channels import Access, open_channel
from lazyimp.ship.errors import LostError, ShipError
from lazyimp.ship.following import Follower, fetch
from lazyimp.ship.ray import address, api

dashboard, channel = ray_stand_in.dashboard, ray_stand_in.channel


def start(channel, code="print('x')"):
    return ray_stand_in.start(channel, "j", code, outputs=("*",))


def end(channel):
    return Follower(lambda: channel, "j", channel).follow(lambda *_: None)


@pytest.mark.parametrize(
    ("destination", "url"),
    [
        ("ray+http://h:1", "http://h:1"),
        ("ray+http://h", "http://h:8265"),
        ("ray+https://h/ray/", "https://h/ray"),
        ("https://h/ray", "https://h/ray"),
        ("http://[::1]:9", "http://[::1]:9"),
        ("ray://h:10001", "http://h:8265"),
        ("ray://h?dashboard=9", "http://h:9"),
    ],
)
def test_addresses(destination, url):
    assert address.parse(destination).url == url


@pytest.mark.parametrize(
    ("destination", "message"),
    [
        ("ray+http://u:hunter2@h", "seen by everybody"),
        ("ray+http://", "names no host"),
        ("ray+http://h:x", "no destination"),
        ("ray+http://h?gpu=1", "did you mean 'gpus'"),
        ("ray+http://h?gpus=two", "nothing that Ray takes"),
        ("ray+http://h?gpus=1G", "nothing that Ray takes"),
        ("ray+http://h?dashboard=1", "for ray:// addresses"),
    ],
)
def test_addresses_that_are_none(destination, message):
    with pytest.raises(ShipError, match=message) as caught:
        address.parse(destination)
    assert "hunter2" not in str(caught.value)


def test_a_token_and_headers_are_sent_and_never_to_where_we_are_sent_on(dashboard, tmp_path, monkeypatch):
    monkeypatch.setenv("RAY_AUTH_TOKEN", "t0k")
    monkeypatch.setenv("RAY_JOB_HEADERS", '{"x-a": "b"}')
    open_channel(f"ray+{dashboard.url}", Access())
    assert dashboard.seen[0][1]["Authorization"] == "Bearer t0k" and dashboard.seen[0][1]["X-A"] == "b"
    dashboard.instead["GET /api/version"] = (302, f"{dashboard.url}/elsewhere".encode())
    with pytest.raises(ShipError, match=r"sends us on to .*elsewhere"):
        open_channel(f"ray+{dashboard.url}", Access())
    assert not [what for what, _ in dashboard.seen if "elsewhere" in what]


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"RAY_JOB_HEADERS": "x"}, "no JSON object"),
        ({"RAY_JOB_HEADERS": "[1]"}, "no JSON object"),
        ({"RAY_AUTH_TOKEN": "a\nb"}, "line's end"),
        ({"RAY_AUTH_TOKEN_PATH": "/nope/token"}, "cannot read the cluster's token"),
        ({"RAY_AUTH_MODE": "token", "HOME": "/nope"}, "cannot read the cluster's token"),
    ],
)
def test_headers_that_make_no_sense(environ, message):
    with pytest.raises(ShipError, match=message):
        address.headers(environ)


def test_a_token_from_a_file(tmp_path):
    (tmp_path / "token").write_text("abc\n")
    assert address.headers({"RAY_AUTH_TOKEN_PATH": str(tmp_path / "token")}) == {
        "Authorization": "Bearer abc"
    }
    assert address.headers({"HOME": str(tmp_path)}) == {}
    (tmp_path / ".ray").mkdir()
    (tmp_path / ".ray" / "auth_token").write_text("kept")
    assert address.headers({"HOME": str(tmp_path)}) == {"Authorization": "Bearer kept"}
    assert address.headers({"HOME": str(tmp_path), "RAY_AUTH_MODE": "disabled"}) == {}


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((200, b"<html>hello</html>"), "answers no JSON"),
        ((200, b"[]"), "no dashboard of Ray"),
        ((200, b"[" * 100_000), "answers no JSON"),
        ((200, b'{"ray_version": 3}'), "no dashboard of Ray"),
        ((401, b""), "RAY_AUTH_TOKEN"),
        ((503, b"\x1b[2Jbusy"), r"answers 503: \?\[2Jbusy"),
        ((200, b" " * ((16 << 20) + 9)), "answers without end"),
    ],
)
def test_what_is_no_dashboard(dashboard, answer, message):
    dashboard.instead["GET /api/version"] = answer
    with pytest.raises(ShipError, match=message):
        open_channel(f"ray+{dashboard.url}", Access())


def _closed_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def test_nobody_there():
    port = _closed_port()
    with pytest.raises(ShipError, match=r"cannot reach http://127.0.0.1"):
        open_channel(f"ray+http://127.0.0.1:{port}", Access())
    with pytest.raises(ShipError, match=r"Ray's port for clients; .*ray\+http://host:port"):
        open_channel(f"ray://127.0.0.1:10001?dashboard={port}", Access())


def test_a_dashboard_that_hangs(dashboard, channel, monkeypatch):
    monkeypatch.setattr(api, "ANSWER_S", 0.2)

    def hang():
        time.sleep(1)
        return 200, b"{}"

    dashboard.instead["GET /api/jobs/"] = hang
    with pytest.raises(LostError, match=r"cannot reach .*timed out"):
        api.Api(dashboard.url, {})._open("GET", "/api/jobs/", within_s=0.2)


@pytest.mark.parametrize(
    ("key", "answer", "message"),
    [
        (
            "POST /api/jobs/",
            (500, b"Traceback\nValueError: no such resource"),
            "does not take the job: .*no such",
        ),
        ("PUT /api/packages", (500, b"Traceback\nRuntimeError: too large"), "500: .*too large"),
        ("GET /api/packages", (500, b"no"), "answers 500"),
        ("GET /api/jobs/j", (200, b"[]"), "makes no sense"),
        ("GET /api/jobs/j", (200, b'{"status": 3}'), "makes no sense"),
        ("GET /api/jobs/j", (200, b"{"), "answers no JSON"),
    ],
)
def test_a_dashboard_that_fails_while_a_job_is_handed_over(dashboard, channel, key, answer, message):
    dashboard.instead[key] = answer
    with pytest.raises(ShipError, match=message):
        start(channel)


def test_a_list_of_jobs_that_is_none(dashboard, channel):
    dashboard.instead["GET /api/jobs/"] = (200, b"{}")
    with pytest.raises(ShipError, match="lists no jobs"):
        channel.ask("list")


NO_STATES = (
    *("{", "[]", "[1]", '{"sizes": 1}', '{"sizes": {"out": -1, "err": 0}}'),
    *('{"sizes": {"out": true, "err": 0}}', '{"started_ns": "1", "sizes": {"out": 0, "err": 0}}'),
)
LYING_LISTS = (
    ([["../x", 1, "0" * 64, "lazyimp/j/now.json"]], "leads out"),
    ([["x", 1, "0" * 64, "lazyimp/j/now.json"]], "sends more than the 1 bytes"),
    ([["x", 10**9, "0" * 64, "lazyimp/j/now.json"]], "damaged"),
    ([["x", 1, "0" * 64, "gone"]], "no more"),
    ([["x", "1", "0" * 64, "gone"]], "makes no sense"),
    ({"a": 1}, "makes no sense"),
)


def test_files_of_a_job_that_make_no_sense_or_lie_write_nothing(dashboard, channel, tmp_path):
    start(channel)
    end(channel)
    folder = dashboard.session / "logs" / "lazyimp" / "j"
    for rows, message in LYING_LISTS:
        (folder / "outputs.json").write_text(json.dumps(rows))
        with pytest.raises(ShipError, match=message):
            fetch(channel, "j", str(tmp_path / "back"))
    assert not [path for path in (tmp_path / "back").rglob("*") if path.is_file()]
    for value in NO_STATES:
        (folder / "now.json").write_text(value)
        with pytest.raises(ShipError, match="something else wrote it"):
            channel.ask("state", id="j")


def test_results_of_a_job_that_never_began(dashboard, channel, tmp_path):
    dashboard.may_start.clear()
    start(channel)
    with pytest.raises(ShipError, match="has left no list of outputs"):
        fetch(channel, "j", str(tmp_path / "back"))


def test_a_follower_comes_back_after_the_dashboard_was_away(dashboard, channel):
    start(channel, "import time; print('a', flush=True); time.sleep(1); print('b')")
    answers = [(200, b"{"), None]
    got = []

    def once():
        if answers:
            answers.pop()
            raise ConnectionResetError
        dashboard.instead.clear()
        return dashboard.answer("GET", "/api/jobs/j", b"")

    dashboard.instead["GET /api/jobs/j"] = once
    follower = Follower(lambda: open_channel(f"ray+{dashboard.url}", Access()), "j", channel)
    state = follower.follow(lambda stream, data: got.append(data))
    assert state["state"] == "done" and b"".join(got) == b"a\nb\n"
