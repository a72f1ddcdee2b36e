"""In a child that the plugin has started: runs the tests it is told to and writes down what came of each.

The order is a JSON file: `ids` are the tests to run, `out` is where to write. What is written is JSON Lines: first
{"core", "mode", "refusal"}, then for each test {"id", "outcome", "message"}; so a child that dies leaves what it
came to.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from lazyimp.integrations.pytest_fresh import path_for_children
from lazyimp.record import Record, read_record

START = "import sys; sys.path[:] = [each for each in sys.path if each]; import pytest; sys.exit(pytest.console_main())"


class Child:
    """The plugin that is at work in the child."""

    def __init__(self, order: str) -> None:
        with open(order, encoding="utf-8") as file:
            self._order: dict[str, Any] = json.load(file)
        self._ids = set(self._order["ids"])
        self._outcomes: dict[str, tuple[str, str]] = {}

    def pytest_configure(self, config: pytest.Config) -> None:
        """Say how lazy we are."""
        if not hasattr(config, "workerinput"):
            import lazyimp

            status = lazyimp.status()
            self._write({key: status[key] for key in ("core", "mode", "refusal")})

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Leave out what the parent did not run."""
        out = [item for item in items if item.nodeid not in self._ids]
        items[:] = [item for item in items if item.nodeid in self._ids]
        if out:
            config.hook.pytest_deselected(items=out)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the outcome, once the test is over."""
        note_outcome(self._outcomes, report)
        if report.when == "teardown" and not os.environ.get("PYTEST_XDIST_WORKER"):
            outcome, message = self._outcomes.pop(report.nodeid)
            self._write({"id": report.nodeid, "outcome": outcome, "message": message})

    def _write(self, row: Mapping[str, object]) -> None:
        with open(self._order["out"], "a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def note_outcome(outcomes: dict[str, tuple[str, str]], report: pytest.TestReport) -> None:
    """Add a phase of a test to its outcome: what is worst counts."""
    was = outcomes.get(report.nodeid)
    if report.failed:
        word = "failed" if report.when == "call" else "error"
        if was is None or was[0] not in ("failed", "error"):
            outcomes[report.nodeid] = (word, message_of(report))
    elif was is None or was[0] == "passed":
        word = "passed" if report.passed else "skipped"
        if hasattr(report, "wasxfail"):
            word = "xpassed" if report.passed else "xfailed"
        outcomes[report.nodeid] = (word, "")


def message_of(report: pytest.TestReport) -> str:
    """The first line of what a failure says."""
    crash = getattr(report.longrepr, "reprcrash", None)
    text = str(getattr(crash, "message", "") or report.longreprtext).strip()
    return text.splitlines()[0] if text else ""


# -- starting one ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ran:
    """What a child wrote; `head` is None where it did not come so far."""

    status: int
    head: dict[str, Any] | None
    outcomes: dict[str, tuple[str, str]] = field(default_factory=dict)
    record: Record | None = None
    tail: str = ""  # the last lines that it printed


def run_child(
    config: pytest.Config, words: Sequence[str], mode: str, ids: Sequence[str], is_recorded: bool = False
) -> Ran:
    """Run pytest with `words` in a child, in a mode ("0" for eager, "1" for what `-X lazyimp` does)."""
    with tempfile.TemporaryDirectory(prefix="lazyimp-") as folder:
        order, out = os.path.join(folder, "order.json"), os.path.join(folder, "out.jsonl")
        with open(order, "w", encoding="utf-8") as file:
            json.dump({"ids": list(ids), "out": out}, file)
        env = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("LAZYIMP", "PYTEST_XDIST"))
        }
        env.update(LAZYIMP=mode, PYTHONPATH=path_for_children())
        if is_recorded:
            # the start-up line passes "0" by, and an eager run is recorded, too
            env.update(
                LAZYIMP="off" if mode == "0" else mode, LAZYIMP_RECORD=os.path.join(folder, "record.jsonl")
            )
        own = [f"--lazyimp-child={order}", "-o", f"cache_dir={os.path.join(folder, 'cache')}"]
        if config.pluginmanager.hasplugin("junitxml"):
            own.append(f"--junitxml={os.path.join(folder, 'junit.xml')}")
        if config.pluginmanager.hasplugin("_cov"):
            own.append("--no-cov")
        done = subprocess.run(
            [sys.executable, *_flags(), "-c", START, *words, *own],
            cwd=config.invocation_params.dir,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        return _read(done, folder)


def _flags() -> list[str]:
    flags: list[str] = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]  # as multiprocessing does
    return [flag for flag in flags if not flag.startswith("-X") or "lazyimp" not in flag]


def _read(done: subprocess.CompletedProcess[bytes], folder: str) -> Ran:
    rows: list[dict[str, Any]] = []
    path, record = os.path.join(folder, "out.jsonl"), os.path.join(folder, "record.jsonl")
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            rows = [json.loads(line) for line in file if line.endswith("\n")]
    return Ran(
        done.returncode,
        rows[0] if rows else None,
        {row["id"]: (row["outcome"], row["message"]) for row in rows[1:]},
        read_record(record) if os.path.exists(record) else None,
        "\n".join(done.stdout.decode("utf-8", "replace").rstrip().splitlines()[-12:]),
    )
