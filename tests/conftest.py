"""Fixtures that run Python in fresh processes, with and without lazyimp, and compare what a user sees."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent / "semantics")]

from recording import FALLBACK, Recorder
from run import active_core, clean_environment, last_exception, normalise

MODES = ("safe", "deep", "all")
TIMEOUT_SECONDS = 120

# What a test writes into this folder counts as installed: modes safe and deep defer it whatever it does while
# it is imported, where the user's own modules that do something run at their import statement.
INSTALLED = "site-packages"

# A background job of a shell ignores interrupts, and so would the interpreters that the tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

RunPython = Callable[..., "subprocess.CompletedProcess[str]"]


@functools.cache
def cores() -> tuple[str, ...]:
    """The cores that `-X lazyimp` can use in this interpreter, the default one first."""
    first = active_core(sys.executable)
    found = [
        name
        for name in (first, "py")
        if name in ("c", "native", "py") and active_core(sys.executable, name) == name
    ]
    return tuple(dict.fromkeys(found)) or ("none",)


@pytest.fixture(params=cores())
def core(request: pytest.FixtureRequest) -> str:
    """Each core of this interpreter in turn."""
    if request.param == "none":
        pytest.fail(f"-X lazyimp activates no core in this interpreter: {active_core(sys.executable)}")
    return str(request.param)


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    """Each mode in turn."""
    return str(request.param)


@pytest.fixture
def run_python(tmp_path: Path) -> RunPython:
    """Run code, a script (a Path) or interpreter options (`-m`, ...) in a fresh interpreter."""

    def run(
        code_or_path: str | Path,
        *args: str | Path,
        mode: str | None = None,
        core: str | None = None,
        python: str | Path | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        check: bool = True,
        stdin: str = "",
    ) -> subprocess.CompletedProcess[str]:
        environment = clean_environment()
        if core is not None:
            environment["LAZYIMP_CORE"] = core
        if (tmp_path / INSTALLED).is_dir():
            environment["PYTHONPATH"] = str(tmp_path / INSTALLED)
        environment.update(env or {})
        what = [str(code_or_path)]
        if isinstance(code_or_path, str) and not code_or_path.startswith("-"):
            what = ["-c", textwrap.dedent(code_or_path)]
        switches = [] if mode is None else ["-X", f"lazyimp={mode}"]
        done = subprocess.run(
            [str(python or sys.executable), *switches, *what, *map(str, args)],
            cwd=cwd or tmp_path,
            env=environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        if check and done.returncode:
            pytest.fail(f"status {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    return run


@pytest.fixture(params=[cores()[0], FALLBACK])
def recorder(request: pytest.FixtureRequest, run_python: RunPython, tmp_path: Path) -> Recorder:
    """Runs recorded programs, with the extension and without."""
    return Recorder(run_python, tmp_path, str(request.param))


@pytest.fixture(params=[*cores(), FALLBACK])
def lazy_recorder(request: pytest.FixtureRequest, run_python: RunPython, tmp_path: Path) -> Recorder:
    """The same, with each core in turn."""
    return Recorder(run_python, tmp_path, str(request.param))


@pytest.fixture
def command_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """`lazyimp ...` in this process, in the test's folder and with a cache of its own."""
    from lazyimp.cli import main

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)

    def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
        capfd.readouterr()
        status = main([*map(str, words)])
        out, err = capfd.readouterr()
        return subprocess.CompletedProcess(words, status, out, err)

    return run


@pytest.fixture
def write(tmp_path: Path) -> Callable[[Mapping[str, str]], Path]:
    """Write small modules into the test's folder; gives the path of main.py."""

    def write_files(files: Mapping[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text).lstrip("\n"))
        return tmp_path / "main.py"

    return write_files


@pytest.fixture
def run_beside(write: Callable[[Mapping[str, str]], Path], run_python: RunPython) -> Callable[..., list[str]]:
    """Run a program beside small modules (`a__b` is a/b.py, `a__INIT` a package's own); gives its lines."""

    def run_program(program: str, **modules: str) -> list[str]:
        files = {
            name.replace("__", "/").replace("INIT", "__init__") + ".py": text
            for name, text in modules.items()
        }
        main = write({**files, "main.py": "pass"})
        main.write_text(program)
        return run_python(main).stdout.split("\n")[:-1]

    return run_program


@pytest.fixture
def compare(tmp_path: Path) -> Callable[..., None]:
    """Assert that an eager and a lazy run show a user the same."""

    def compare_runs(
        eager: subprocess.CompletedProcess[str], lazy: subprocess.CompletedProcess[str], *, late: bool = False
    ) -> None:
        def seen(done: subprocess.CompletedProcess[str]) -> tuple[str, str, int]:
            stderr = normalise(done.stderr, tmp_path)
            return (
                normalise(done.stdout, tmp_path),
                last_exception(stderr) if late else stderr,
                done.returncode,
            )

        assert seen(lazy) == seen(eager)

    return compare_runs


@pytest.fixture(autouse=True)
def no_hook_here() -> Iterator[None]:
    """The test process itself never has lazyimp's hook installed."""
    yield
    assert "lazyimp" not in sys._xoptions
    assert not os.environ.get("LAZYIMP")
    foreign = [finder for finder in sys.meta_path if (type(finder).__module__ or "").startswith("lazyimp")]
    assert not foreign, f"lazyimp's finder is installed in the test process: {foreign}"
    startup = sys.modules.get("lazyimp._startup")
    current = getattr(startup, "core", None)
    assert current is None or not current.is_enabled()
