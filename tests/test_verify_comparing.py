"""How the output and the observations of runs are compared: what varies by itself is not blamed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lazyimp.tuning import fingerprint, text
from lazyimp.tuning.compare import compare, is_right
from lazyimp.tuning.runs import Command, Outcome, Trial
from lazyimp.tuning.verify import Verifier


def lines_wrong(runs: list[str], candidate: str) -> list[tuple[str, str]]:
    """The mismatches of a text against those of eager runs."""
    expected = text.learn([text.read(run.encode()).lines for run in runs])
    found = text.mismatches(expected, text.read(candidate.encode()).lines)
    return [(each.expected, each.got) for each in found]


@pytest.mark.parametrize(
    ("runs", "candidate", "expected"),
    [
        (["a\nb\n", "a\nb\n"], "a\nb\n", []),
        (["a\nb\n", "a\nb\n"], "a\n", [("b", "")]),
        (["a\n", "a\n"], "a\nb\n", [("", "b")]),
        (["loss 0.5\n", "loss 0.5\n"], "loss 0.6\n", [("loss 0.5", "loss 0.6")]),
        (["loss 0.5 pid 17\n", "loss 0.5 pid 19\n"], "loss 0.5 pid 23\n", []),
        (
            ["loss 0.5 pid 17\n", "loss 0.5 pid 19\n"],
            "loss 0.6 pid 23\n",
            [("loss 0.5 pid 17", "loss 0.6 pid 23")],
        ),
        (["a\nx\nb\n", "a\nb\n"], "a\nb\n", []),
        (["a\nx\nb\n", "a\nb\n"], "a\nx\nb\n", []),
        (["took 3 s\n", "took 3 s\n"], "took 0.25 s\n", []),
        (["<A at 0x7f0012345678>\n"] * 2, "<A at 0x7e0012345678>\n", []),
        (
            ["10%|#  | 1/9 [00:01<00:02]\r100%|###| 9/9 [00:03<00:00]\n"] * 2,
            "100%|###| 9/9 [00:09<00:00]\n",
            [],
        ),
        (["one two three\n", "one 2 3 three\n"], "one x y z three\n", []),
        (["\x1b[31mred\x1b[0m\n"] * 2, "red\n", []),
        (["", ""], "", []),
    ],
)
def test_lines(runs: list[str], candidate: str, expected: list[tuple[str, str]]) -> None:
    assert lines_wrong(runs, candidate) == expected


def test_many_lines_are_compared_in_good_time() -> None:
    many = "".join(f"step {n} loss {n / 7}\n" for n in range(20_000))
    assert lines_wrong([many, many], many) == []
    assert lines_wrong([many, many], many.replace("step 9000 ", "step 9001 ")) != []


TRACEBACK = """\
Traceback (most recent call last):
  File "main.py", line 1, in <module>
    import broken
ImportError: lazy import of 'broken' declared at main.py:1

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "main.py", line 6, in <module>
    f()
  File "broken.py", line 1, in <module>
ValueError: bad
lazy import of 'broken' declared at main.py:1
after
"""


def test_a_late_traceback_is_its_exception() -> None:
    late = text.read(TRACEBACK.encode())
    assert late.lines == ["ValueError: bad", "after"]
    assert late.late[-1] == ("broken", "main.py:1")
    eager = 'Traceback (most recent call last):\n  File "x", line 1, in <module>\nValueError: bad\nafter\n'
    assert text.read(eager.encode()).lines == late.lines


def test_warnings_are_told_apart_from_lines() -> None:
    shown = b"a\n/x/y.py:3: UserWarning: be careful\n  warn('be careful')\nb\n"
    printed = text.read(shown)
    assert printed.lines == ["a", "b"] and dict(printed.warnings) == {"UserWarning: be careful": 1}


OBSERVED: dict[str, Any] = {
    "modules": [["a", None, "source"], ["b", None, "source"]],
    "first_batch": {"rule": "r", "arguments": ["argument 0: float32 [3] 1f"], "random": {"torch": "1"}},
    "fingerprint": {"random": {"torch": "2"}, "copyreg": {"x": "1"}},
}


def outcome(**more: Any) -> Outcome:
    """A run that nobody made."""
    seen = {**OBSERVED, **more}
    return Outcome(Trial("0"), "0", b"", b"", seen, (), 1.0, 1.0, 1)


@pytest.mark.parametrize(
    ("seen", "kinds"),
    [
        ({}, []),
        ({"first_batch": None}, ["first_batch"]),
        (
            {"first_batch": {**OBSERVED["first_batch"], "arguments": ["argument 0: float32 [3] 2e"]}},
            ["first_batch"],
        ),
        ({"first_batch": {**OBSERVED["first_batch"], "random": {"torch": "9"}}}, ["random"]),
        ({"first_batch": {**OBSERVED["first_batch"], "random": {}}}, []),
        ({"fingerprint": {"random": {"torch": "9"}, "copyreg": {"x": "1"}}}, ["random"]),
        ({"fingerprint": {"random": {}, "copyreg": {"x": "1"}}}, ["side_effect"]),
        ({"fingerprint": {"random": {"torch": "2"}, "copyreg": {}}}, ["side_effect"]),
        ({"fingerprint": {"random": {"torch": "2"}}}, ["side_effect"]),
        ({"fingerprint": {}}, []),
        ({"modules": OBSERVED["modules"][:1]}, ["modules"]),
        ({"modules": OBSERVED["modules"][::-1]}, ["order"]),
    ],
)
def test_observations(seen: dict[str, Any], kinds: list[str]) -> None:
    found = compare([outcome(), outcome()], outcome(**seen))
    assert [each.kind for each in found] == kinds


def test_what_varies_among_observations_is_not_blamed() -> None:
    varied = {"fingerprint": {"random": {"torch": "3"}, "copyreg": {"x": "1"}}}
    other = {"fingerprint": {"random": {"torch": "4"}, "copyreg": {"x": "1"}}}
    assert compare([outcome(), outcome(**varied)], outcome(**other)) == []


def test_without_observation_status_and_output_are_compared() -> None:
    blind = replace(outcome(), observation=None)
    assert is_right([outcome(), outcome()], blind)
    assert not is_right([outcome(), outcome()], replace(blind, status="-SIGSEGV"))
    assert not is_right([outcome(), outcome()], replace(blind, stdout=b"x\n"))


def test_inversions() -> None:
    assert fingerprint.inversions("abcd", "abcd") == 0
    assert fingerprint.inversions("abcd", "bcda") == 1
    assert fingerprint.inversions("abcd", "dxa") == 1


def test_a_difference_that_the_third_eager_run_shows_too_is_not_blamed() -> None:
    outputs = {"0": iter([b"a\n", b"a\n", b"b\n"]), "all": iter([b"b\n", b"a\n"])}

    def run(command: Command, trial: Trial, limit_s: float) -> Outcome:
        return replace(outcome(), trial=trial, stdout=next(outputs[trial.mode]))

    found = Verifier(Command(("x",), ("x",)), Trial("all"), run=run).verify()
    assert found.is_same() and len(found.eager) == 3
    assert [each.kind for each in found.unstable] == ["stdout"]
