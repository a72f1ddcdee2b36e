"""What is said between here and the host part: a request and an answer, each a line; answers are not trusted."""

from __future__ import annotations

import json
from typing import Any

from lazyimp.ship.errors import ShipError

MARK = b"lazyimp-host "
LONGEST = 64 << 20
MOST_NOISE = 1000  # lines that start-up files of a shell may print before the first answer


def request(command: str, wish: dict[str, Any]) -> bytes:
    """A request as bytes."""
    return json.dumps({"command": command, "wish": wish}).encode() + b"\n"


def is_answer(line: bytes) -> bool:
    """Whether a line is an answer, not noise."""
    return line.startswith(MARK)


def value_of(line: bytes) -> Any:
    """The value in an answer; raises ShipError for a refusal, and for what makes no sense."""
    try:
        answer = json.loads(line[len(MARK) :])
    except (ValueError, RecursionError):
        answer = None
    if isinstance(answer, dict) and "ok" in answer:
        return answer["ok"]
    if isinstance(answer, dict) and isinstance(answer.get("error"), str):
        raise ShipError(f"the host says: {printable(answer['error'])}")
    raise ShipError("the host's answer makes no sense; is something else answering there?")


def printable(text: str) -> str:
    """Text from a host, without what a terminal would obey."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in text)
