"""Talks to the host part as a client does, line by line."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from run import clean_environment

from lazyimp.ship.channels import talk
from lazyimp.ship.hostzip import host_zip

MARK = "lazyimp-host "
RECORDED = {
    "main.py": "import helper, lazyimp, sys\nlazyimp.first_batch()\nprint(helper.VALUE)\n"
    "open('result.txt', 'w').write('r')\nsys.exit(3)\n",
    "helper.py": "VALUE = 41\n",
}
PYTHON = getattr(sys, "_base_executable", sys.executable)  # of which environments are made


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A disk of that size, mounted on a folder that is made; the test is skipped where nobody may mount one."""
    folder.mkdir(mode=0o700)
    words = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(words, capture_output=True, check=False).returncode == 0
    except OSError:
        mounted = False
    if not mounted:
        pytest.skip("nobody may mount a small disk here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


class Host:
    """The host part, with a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "host"
        name, data = host_zip()
        self.zip = folder / name
        self.zip.write_bytes(data)
        self.server: subprocess.Popen[str] | None = None

    def close(self) -> None:
        """End it; jobs go on."""
        if self.server is not None:
            self.server.communicate(timeout=30)

    def words(self, *more: str) -> list[str]:
        """The words that start it."""
        return [sys.executable, "-I", str(self.zip), str(self.root), *more]

    def answer(self, command: str, wish: dict[str, Any] | None = None) -> dict[str, Any]:
        """What it answers."""
        if self.server is None:
            self.server = subprocess.Popen(self.words("serve"), stdin=-1, stdout=-1, text=True)
        assert self.server.stdin is not None and self.server.stdout is not None
        self.server.stdin.write(json.dumps({"command": command, "wish": wish or {}}) + "\n")
        self.server.stdin.flush()
        line = self.server.stdout.readline()
        assert line.startswith(MARK), line
        answer: dict[str, Any] = json.loads(line[len(MARK) :])
        return answer

    def ask(self, command: str, wish: dict[str, Any] | None = None) -> Any:
        """The same, where it is not refused."""
        answer = self.answer(command, wish)
        assert "ok" in answer, answer
        return answer["ok"]

    def refusal(self, command: str, wish: dict[str, Any] | None = None) -> str:
        """Why it refuses."""
        return str(self.answer(command, wish)["error"])

    def blob(self, data: bytes) -> str:
        """A blob with this content."""
        name = hashlib.sha256(data).hexdigest()
        place = self.ask("upload", {"blob": name})
        Path(place["path"]).write_bytes(data)
        self.ask("adopt", {"blob": name, "name": place["name"]})
        return name

    def job(self, name: str, code: str, **wish: Any) -> dict[str, Any]:
        """Start a job that runs Python code."""
        words = [sys.executable, "-c", code]
        state: dict[str, Any] = self.ask("start", {"id": name, "command": words, **wish})
        return state

    def end(self, name: str) -> dict[str, Any]:
        """Its state once it has ended."""
        state: dict[str, Any] = self.ask("wait", {"id": name, "within_s": 30, "ended": True})
        return state


class Asked:
    """The way to that host part as a channel; raises ShipError for what it refuses."""

    def __init__(self, host: Host) -> None:
        self.host = host

    def ask(self, command: str, /, **wish: Any) -> Any:
        """What the host part answers."""
        line = f"{MARK}{json.dumps(self.host.answer(command, wish))}"
        return talk.value_of(command, line.encode())


def commands(folder: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs `lazyimp` with a cache of its own, in folder/project where no other is named."""
    environment = {**clean_environment(), "XDG_CACHE_HOME": str(folder / "cache")}
    (folder / "project").mkdir(exist_ok=True)

    def run(*words: object, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "lazyimp", *map(str, words)],
            cwd=cwd or folder / "project",
            env={**environment, **env},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture
def lazyimp(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a command in the project's folder."""
    return commands(tmp_path)


def record_program(
    folder: Path, run_python: Callable[..., Any], files: dict[str, str], status: int = 0, **switches: str
) -> Path:
    """Write a project into folder/project and run its main.py once; gives the record of that run."""
    project, record = folder / "project", folder / "record"
    project.mkdir(exist_ok=True)
    for name, text in files.items():
        (project / name).write_text(text)
    env = {"LAZYIMP_RECORD": str(record), **switches}
    done = run_python(project / "main.py", mode="safe", cwd=project, env=env, check=False)
    assert done.returncode == status, done.stderr
    return record


def tar(members: list[tuple[str, bytes] | tarfile.TarInfo]) -> bytes:
    """A tar.gz of files, or of what a TarInfo says."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as packed:
        for each in members:
            if isinstance(each, tarfile.TarInfo):
                packed.addfile(each, io.BytesIO(b"x" * each.size))
                continue
            member = tarfile.TarInfo(each[0])
            member.size = len(each[1])
            packed.addfile(member, io.BytesIO(each[1]))
    return made.getvalue()


def digest_of(files: dict[str, bytes]) -> str:
    """The digest of a part with these files."""
    lines = [f"{hashlib.sha256(data).hexdigest()} - {name}\n" for name, data in sorted(files.items())]
    return hashlib.sha256("".join(lines).encode()).hexdigest()
