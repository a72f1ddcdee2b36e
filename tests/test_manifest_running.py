"""Something that still runs: a process that records, one that can be asked, one that can not."""

import os
import subprocess
import sys

import pytest
from installed import found, install, manifest_of
from run import clean_environment

from lazyimp.errors import UsageError
from lazyimp.manifest.running import of_process, of_this_process

WAITS = "import thing, time\nprint('up', flush=True)\nwhile True:\n    time.sleep(0.01)\n"


@pytest.fixture
def started(tmp_path, write):
    """A process of main.py, which has loaded a distribution's module and goes on."""
    (tmp_path / "site-packages").mkdir()
    install(tmp_path / "site-packages", "thing", "1", {"thing.py": "x = 1\n"})
    write({"main.py": WAITS})
    running = []

    def start(**variables):
        env = {**clean_environment(), "PYTHONPATH": str(tmp_path / "site-packages"), **variables}
        words = [sys.executable, str(tmp_path / "main.py")]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, env=env, cwd=tmp_path)
        running.append(process)
        assert process.stdout.readline().strip() == b"up"
        return process.pid

    yield start
    for process in running:
        process.kill()
        process.communicate()


def told(manifest):
    return "thing" in found(manifest), {file.name for part in manifest.local for file in part.files}


def test_this_process(tmp_path):
    record = of_this_process(before=list(sys.modules), main={"kind": "notebook", "name": ""})
    assert not manifest_of(record).requirements
    names = found(manifest_of(of_this_process()))
    assert "pytest" in names and "lazyimp-runtime" not in names


@pytest.mark.skipif(not os.path.exists("/proc/self/environ"), reason="needs /proc")
def test_a_process_that_records(started, monkeypatch):
    """Read from its record, also where it cannot be asked."""
    pid = started(LAZYIMP="off", LAZYIMP_RECORD="run.jsonl", LAZYIMP_RECORD_FILES="1")
    monkeypatch.delattr(sys, "remote_exec", raising=False)
    manifest = manifest_of(of_process(pid), static=True)  # the last lines of it may not be written yet
    assert told(manifest) == (True, {"main.py"}) and not manifest.complete


@pytest.mark.skipif(not hasattr(sys, "remote_exec"), reason="CPython 3.14 can be asked")
def test_a_process_that_is_asked(started):
    try:
        record = of_process(started())
    except UsageError as error:
        if "cannot be asked" in str(error):
            pytest.skip(str(error))
        raise
    manifest = manifest_of(record)
    assert told(manifest) == (True, {"main.py"}) and not manifest.complete


def test_a_process_that_cannot_be_asked(started, monkeypatch):
    monkeypatch.delattr(sys, "remote_exec", raising=False)
    with pytest.raises(UsageError, match=r"is not recorded.*LAZYIMP_RECORD"):
        of_process(started())


def test_no_process():
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    with pytest.raises(UsageError, match=f"no process {child.pid}"):
        of_process(child.pid)


def test_the_command(started, tmp_path):
    pid = started(LAZYIMP="off", LAZYIMP_RECORD=str(tmp_path / "run.jsonl"))
    words = [sys.executable, "-m", "lazyimp", "manifest", "--pid", str(pid)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=clean_environment())
    assert done.returncode == 0 and "still runs" in done.stderr and "thing" in done.stdout
    both = subprocess.run([*words, "x"], capture_output=True, text=True, check=False, env=clean_environment())
    assert both.returncode != 0 and "either a file" in both.stderr


def test_what_only_claims_to_be_a_module(monkeypatch):
    """As the libraries that cffi makes do."""

    class Claims:
        __class__ = type(sys)

    monkeypatch.setitem(sys.modules, "claims", Claims())
    record = of_this_process(before=list(sys.modules), main={"kind": "notebook", "name": ""})
    assert all(each.name != "claims" or not each.origin for each in record.imports)
