"""Whether lazyimp can work here, and does: Python, extension, start-up file, and a look at a child that defers."""

from __future__ import annotations

import glob
import os
import sys
import tempfile
from collections.abc import Sequence
from importlib.machinery import EXTENSION_SUFFIXES

from lazyimp import _pth, _startup
from lazyimp.doctor.child import ask
from lazyimp.doctor.values import BAD, GOOD, NOTE, Check, shown

INSTALL = f"{os.path.basename(sys.executable or 'python')} -m pip install --force-reinstall lazyimp-runtime"

# The program of the probe. What asks sys.modules is a module of its own: one that mentions it stays eager.
PROBE = {
    "lazyimp_probe_a": "VALUE = 1\n",
    "lazyimp_probe_b": "VALUE = 1\n",
    "lazyimp_probe_look": """\
import sys
def loaded():
    return ["lazyimp_probe_a" in sys.modules, "lazyimp_probe_b" in sys.modules]
def tell(before, value):
    import json, lazyimp
    plain, names = (not each for each in before)
    late = value == 2 and all(loaded())
    print(json.dumps({"plain": plain, "names": names, "late": late, "core": lazyimp.status()["core"]}))
""",
    "main": """\
import lazyimp_probe_a
from lazyimp_probe_b import VALUE
import lazyimp_probe_look
before = lazyimp_probe_look.loaded()
lazyimp_probe_look.tell(before, lazyimp_probe_a.VALUE + VALUE)
""",
}


def python() -> Check:
    """The interpreter is one that lazyimp works in."""
    version = ".".join(map(str, sys.version_info[:3]))
    name = sys.implementation.name
    if name != "cpython":
        return Check("python", BAD, f"{version}, {name}", "use CPython 3.10 to 3.15", "LZ105")
    reason = _startup.unsupported(sure=True)
    if reason is not None:
        return Check("python", BAD, f"{version}: {reason}", "use the ordinary build of CPython", "LZ105")
    if getattr(sys, "frozen", False):
        return Check("python", NOTE, f"{version}, frozen: start-up files are not read", "import lazyimp.auto")
    return Check("python", GOOD, f"{version}, CPython with the GIL, {shown(sys.executable)}")


def extension() -> Check:
    """The extension can be loaded."""
    if _startup.has_extension():
        import lazyimp_c

        return Check("extension", GOOD, os.path.basename(lazyimp_c.__file__ or "lazyimp_c"))
    try:
        import lazyimp_c  # a second time, to hear what it says

        said = f"lazyimp_c is {getattr(lazyimp_c, '__file__', None) or 'a folder'}, and not the extension"
    except ImportError as error:
        said = str(error)
    return Check("extension", NOTE, f"{said}{_other_builds()}: only core py can work", INSTALL, "LZ107")


def _other_builds() -> str:
    """Builds for other interpreters that lie where the extension would."""
    home = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    names = [os.path.basename(path) for path in sorted(glob.glob(os.path.join(home, "lazyimp_c.*")))]
    names = [
        name
        for name in names
        if name.endswith((".so", ".pyd")) and not name.endswith(tuple(EXTENSION_SUFFIXES))
    ]
    return f"; there is {names[0]}, built for another Python" if names else ""


def startup_file(folders: Sequence[str]) -> Check:
    """The start-up file lies in one of the folders that `site` reads, and is of this version."""
    paths = [os.path.join(folder, _pth.FILE) for folder in folders]
    there = [path for path in paths if os.path.isfile(path)]
    run = "start programs with `lazyimp run`"
    if sys.flags.no_site:
        return Check("start-up file", BAD, "-S: the interpreter reads no start-up files", run, "LZ106")
    if not there:
        looked = ", ".join(shown(folder) for folder in folders) or "no folder"
        return Check("start-up file", BAD, f"no {_pth.FILE} in {looked}", f"{INSTALL}, or {run}", "LZ106")
    for path in there:
        with open(path, "rb") as file:
            if file.read() != _pth.content():
                said = f"{shown(path)} was written by another version of lazyimp"
                return Check("start-up file", BAD, said, INSTALL, "LZ106")
    if len(there) > 1:
        said = "there are several: " + ", ".join(map(shown, there))
        return Check("start-up file", NOTE, said, "uninstall all but one lazyimp")
    if sys.flags.ignore_environment:
        said = f"{shown(there[0])}; -E or -I: LAZYIMP counts for nothing, -X lazyimp works"
        return Check("start-up file", NOTE, said, "python -X lazyimp", "LZ106")
    return Check("start-up file", GOOD, shown(there[0]))


def deferring(by_hand: str) -> Check:
    """A child that is told to defer two imports does; `by_hand` is code that starts it without start-up file."""
    with tempfile.TemporaryDirectory(prefix="lazyimp-") as folder:
        for name, text in PROBE.items():
            with open(os.path.join(folder, f"{name}.py"), "w", encoding="utf-8") as file:
                file.write(text)
        words = ["-X", "lazyimp=safe", *(("-c", by_hand) if by_hand else ()), "main.py"]
        forced = _startup.switch("LAZYIMP_CORE")
        switches = {"LAZYIMP_DEBUG": "1", **({"LAZYIMP_CORE": forced} if forced else {})}
        answer = ask(words, switches, folder)
    facts = answer.facts
    if facts is None:
        return Check("deferring", BAD, f"a child with -X lazyimp failed: {answer.fault}", _DEBUG, "LZ108")
    said = answer.stderr.strip().splitlines()
    if not facts["plain"] or not facts["late"]:
        why = f": {said[-1]}" if said else ""
        return Check(
            "deferring", BAD, f"a child with -X lazyimp=safe ran its imports at once{why}", _DEBUG, "LZ108"
        )
    if not facts["names"]:
        said_ = f"`import x` is deferred, `from x import y` is not (core {facts['core']})"
        return Check("deferring", NOTE, said_, INSTALL, "LZ107", facts)
    both = f"`import x` and `from x import y` are deferred (core {facts['core']}), in a child that tried"
    return Check("deferring", GOOD, both, facts=facts)


_DEBUG = "LAZYIMP_DEBUG=1 python -X lazyimp -c pass"
