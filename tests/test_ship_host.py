"""The host part: what it unpacks, refuses and builds, and how jobs run, end and are asked about."""

import base64
import gzip
import hashlib
import json
import os
import pwd
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest
from shipping import MARK, Host, digest_of, tar


@pytest.fixture
def host(tmp_path):
    made = Host(tmp_path)
    yield made
    made.close()


def member(name, kind=tarfile.REGTYPE, size=0, link=""):
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname = kind, size, link
    return info


HOSTILE = {
    "absolute": [("/etc/x", b"x")],
    "up": [("a/../../x", b"x")],
    "dot": [("./x", b"x")],
    "drive": [("C:x", b"x")],
    "link": [member("a", tarfile.SYMTYPE, link="/etc"), ("a/x", b"x")],
    "hard link": [member("a", tarfile.LNKTYPE, link="/etc/passwd")],
    "device": [member("a", tarfile.CHRTYPE)],
    "pipe": [member("a", tarfile.FIFOTYPE)],
    "twice": [("a", b"1"), ("a", b"2")],
    "case": [("a", b"1"), ("A", b"2")],
    "case of a folder": [("a/x", b"1"), ("A/y", b"2")],
    "normal form": [("\u00e9", b"1"), ("e\u0301", b"2")],
    "file and folder": [("a", b"1"), ("a/b", b"2")],
    "bomb": [("a", bytes(80 << 20))],
}


