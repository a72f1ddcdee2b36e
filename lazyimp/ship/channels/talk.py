"""What is said between here and the host part: a request and an answer, each a line; answers are not trusted."""

from __future__ import annotations

import json
from typing import Any

from lazyimp.ship.errors import ShipError

MARK = b"lazyimp-host "
STATE: dict[str, Any] = {"state": str, "id": str, "sizes": {"out": int, "err": int}}
# What an answer has to be: a type, a dict with at least these keys, or a list of one such thing.
SHAPES: dict[str, Any] = {
    "hello": {
        "python": str,
        "system": str,
        "machine": str,
        "libc": [str],
        "free_bytes": int,
        "uv": (str, type(None)),
    },
    "facts": {
        "gpus": [{"id": str, "name": str}],
        "gpu_trouble": str,
        "driver": str,
        "cpus": (int, float),
        "memory_bytes": int,
        "conda": (str, type(None)),
        "engine": (dict, type(None)),
    },
    "image": {"reused": bool},
    "install_uv": {"uv": str},
    "time": int,
    "missing": {"blobs": [str], "code": [str], "envs": [str]},
    "files": [str],
    "upload": {"name": str, "path": str, "have": int},
    "fetch": {"have": int, "damaged": [str]},
    "cut": list,
    "stow": dict,
    "adopt": dict,
    "unpack": dict,
    "build": {"reused": bool},
    "start": STATE,
    "state": STATE,
    "wait": STATE,
    "cancel": STATE,
    "read": {"data": str},
    "list": [STATE],
    "outputs": list,
    "records": list,
    "sweep": [str],
}
LONGEST = 64 << 20
MOST_NOISE = 1000  # lines that start-up files of a shell may print before the first answer


def request(command: str, wish: dict[str, Any]) -> bytes:
    """A request as bytes."""
    return json.dumps({"command": command, "wish": wish}).encode() + b"\n"


def is_answer(line: bytes) -> bool:
    """Whether a line is an answer, not noise."""
    return line.startswith(MARK)


def value_of(command: str, line: bytes) -> Any:
    """The value in the answer to a command; raises ShipError for a refusal, and for what makes no sense."""
    try:
        answer = json.loads(line[len(MARK) :])
    except (ValueError, RecursionError):
        answer = None
    if isinstance(answer, dict) and "ok" in answer and _has_shape(answer["ok"], SHAPES[command]):
        return answer["ok"]
    if isinstance(answer, dict) and isinstance(answer.get("error"), str):
        raise ShipError(f"the host says: {printable(answer['error'])}")
    raise ShipError("the host's answer makes no sense; is something else answering there?")


def _has_shape(value: Any, shape: Any) -> bool:
    if isinstance(shape, dict):
        return isinstance(value, dict) and all(
            _has_shape(value.get(key), each) for key, each in shape.items()
        )
    if isinstance(shape, list):
        return isinstance(value, list) and all(_has_shape(each, shape[0]) for each in value)
    return isinstance(value, shape)


def printable(text: str) -> str:
    """Text from a host, without what a terminal would obey."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in text)
