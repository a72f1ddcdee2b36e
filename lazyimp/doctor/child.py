"""Asks a fresh interpreter, of the kind that runs us, a question in code; the answer is a line of JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LIMIT_S = 30.0


@dataclass(frozen=True)
class Answer:
    """What the child said: `facts` is None where it did not come so far, and `fault` says why."""

    facts: dict[str, object] | None
    fault: str = ""
    stderr: str = ""


def ask(
    words: Sequence[str],
    env: Mapping[str, str] | None = None,
    cwd: str | None = None,
    limit_s: float = LIMIT_S,
) -> Answer:
    """Start this interpreter with `words`; its last line of output is the answer."""
    try:
        done = subprocess.run(
            [sys.executable, *words],
            env={**clean_environment(), **(env or {})},
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="backslashreplace",
            timeout=limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Answer(None, f"no answer within {limit_s:g} s")
    except OSError as error:
        return Answer(None, f"cannot be started: {error.strerror or error}")
    lines = done.stdout.splitlines()
    try:
        facts = json.loads(lines[-1]) if lines else None
    except ValueError:
        facts = None
    if not isinstance(facts, dict):
        last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        return Answer(None, last, done.stderr)
    return Answer(facts, "", done.stderr)


def clean_environment() -> dict[str, str]:
    """The environment without our switches."""
    return {name: value for name, value in os.environ.items() if not name.startswith("LAZYIMP")}
