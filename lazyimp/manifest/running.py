"""The record of something that still runs: another process, by its number, or this one (a notebook's kernel).

A process that records is read from its record. Any other is asked for its modules, from inside, which CPython can do
since 3.14 (sys.remote_exec); nothing of it is imported, no attribute of a module is read, nothing lazy is loaded.
"""

from __future__ import annotations

import inspect
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from lazyimp.errors import UsageError
from lazyimp.manifest.observe import sys_path_of
from lazyimp.record import Record, RecordError, read_record

PATIENCE_S = 10.0
HOW = "start it with LAZYIMP=off LAZYIMP_RECORD=run.jsonl LAZYIMP_RECORD_FILES=1, and name run.jsonl here"


def snapshot() -> dict[str, Any]:
    """What this process is and has loaded; its text also runs in other processes, so all it needs is in it."""
    import os
    import sys

    uname = getattr(os, "uname", None)
    kind = type(sys)
    spec_kind = type(sys.__spec__)
    attributes = kind.__dict__["__dict__"].__get__  # type: ignore[index]

    def known(module: Any) -> Any:
        return (
            attributes(module) if issubclass(type(module), kind) else {}
        )  # what cffi makes claims to be a module

    def origin(module: Any) -> str:
        spec, file = known(module).get("__spec__"), known(module).get("__file__")
        found = spec.origin if type(spec) is spec_kind else None
        return next((each for each in (found, file) if isinstance(each, str)), "")

    argv = [*getattr(sys, "argv", ()), ""]
    main = {"kind": "script", "name": os.path.abspath(argv[0])}
    spec = known(sys.modules.get("__main__")).get("__spec__")
    if type(spec) is spec_kind:
        main = {"kind": "module", "name": spec.name.removesuffix(".__main__")}
    elif not os.path.isfile(argv[0]):
        main = {"kind": "stdin", "name": "-"}
    first = getattr(sys, "_stdlib_dir", None) or os.path.dirname(os.__file__)
    header = {
        "pid": os.getpid(),
        "ppid": os.getppid(),
        "unix_ns": 0,
        "python": sys.version.split()[0],
        "implementation": sys.implementation.name,
        "platform": f"{sys.platform}-{uname().machine}" if uname is not None else sys.platform,
        "executable": sys.executable,
        "prefix": sys.prefix,
        "base_prefix": sys.base_prefix,
        "stdlib": [first, *(each for each in sys.path if each.endswith(("lib-dynload", "DLLs")))],
        "main": main,
        "cwd": os.getcwd(),
        "before": [],
    }
    modules = [(name, origin(module)) for name, module in list(sys.modules.items())]
    return {"header": header, "modules": modules, "sys_path": list(map(str, sys.path))}


def of_this_process(before: Iterable[str] = (), main: dict[str, str] | None = None) -> Record:
    """What this process has loaded, but for the modules `before`."""
    values = snapshot()
    values["header"]["before"] = list(before)
    record = _record(values, main or values["header"]["main"])
    # of a mapped library nothing tells whether it came before; who has a module loaded is seen by that
    return replace(record, libraries=()) if values["header"]["before"] else record


def _record(values: dict[str, Any], main: dict[str, str]) -> Record:
    header = {**values["header"], "main": main}
    present = tuple((str(name), str(origin)) for name, origin in values["modules"])
    libraries = tuple(_mapped(int(header["pid"])))
    return Record("", header, present=present, libraries=libraries, facts={"sys_path": values["sys_path"]})


def of_process(pid: int) -> Record:
    """What another process has come to so far; raises UsageError where it cannot be told."""
    if pid <= 0 or not _is_there(pid):
        raise UsageError(f"no process {pid}")
    found = _recorded(pid)
    try:
        asked = _asked(pid)
    except UsageError:
        if found is None:
            raise
        return replace(found, libraries=tuple(dict.fromkeys([*found.libraries, *_mapped(pid)])), end=None)
    if found is None:
        return asked
    return replace(found, present=asked.present, libraries=asked.libraries, facts=asked.facts, end=None)


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True


def _recorded(pid: int) -> Record | None:
    """The record it writes, if it does."""
    try:
        words = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        folder = os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return None
    variables = dict(os.fsdecode(word).partition("=")[::2] for word in words)
    name = variables.get("LAZYIMP_RECORD", "")
    if not name:
        return None
    path = Path(folder, name)
    for each in [path, *sorted(path.parent.glob(f"{path.name}.{pid}*"))]:
        try:
            record = read_record(str(each))
        except RecordError:
            continue
        mine = next((one for one in record.processes() if one.header.get("pid") == pid), None)
        if mine is not None:
            path_there = [*variables.get("PYTHONPATH", "").split(os.pathsep), *_folders(mine)]
            return replace(mine, facts={"sys_path": [each for each in path_there if each], **mine.facts})
    return None


def _folders(record: Record) -> list[str]:
    """Where an interpreter looks for modules of its own accord: what it has in the end stands at a record's end."""
    header = record.header
    short = ".".join(str(header.get("python")).split(".")[:2])
    site = os.path.join(str(header.get("prefix")), "lib", f"python{short}", "site-packages")
    return [*sys_path_of(replace(record, facts={}, children=())), site]


def _mapped(pid: int) -> Iterator[str]:
    """The native libraries that are mapped into a process, where the system tells."""
    try:
        lines = Path(f"/proc/{pid}/maps").read_text(errors="surrogateescape").splitlines()
    except OSError:
        return
    for path in dict.fromkeys(words[5] for line in lines if len(words := line.split(None, 5)) == 6):
        if path.startswith("/") and ".so" in os.path.basename(path):
            yield path


def _asked(pid: int) -> Record:
    """Its own word for what it has loaded."""
    ask = getattr(sys, "remote_exec", None)
    if ask is None:
        raise UsageError(
            f"process {pid} is not recorded, and CPython can be asked from 3.14 on only; {HOW}",
        )
    with tempfile.TemporaryDirectory(prefix="lazyimp-") as folder:
        script, answer = Path(folder, "ask.py"), Path(folder, "answer.json")
        script.write_text(_script(answer), encoding="utf-8")
        for each in (folder, str(script)):
            os.chmod(each, 0o700)
        try:
            ask(pid, str(script))
        except (OSError, RuntimeError, ValueError) as error:
            raise UsageError(f"process {pid} cannot be asked: {error}; {HOW}") from None
        until = time.monotonic() + PATIENCE_S
        while not answer.exists():
            if time.monotonic() > until or not _is_there(pid):
                raise UsageError(f"process {pid} did not answer in {PATIENCE_S:g} s; {HOW}")
            time.sleep(0.01)
        values = json.loads(answer.read_text(encoding="utf-8"))
    if "error" in values:
        raise UsageError(f"process {pid} cannot tell: {values['error']}; {HOW}")
    return _record(values, values["header"]["main"])


def _script(answer: Path) -> str:
    """The program that tells; the answer is there whole or not at all."""
    return f"""def tell(name):
    import json
    import os
    Any = object

{_indented(inspect.getsource(snapshot))}
    try:
        values = snapshot()
    except Exception as error:
        values = {{"error": f"{{type(error).__name__}}: {{error}}"}}
    with open(name + ".new", "w", encoding="utf-8") as file:
        json.dump(values, file)
    os.replace(name + ".new", name)


tell({str(answer)!r})
del tell
"""


def _indented(text: str) -> str:
    return "".join(f"    {line}" if line.strip() else line for line in text.splitlines(keepends=True))
