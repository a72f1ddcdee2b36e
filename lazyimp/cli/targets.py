"""From what the user named (a script, a module, code, a command) to the words that start it under Python."""

import os
import shutil
import sys
from importlib import metadata

from lazyimp.errors import UsageError

ENTRY_POINT = "import sys; from {module} import {top}; sys.argv[0] = {name!r}; sys.exit({attr}())"


def words_for(target: str, rest: list[str]) -> list[str]:
    """The words after the interpreter's own options that run `target`; raises UsageError."""
    if target == "-" or os.path.exists(target):
        return [target, *rest]
    if os.sep in target or (os.altsep and os.altsep in target) or target.endswith((".py", ".pyw", ".pyz")):
        raise UsageError(f"no script {target!r}; check the path" + _similar_file(target))
    beside = _script_beside(target)
    if beside is not None:
        return [beside, *rest]
    points = sorted(
        metadata.entry_points(group="console_scripts", name=target), key=lambda point: point.value
    )
    if points:
        point = points[0]
        code = ENTRY_POINT.format(
            module=point.module, top=point.attr.split(".")[0], attr=point.attr, name=target
        )
        return ["-c", code, *rest]
    raise UsageError(_why_not(target))


def _script_beside(name: str) -> str | None:
    """The Python script called `name` in the interpreter's own scripts folder."""
    path = os.path.join(os.path.dirname(sys.executable), name)
    return path if runs_under_python(path) else None


def runs_under_python(path: str) -> bool:
    """The file's first lines say that a Python interpreter runs it."""
    try:
        with open(path, "rb") as file:
            head = file.read(512)
    except OSError:
        return False
    first, _, following = head.partition(b"\n")
    if not first.startswith(b"#!"):
        return False
    # Long interpreter paths are wrapped in a shell line: #!/bin/sh, then '''exec' /path/python "$0" "$@"
    return b"python" in first or (first.rstrip().endswith(b"/sh") and following.startswith(b"'''exec' "))


def _why_not(target: str) -> str:
    """What to say about a name that is neither a script nor a command of this interpreter."""
    found = shutil.which(target)
    if found is None:
        return f"no script or command {target!r}" + _similar_file(target)
    if runs_under_python(found):
        owner = _interpreter_of(found)
        return f"command {target!r} belongs to another interpreter ({owner}); install lazyimp there"
    return f"command {target!r} is not a Python script; name a script, -m module or -c code"


def _interpreter_of(path: str) -> str:
    """The interpreter that a script's first line names."""
    with open(path, "rb") as file:
        return file.readline().decode("utf-8", "replace").removeprefix("#!").strip()


def _similar_file(target: str) -> str:
    """A suggestion from the folder the target would be in."""
    import difflib  # only on the way to an error

    folder, name = os.path.split(target)
    try:
        names = [name for name in sorted(os.listdir(folder or ".")) if name.endswith(".py")]
    except OSError:
        return ""
    close = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean {os.path.join(folder, close[0])!r}?" if close else ""
