"""Who else takes part in importing: finders, path hooks, a replaced `__import__`, tracers, site customisation."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

from lazyimp import _metadata, _profile
from lazyimp.doctor.child import ask
from lazyimp.doctor.values import GOOD, NOTE, Check, shown

LOOK = """\
import sys
import builtins
before = list(sys.modules)
def kind(each):
    each = each if isinstance(each, type) or callable(each) and hasattr(each, "__qualname__") else type(each)
    return f"{getattr(each, '__module__', '?')}.{getattr(each, '__qualname__', type(each).__name__)}"
def file(name):
    return getattr(sys.modules.get(name), "__file__", None)
tools = getattr(sys, "monitoring", None)
facts = {
    "finders": [kind(each) for each in sys.meta_path],
    "path_hooks": [kind(each) for each in sys.path_hooks],
    "import": kind(builtins.__import__),
    "tracer": kind(sys.gettrace()) if sys.gettrace() else "",
    "profiler": kind(sys.getprofile()) if sys.getprofile() else "",
    "monitors": [name for name in map(tools.get_tool, range(6)) if name] if tools else [],
    "customize": [path for path in map(file, ("sitecustomize", "usercustomize")) if path],
    "path": sys.path[1:],
    "modules": len(before),
}
import json
print()
print(json.dumps(facts))
"""

# The interpreter's own, by the module of their type.
OWN_FINDERS = (
    "_frozen_importlib",
    "_frozen_importlib_external",
    "importlib.",
    "zipimport",
    "_distutils_hack",
)


@dataclass(frozen=True)
class Known:
    """What is known of a hook: the start of its type's dotted name, whose it is, and how lazyimp gets along."""

    start: str
    whose: str
    how: str


KNOWN = (
    Known("__editable__", "an editable install", "finds its modules; deferred like others"),
    Known("_pytest.assertion", "pytest", "rewrites asserts in test modules, which stay eager"),
    Known("_distutils_hack", "setuptools", "stands in for distutils; stays eager"),
    Known("_virtualenv", "virtualenv", "mends distutils; stays out of the way"),
    Known("six.", "six", "finds six.moves"),
    Known("pyimod", "PyInstaller", "finds frozen modules; start-up files are not read there"),
    Known("PyInstaller", "PyInstaller", "finds frozen modules; start-up files are not read there"),
    Known("beartype", "beartype.claw", "checks types in modules, when they load"),
    Known("typeguard", "typeguard", "checks types in modules, when they load"),
    Known("jaxtyping", "jaxtyping", "checks types in modules, when they load"),
    Known("ddtrace", "ddtrace", "patches libraries as they load; itself stays eager"),
    Known("opentelemetry", "OpenTelemetry", "patches libraries as they load"),
    Known("wrapt", "wrapt", "calls back after a module has loaded"),
    Known("coverage", "coverage", "counts lines; itself stays eager"),
    Known("pydevd", "debugpy", "traces; itself stays eager, and looking at a variable loads it"),
    Known("_pydevd", "debugpy", "traces; itself stays eager, and looking at a variable loads it"),
    Known("debugpy", "debugpy", "traces; itself stays eager, and looking at a variable loads it"),
    Known("sentry_sdk", "Sentry", "patches libraries as they load"),
    Known("newrelic", "New Relic", "patches libraries as they load"),
)

# Distributions that defer imports themselves: two of them at once explain nothing.
OTHERS = {
    "lazy_imports_lite": "rewrites modules to defer their imports",
    "unwrapt": "defers imports by a finder of its own",
    "importlib_lazy": "defers imports by a finder of its own",
}
# Distributions that hook imports when a program asks them to.
ON_REQUEST = frozenset(
    ("beartype", "coverage", "ddtrace", "debugpy", "jaxtyping", "newrelic", "opentelemetry_instrumentation")
) | {"pyinstaller", "pytest", "sentry_sdk", "typeguard"}


def look() -> tuple[dict[str, object] | None, str]:
    """What a fresh interpreter has in place before its program starts, or None and why that cannot be told."""
    answer = ask(["-c", LOOK])
    return answer.facts, answer.fault


def hooks(facts: dict[str, object] | None, fault: str) -> Check:
    """Finders and tracers that are not the interpreter's own."""
    if facts is None:
        return Check("import hooks", NOTE, f"a fresh interpreter cannot be asked: {fault}")
    names = [*_names(facts, "finders"), *_names(facts, "path_hooks")]
    foreign = [name for name in names if not name.startswith(OWN_FINDERS)]
    if facts["import"] != "builtins.__import__":
        foreign.append(str(facts["import"]))
    foreign += [str(facts[key]) for key in ("tracer", "profiler") if facts[key]]
    told = [_told(name) for name in dict.fromkeys(foreign)]
    told += [f"{name} (sys.monitoring)" for name in _names(facts, "monitors")]
    strange = [name for name in foreign if _known(name) is None]
    plain: dict[str, object] = {key: facts[key] for key in ("finders", "path_hooks", "monitors")}
    if not told:
        return Check(
            "import hooks", GOOD, "none but the interpreter's own when a program starts", facts=plain
        )
    if not strange:
        return Check("import hooks", GOOD, "; ".join(told), facts=plain)
    fix = "lazyimp verify -- YOUR PROGRAM: does it come to the same?"
    return Check("import hooks", NOTE, "; ".join(told), fix, facts=plain)


def customised(facts: dict[str, object] | None) -> Check | None:
    """A sitecustomize or usercustomize, which runs in every process."""
    files = _names(facts, "customize") if facts is not None else []
    if not files:
        return None
    said = ", ".join(map(shown, files)) + ": runs in every process, before lazyimp's program"
    return Check("customisation", NOTE, said, "python -X importtime -c pass, to see what it loads")


def installed_hooks(folders: Iterable[str]) -> Check | None:
    """Distributions that would hook imports, or defer them, once a program uses them."""
    names = {name for folder in folders for name, _ in _profile.versions_in(folder)}
    others = sorted(names & {_metadata.normalised(name) for name in OTHERS})
    if others:
        said = "; ".join(f"{name} {OTHERS[name]}" for name in others)
        return Check("other laziness", NOTE, said, "use one of them at a time")
    found = sorted(names & ON_REQUEST)
    if not found:
        return None
    return Check("may hook", GOOD, f"{', '.join(found)}: installed, and known to get along")


def _names(facts: dict[str, object], key: str) -> list[str]:
    return [str(each) for each in cast("Sequence[object]", facts[key])]


def _known(name: str) -> Known | None:
    return next((each for each in KNOWN if name.startswith(each.start)), None)


def _told(name: str) -> str:
    known = _known(name)
    return f"{name}: unknown to us" if known is None else f"{known.whose}: {known.how}"


def site_path(facts: dict[str, object] | None) -> list[str]:
    """sys.path of a fresh interpreter, without its first entry, the program's folder."""
    return (
        [] if facts is None else [entry for entry in _names(facts, "path") if entry and os.path.isabs(entry)]
    )
