"""What the start-up files of the environment cost: the import lines of .pth files and the calls of .start files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from lazyimp.doctor.child import ask
from lazyimp.doctor.values import GOOD, NOTE, Check, counted

SLOW_MS = 5.0  # of one file
SLOW_ALL_MS = 20.0

# Does by hand what `site` does, in the order it does it, with a clock in between; -S keeps `site` from doing it.
TIMER = """\
import sys, os, time
folders = {folders!r}
rows = []
for folder in folders:
    if folder not in sys.path:
        sys.path.append(folder)
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        continue
    starts = [name[:-6] for name in names if name.endswith(".start")] if sys.version_info >= (3, 15) else []
    for name in names:
        stem, dot, kind = name.rpartition(".")
        if kind not in ("pth", "start") or name.startswith(".") or (kind == "start" and stem not in starts):
            continue
        try:
            with open(os.path.join(folder, name), encoding="utf-8-sig", errors="replace") as file:
                lines = file.read().splitlines()
        except OSError:
            continue
        took, fault, does = 0.0, "", False
        for line in lines:
            line = line.strip()
            is_code = line.startswith(("import ", "import\\t"))
            if kind == "pth" and not is_code:
                path = os.path.abspath(os.path.join(folder, line)) if line and line[0] != "#" else ""
                if path and os.path.exists(path) and path not in sys.path:
                    sys.path.append(path)
                continue
            if not line or line[0] == "#" or (kind == "pth" and stem in starts):
                continue
            does = True
            before = time.perf_counter()
            try:
                if kind == "pth":
                    sitedir, fullname = folder, os.path.join(folder, name)
                    exec(line)
                else:
                    module, _, call = line.partition(":")
                    __import__(module)
                    getattr(sys.modules[module], call)()
            except BaseException as error:
                fault = type(error).__name__ + ": " + str(error)
            took += time.perf_counter() - before
        if does:
            rows.append([name, took * 1000, fault])
import json
print()
print(json.dumps({{"rows": rows}}))
"""


def startup_files(folders: Sequence[str], repeat: int = 3) -> Check:
    """Each start-up file with what it takes, the least of several tries."""
    best: dict[str, float] = {}
    faults: dict[str, str] = {}
    for _ in range(repeat):
        answer = ask(["-S", "-c", TIMER.format(folders=list(folders))])
        if answer.facts is None:
            return Check("start-up files", NOTE, f"cannot be timed: {answer.fault}")
        for name, took, fault in cast("list[tuple[str, float, str]]", answer.facts["rows"]):
            best[name] = min(took, best.get(name, took))
            if fault:
                faults[name] = fault
    return judged(best, faults)


def judged(times_ms: dict[str, float], faults: dict[str, str]) -> Check:
    """What the times come to."""
    order = sorted(times_ms, key=lambda name: (-times_ms[name], name))
    facts: dict[str, object] = {"ms": {name: round(times_ms[name], 2) for name in order}}
    for name in sorted(faults):
        said = f"{name} fails: {faults[name]}"
        return Check("start-up files", NOTE, said, "uninstall what left it, or delete the file", facts=facts)
    total = sum(times_ms.values())
    listed = ", ".join(f"{name} {times_ms[name]:.1f} ms" for name in order)
    slow = [name for name in order if times_ms[name] >= SLOW_MS]
    if slow or total >= SLOW_ALL_MS:
        fix = f"uninstall what you do not need of {', '.join(slow or order)}; each process pays for them"
        return Check("start-up files", NOTE, f"{listed}, at each start", fix, facts=facts)
    said = f"{counted(len(order), 'file')} with code, {total:.1f} ms" if order else "none runs code"
    return Check("start-up files", GOOD, said + (f": {listed}" if len(order) > 1 else ""), facts=facts)
