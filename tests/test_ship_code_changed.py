"""Code on a host is what was sent: a job that changes it does not change what the next one runs."""

import hashlib
import sys
import time

import pytest
from shipping import Host, digest_of, tar

FILES = {"a.py": b"VALUE = 1\n", "p/b.txt": b"old"}
DIGEST = digest_of(FILES)


@pytest.fixture
def host(tmp_path):
    made = Host(tmp_path)
    made.ask("unpack", {"digest": DIGEST, "blob": made.blob(tar(list(FILES.items())))})
    yield made
    made.close()


def change(host, code):
    _start(host, "j", code)
    assert host.end("j")["status"] == 0


def _start(host, name, code):
    """A job that begins in the folder of its code."""
    words = [sys.executable, "-c", f"import os; os.chdir(os.environ['PYTHONPATH'].split(':')[0]); {code}"]
    host.ask("start", {"id": name, "command": words, "code": [DIGEST]})


@pytest.mark.parametrize(
    "code",
    [
        "open('a.py', 'w').write('VALUE = 2')",
        "open('a.py', 'w').write('VALUE = 2\\n'); os.utime('a.py', (1, 1))",  # as long as it was, and older
        "os.remove('p/b.txt')",
        "os.remove('a.py'); os.symlink('/etc/passwd', 'a.py')",
    ],
)
def test_what_a_job_has_changed_is_sent_again(host, code):
    change(host, code)
    assert host.ask("missing", {"code": [DIGEST]})["code"] == [DIGEST]
    hashes = sorted(map(_sha, FILES.values()))
    assert host.ask("files", {"files": hashes}) == hashes
    host.ask("unpack", {"digest": DIGEST, "blob": host.blob(tar(list(FILES.items())))})
    assert (host.root / "code" / DIGEST / "a.py").read_bytes() == FILES["a.py"]


def test_what_a_job_adds_or_only_touches_is_no_change(host):
    change(host, "open('more', 'w'); os.utime('a.py'); os.mkdir('__pycache__')")
    assert host.ask("missing", {"code": [DIGEST]})["code"] == []


def test_code_that_a_running_job_has_changed_is_left_to_it(host):
    _start(host, "k", "import time; open('a.py', 'w'); print(1, flush=True); time.sleep(60)")
    end = time.monotonic() + 20
    while not (host.root / "jobs" / "k" / "out.log").read_text() and time.monotonic() < end:
        time.sleep(0.02)
    told = host.refusal("missing", {"code": [DIGEST]})
    assert "job 'k', which runs, has changed 'a.py' of the code that it runs from" in told
    host.ask("cancel", {"id": "k", "grace_s": 1})
    assert host.ask("missing", {"code": [DIGEST]})["code"] == [DIGEST]


def _sha(data):
    return hashlib.sha256(data).hexdigest()
