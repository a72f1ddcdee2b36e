"""`--lazyimp=verify`: the suite runs as ever; then a child runs it lazily, and test by test the outcome is compared."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from lazyimp.integrations.pytest_child import Ran, note_outcome, run_child

OPTIONS_OF_OURS = ("--lazyimp", "--lazyimp-mode", "--lazyimp-report")
MOST_TOLD = 20
GONE = "not run"


@dataclass(frozen=True)
class Difference:
    """A test that comes to something else lazily."""

    test: str
    eager: str
    lazy: str
    message: str


class Verify:
    """Notes the eager outcomes, runs the child at the session's end, tells, and decides on the exit status."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._mode = config.getoption("lazyimp_mode") or "1"
        self._eager: dict[str, tuple[str, str]] = {}
        self._lazy: Ran | None = None
        self._found: list[Difference] = []
        self._unstable: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note an outcome."""
        note_outcome(self._eager, report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Run lazily what was run."""
        interrupted = (
            pytest.ExitCode.INTERRUPTED,
            pytest.ExitCode.INTERNAL_ERROR,
            pytest.ExitCode.USAGE_ERROR,
        )
        if not self._eager or session.exitstatus in interrupted:
            return
        words, ids = without_our_options(self._config.invocation_params.args), list(self._eager)
        self._lazy = run_child(self._config, words, self._mode, ids)
        self._found = compare(self._eager, self._lazy.outcomes)
        if self._found:  # what differs by itself shows in a second eager run
            again = run_child(self._config, words, "0", ids).outcomes
            self._unstable = [
                each.test for each in self._found if again.get(each.test, (GONE, ""))[0] != each.eager
            ]
            self._found = [each for each in self._found if each.test not in self._unstable]
        if self._found or self._lazy.head is None:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Tell what differs."""
        if self._lazy is None:
            return
        terminalreporter.section("lazyimp verify")
        lines, is_good = self.told(self._lazy)
        for line in lines:
            terminalreporter.write_line(
                line, green=is_good and line is lines[0], red=not is_good and line is lines[0]
            )

    def told(self, lazy: Ran) -> tuple[list[str], bool]:
        """(the lines of the report, whether all is well)."""
        if lazy.head is None:
            return [
                f"the lazy run did not begin (exit status {lazy.status}):",
                *lazy.tail.splitlines(),
            ], False
        how = f"mode {lazy.head['mode']}, core {lazy.head['core']}"
        if lazy.head["core"] is None:
            return [f"lazyimp was not on in the child: {lazy.head['refusal'] or 'see lazyimp doctor'}"], False
        count = len(self._eager) - len(self._unstable)
        tests = f"{count} test{'s' * (count != 1)}"
        lines = [f"{tests} come{'s' * (count == 1)} to the same lazily ({how})"]
        if self._found:
            some = f"{len(self._found)} of {tests}"
            lines = [f"{some} come{'s' * (len(self._found) == 1)} to something else lazily ({how})"]
        for each in self._found[:MOST_TOLD]:
            lines.append(f"  {each.test}")
            lines.append(f"    {each.eager}, lazily {each.lazy}{f': {each.message}' if each.message else ''}")
        if len(self._found) > MOST_TOLD:
            lines.append(f"  and {len(self._found) - MOST_TOLD} more")
        if any(each.lazy == GONE for each in self._found):
            lines += [f"the lazy run ended early, exit status {lazy.status}:", *lazy.tail.splitlines()]
        elif self._found:
            lines.append(f"way out: lazyimp bisect -- -m pytest {self._found[0].test}")
        if self._unstable:
            lines.append(f"left out, for a second eager run differed: {', '.join(self._unstable)}")
        return lines, not self._found


def compare(eager: dict[str, tuple[str, str]], lazy: dict[str, tuple[str, str]]) -> list[Difference]:
    """The tests whose outcome is another one; messages of failures may differ, for a failure is one already."""
    found = []
    for test, (word, _) in eager.items():
        other, message = lazy.get(test, (GONE, ""))
        if other != word:
            found.append(Difference(test, word, other, message))
    return found


def without_our_options(words: tuple[str, ...]) -> list[str]:
    """The words of the command line, for a child that is not to start children."""
    kept, skips = [], False
    for word in words:
        if skips:
            skips = False
        elif word in OPTIONS_OF_OURS:
            skips = word != "--lazyimp-report"
        elif word.partition("=")[0] not in OPTIONS_OF_OURS:
            kept.append(word)
    return kept
