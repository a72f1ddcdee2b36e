"""`--lazyimp=budget`: each test with a `max_modules` marker also runs alone in a child that counts what it loads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from lazyimp.gate.budgets import matcher
from lazyimp.gate.loaded import Loaded, loaded_by
from lazyimp.integrations.pytest_child import run_child

MARKER = "max_modules"
EAGER = "0"


class Budgets:
    """Counts after a test has passed, and fails it where it loads too much."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        """Hold the test to its marker."""
        outcome: Any = yield
        marker = item.get_closest_marker(MARKER)
        if marker is None or outcome.excinfo is not None:
            return
        try:
            self._hold(item, marker)
        except BaseException as fault:
            outcome.force_exception(fault)

    def _hold(self, item: pytest.Item, marker: pytest.Mark) -> None:
        """Run the test alone; fails where it loads too much."""
        number, forbid, mode = arguments(item, marker)
        # a test's name begins at the root folder, and pytest looks for files from the working folder
        file, _, rest = item.nodeid.partition("::")
        words = [
            "--rootdir",
            str(self._config.rootpath),
            *self._ini(),
            f"{self._config.rootpath / file}::{rest}",
        ]
        ran = run_child(self._config, words, mode, [item.nodeid], is_recorded=True)
        if ran.outcomes.get(item.nodeid, ("", ""))[0] != "passed" or ran.record is None:
            status = f"exit status {ran.status}"
            pytest.fail(f"max_modules: the test does not pass alone ({status}):\n{ran.tail}", pytrace=False)
        fault = judged(loaded_by(ran.record), number, forbid)
        if fault:
            pytest.fail(fault, pytrace=False)

    def _ini(self) -> list[str]:
        path = self._config.inipath
        return [] if path is None else ["-c", str(path)]


def arguments(item: pytest.Item, marker: pytest.Mark) -> tuple[int, Sequence[str], str]:
    """What the marker says; ends the test where that is not understood."""
    values = dict(marker.kwargs)
    forbid, mode = values.pop("forbid", ()), values.pop("mode", EAGER)
    number = marker.args[0] if len(marker.args) == 1 else None
    if values or not isinstance(number, int) or isinstance(number, bool) or isinstance(forbid, str):
        text = f"{item.nodeid}: write max_modules(800) or max_modules(800, forbid=['pandas'], mode='safe')"
        pytest.fail(text, pytrace=False)
    return number, forbid, mode


def judged(loaded: Loaded, number: int, forbid: Sequence[str]) -> str:
    """What is wrong with what a test loaded, or ""."""
    modules = loaded.for_own_code()
    bad = [name for pattern in forbid for name in modules if matcher(pattern).fullmatch(name)]
    if bad:
        steps = [f"  {step.place}  {step.told}" for step in loaded.chain(bad[0]) if step.is_own]
        return "\n".join([f"max_modules: the test, run alone, loads {bad[0]}, which is forbidden", *steps])
    if len(modules) <= number:
        return ""
    tops = Counter(name.partition(".")[0] for name in modules).most_common(5)
    largest = ", ".join(f"{top} {count}" for top, count in tops)
    return f"max_modules: the test, run alone, loads {len(modules)} modules, and {number} are allowed; most: {largest}"