@pytest.mark.parametrize("members", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_archives_are_refused_and_leave_nothing(host, members):
    blob = host.blob(tar(members))
    assert host.refusal("unpack", {"digest": "0" * 64, "blob": blob})
    assert os.listdir(host.root / "code") == os.listdir(host.root / "tmp") == []


@pytest.mark.parametrize(
    "data", [b"garbage", gzip.compress(b"garbage" * 200), tar([("a", b"x" * 9999)])[:-20]]
)
def test_damaged_archives_are_refused(host, data):
    assert "unpacked" in host.refusal("unpack", {"digest": "0" * 64, "blob": host.blob(data)})


def test_a_part_is_what_its_digest_says(host):
    files = {"a.py": b"1", "p/b.py": b"2"}
    blob, digest = host.blob(tar(list(files.items()))), digest_of(files)
    assert "other files" in host.refusal("unpack", {"digest": "0" * 64, "blob": blob})
    assert host.ask("unpack", {"digest": digest, "blob": blob}) == {"reused": False}
    assert (host.root / "code" / digest / "p" / "b.py").read_bytes() == b"2"
    assert host.ask("unpack", {"digest": digest, "blob": blob}) == {"reused": True}


def test_files_that_a_part_holds_need_not_travel_again(host):
    old, new = {"a.py": b"1", "b.py": b"2"}, {"a.py": b"1", "b.py": b"3"}
    host.ask("unpack", {"digest": digest_of(old), "blob": host.blob(tar(list(old.items())))})
    hashes = dict(zip(new, map(_sha, new.values()), strict=True))
    assert host.ask("files", {"files": list(hashes.values())}) == [hashes["b.py"]]
    wish = {"digest": digest_of(new), "blob": host.blob(tar([("b.py", b"3")]))}
    host.ask("unpack", {**wish, "held": [["a.py", hashes["a.py"], False]]})
    assert (host.root / "code" / digest_of(new) / "a.py").read_bytes() == b"1"
    assert "leads out" in host.refusal(
        "unpack", {"digest": "1" * 64, "held": [["../a", hashes["a.py"], False]]}
    )


def _sha(data):
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("name", ["../x", "/etc", "", ".", "a/b", "x" * 200, "a\n"])
def test_names_that_lead_elsewhere_are_refused(host, name):
    assert "no name" in host.refusal("state", {"id": name})
    assert "no name" in host.refusal("upload", {"blob": name})


def test_a_damaged_upload_is_thrown_away(host):
    place = host.ask("upload", {"blob": "0" * 64})
    Path(place["path"]).write_bytes(b"other")
    assert "damaged" in host.refusal("adopt", {"blob": "0" * 64, "name": place["name"]})
    assert not Path(place["path"]).exists()


def test_an_interrupted_upload_goes_on_and_a_live_one_is_left_alone(host):
    first = host.ask("upload", {"blob": "0" * 64})
    Path(first["path"]).write_bytes(b"half")
    assert host.ask("upload", {"blob": "0" * 64})["have"] == 0
    os.utime(first["path"], (1, 1))
    again = host.ask("upload", {"blob": "0" * 64})
    assert again["have"] == 4 and Path(again["path"]).read_bytes() == b"half"


def test_a_folder_that_others_may_write_to_is_refused(host):
    host.root.mkdir()
    host.root.chmod(0o777)
    done = subprocess.run(host.words("hello"), input="{}", capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "others" in done.stdout


def test_output_is_kept_byte_for_byte_and_the_status_is_the_commands(host):
    code = (
        "import sys; sys.stdout.buffer.write(bytes(range(256)) + b'10%\\r20%\\r'); "
        "sys.stderr.buffer.write(b'\\xff'); raise SystemExit(7)"
    )
    host.job("j", code)
    state = host.end("j")
    assert (state["state"], state["status"], state["sizes"]) == ("failed", 7, {"out": 264, "err": 1})
    out = base64.b64decode(host.ask("read", {"id": "j", "offset": 250})["data"])
    assert out == bytes(range(250, 256)) + b"10%\r20%\r"
    assert "there already" in host.refusal("start", {"id": "j", "command": ["true"]})


def test_the_hosts_own_python_goes_by_either_name(host, tmp_path):
    (tmp_path / "bin").mkdir()
    for name in ("python3", "python"):  # the second one goes before the first
        (tmp_path / "bin" / name).write_text(f"#!/bin/sh\necho {name}")
        (tmp_path / "bin" / name).chmod(0o755)
        wish = {"id": name, "command": ["{python}"], "env": {"PATH": f"{tmp_path}/bin:/bin:/usr/bin"}}
        text = json.dumps(wish)
        env = {**os.environ, "PATH": f"{tmp_path}/bin"}
        subprocess.run(host.words("start"), input=text, env=env, text=True, check=True, capture_output=True)
        host.end(name)
        assert _out(host, name) == f"{name}\n"


def test_a_command_that_cannot_start_says_so(host):
    host.ask("start", {"id": "j", "command": ["/no/such/command"]})
    assert host.end("j")["status"] == 127
    assert b"/no/such/command" in base64.b64decode(host.ask("read", {"id": "j", "stream": "err"})["data"])


def test_secrets_reach_the_job_and_stay_nowhere(host):
    host.job("j", "import os; print(len(os.environ['TOKEN']))", secrets={"TOKEN": "hunter2"})
    assert host.end("j")["status"] == 0
    kept = [path for path in host.root.rglob("*") if path.is_file()]
    assert not [path for path in kept if b"hunter2" in path.read_bytes()]


POLITE = (
    "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: (print('bye'), sys.exit(3))); "
    "print('up', flush=True); time.sleep(60)"
)
STUBBORN = (
    "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); "
    "print(child.pid, flush=True); time.sleep(60)"
)


def _out(host, name, within_s=20):
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        text = (host.root / "jobs" / name / "out.log").read_text()
        if text:
            return text
        time.sleep(0.02)
    raise AssertionError("no output")


def test_cancel_asks_first(host):
    host.job("j", POLITE)
    _out(host, "j")
    state = host.ask("cancel", {"id": "j", "grace_s": 20})
    assert (state["state"], state["status"]) == ("cancelled", 3)
    assert _out(host, "j") == "up\nbye\n"


def test_cancel_kills_the_whole_group_in_the_end(host):
    host.job("j", STUBBORN)
    child = int(_out(host, "j"))
    state = host.ask("cancel", {"id": "j", "grace_s": 0.1})
    assert (state["state"], state["status"]) == ("cancelled", -signal.SIGKILL)
    _gone(child)


def test_a_time_limit_ends_a_job(host):
    host.job("j", POLITE, limit_s=1.5, grace_s=10)
    state = host.end("j")
    assert (state["state"], state["status"]) == ("timeout", 3)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="tells processes apart by /proc")
def test_a_job_whose_supervisor_was_killed_is_lost_and_can_be_ended(host):
    state = host.job("j", STUBBORN)
    _out(host, "j")
    os.kill(state["supervisor"], signal.SIGKILL)
    assert host.end("j")["state"] == "lost"
    host.ask("cancel", {"id": "j"})
    _gone(state["group"])


def _gone(pid):
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            with open(f"/proc/{pid}/stat") as file:
                if file.read().rpartition(")")[2].split()[0] == "Z":
                    return
        except OSError:
            return
        time.sleep(0.02)
    raise AssertionError(f"{pid} still runs")


def test_a_job_outlives_whoever_started_it(host):
    with subprocess.Popen(host.words("serve"), stdin=-1, stdout=-1, text=True) as client:
        words = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(0.5); print('end')"]
        client.stdin.write(json.dumps({"command": "start", "wish": {"id": "j", "command": words}}) + "\n")
        client.stdin.flush()
        assert client.stdout.readline()
        client.kill()
    assert host.end("j")["status"] == 0 and _out(host, "j") == "up\nend\n"


def test_outputs_are_those_that_match_and_no_links(host):
    code = (
        "import os; os.mkdir('o'); open('o/a','w').write('1'); open('b','w'); os.symlink('/etc/passwd','o/l')"
    )
    host.job("j", code, outputs=["o/**", "o"])
    host.end("j")
    assert [row[:2] for row in host.ask("outputs", {"id": "j"}) if row[3]] == [["o/a", 1]]
    host.job("k", "pass", outputs=["../*"])
    host.end("k")
    assert "leads out" in host.refusal("outputs", {"id": "k"})


def test_inputs_lie_in_the_working_folder_and_stay_in_it(host):
    blob = host.blob(b"data")
    host.job("j", "print(open('d/x').read())", inputs={"d/x": blob})
    assert host.end("j")["status"] == 0 and _out(host, "j") == "data\n"
    assert "leads out" in host.refusal("start", {"id": "k", "command": ["true"], "inputs": {"../x": blob}})
    assert os.listdir(host.root / "jobs") == ["j"]


def test_the_sweep_spares_what_is_used_or_new(host):
    used, old, new = host.blob(b"used"), host.blob(b"old"), host.blob(b"new")
    host.job("j", "pass", inputs={"x": used})
    host.end("j")
    for blob in (used, old):
        os.utime(host.root / "blobs" / blob, (1, 1))
    assert host.ask("sweep", {"older_s": 3600}) == [f"blobs/{old}"]
    assert host.ask("missing", {"blobs": [used, old, new]})["blobs"] == [old]
    assert host.ask("sweep", {"older_s": 0}) == ["jobs/j"]


def test_two_builders_make_one_environment(host):
    wish = {"name": "e", "python": sys.executable}
    with subprocess.Popen(host.words("build"), stdin=-1, stdout=-1, text=True) as other:
        other.stdin.write(json.dumps(wish))
        other.stdin.close()
        mine = host.ask("build", wish)
        theirs = json.loads(other.stdout.read()[len("lazyimp-host ") :])["ok"]
    assert sorted([mine["reused"], theirs["reused"]]) == [False, True]
    assert os.listdir(host.root / "tmp") == []


def test_an_environment_that_cannot_be_built_leaves_nothing(host):
    assert "no such Python" in host.refusal("build", {"name": "e", "python": "/no/such/python"})
    assert os.listdir(host.root / "envs") == os.listdir(host.root / "tmp") == []


def test_the_values_of_variables_are_the_users(host):
    host.job("j", "import os; print(os.environ['A'])", env={"A": "{job} {now_ns}"})
    assert host.end("j")["status"] == 0 and _out(host, "j") == "{job} {now_ns}\n"


def test_a_job_keeps_its_bytecode_unless_it_says_otherwise(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    host = Host(tmp_path)
    code = "import sys; raise SystemExit(sys.dont_write_bytecode)"
    host.job("j", code)
    host.job("k", code, env={"PYTHONDONTWRITEBYTECODE": "1"})
    assert (host.end("j")["status"], host.end("k")["status"]) == (0, 1)
    host.close()


def test_it_is_unpacked_once_beside_itself_and_keeps_a_way_to_its_interpreter(tmp_path):
    first, second = Host(tmp_path), Host(tmp_path)
    folder = tmp_path / second.zip.stem
    starts = [subprocess.Popen(first.words("time"), stdin=subprocess.DEVNULL, stdout=-1) for _ in range(2)]
    assert all(each.communicate(timeout=30)[0].startswith(b"lazyimp-host") for each in starts)
    assert (folder / "lazyimp" / "ship" / "host" / "jobs.py").is_file()
    assert (tmp_path / "python3").resolve() == Path(sys.executable).resolve()
    assert [path for path in tmp_path.iterdir() if path.name.startswith(".host-")] == []


def test_a_folder_that_nobody_may_write_to_is_no_hindrance(tmp_path):
    host = Host(tmp_path)
    (tmp_path / host.zip.stem).write_text("a file in its way")
    assert host.ask("time") > 0
    host.close()


def test_the_supervisor_holds_nothing_of_the_clients_open(host):
    """Whoever waits for the end of the client's output does not wait for the job."""
    words = {"id": "j", "command": [sys.executable, "-c", "import time; time.sleep(30)"]}
    done = subprocess.run(
        host.words("start"), input=json.dumps(words), capture_output=True, text=True, timeout=20, check=True
    )
    state = json.loads(done.stdout.partition(" ")[2])["ok"]
    assert state["state"] == "running" and os.getsid(state["supervisor"]) != os.getsid(0)
    assert host.ask("cancel", {"id": "j", "grace_s": 5})["state"] == "cancelled"


def test_a_home_that_is_not_there_is_looked_up(host):
    home = pwd.getpwuid(os.geteuid()).pw_dir
    for there, expected in (("/no/such/h\xc3\xbcme", home), (str(host.root.parent), str(host.root.parent))):
        words = host.words("start")
        name = f"j{len(there)}"
        wish = {"id": name, "command": [sys.executable, "-c", "import os; print(os.environ['HOME'])"]}
        env = {**os.environ, "HOME": there}
        subprocess.run(words, input=json.dumps(wish), env=env, text=True, check=True, capture_output=True)
        assert host.end(name)["status"] == 0
        assert _out(host, name) == f"{expected}\n"


def test_a_python_that_is_too_old_is_told(host):
    code = (
        "import runpy, sys; sys.version_info = (3, 7, 3, 'final', 0); "
        f"sys.argv = [{str(host.zip)!r}, {str(host.root)!r}, 'serve']; runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, input="", check=False
    )
    answer = json.loads(done.stdout.removeprefix(MARK))
    assert (done.returncode, done.stderr) == (1, "") and "python3 is Python 3.7 here" in answer["error"]
