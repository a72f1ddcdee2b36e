"""What the fixtures `import_budget` and `no_import` do: run code in a fresh interpreter and judge what it loaded."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from lazyimp.cli.programs import command_for
from lazyimp.gate.budgets import Budget
from lazyimp.gate.judging import Finding, against_budget
from lazyimp.gate.loaded import Loaded
from lazyimp.gate.measure import Unmeasured, measure

LIMIT_S = 300.0
EAGER = "0"


@dataclass(frozen=True)
class ImportBudget:
    """The fixture `import_budget`; `default` is the code of the ini-file."""

    default: str

    def __call__(
        self,
        code: str | None = None,
        *,
        max_modules: int | None = None,
        forbid: Sequence[str] = (),
        mode: str = EAGER,
    ) -> Loaded:
        """What `code` loads in a fresh interpreter; fails where that is more than `max_modules` or in `forbid`."""
        __tracebackhide__ = True
        what = code_or_default(code, self.default, 'import_budget("import mypkg", max_modules=200)')
        return judged(what, Budget(("-c", what), mode, max_modules, tuple(forbid)))


@dataclass(frozen=True)
class NoImport:
    """The fixture `no_import`; `default` is the code of the ini-file."""

    default: str

    def __call__(self, *modules: str, after: str | None = None, mode: str = EAGER) -> Loaded:
        """What `after` loads in a fresh interpreter; fails where one of `modules` is among it."""
        __tracebackhide__ = True
        if not modules:
            raise pytest.UsageError('name a module: no_import("pandas", after="import mypkg")')
        what = code_or_default(after, self.default, 'no_import("pandas", after="import mypkg")')
        return judged(what, Budget(("-c", what), mode, None, modules))


def code_or_default(code: str | None, default: str, example: str) -> str:
    """The code to run; raises UsageError where there is none."""
    if code or default:
        return code or default
    raise pytest.UsageError(f"say what to import: {example}, or lazyimp_import in the ini-file")


def judged(code: str, budget: Budget) -> Loaded:
    """Run and judge; ends the test where the budget is broken."""
    __tracebackhide__ = True
    try:
        loaded = measure(command_for(budget.target), budget, LIMIT_S, {"PYTHONPATH": path_for_children()})
    except Unmeasured as fault:
        pytest.fail(f"{code!r} in a fresh interpreter: {fault}", pytrace=False)
    found = list(against_budget(budget, loaded))
    if found:
        pytest.fail("\n".join([f"{code!r} in a fresh interpreter:", *map(told, found)]), pytrace=False)
    return loaded


def told(finding: Finding) -> str:
    """A finding and its chain."""
    steps = [f"    {step.place}  {step.told}" for step in finding.chain]
    return "\n".join([f"  {finding.code}  {finding.text}", *steps])


def path_for_children() -> str:
    """The folders that pytest and its configuration have put on sys.path, for PYTHONPATH."""
    paths = sysconfig.get_paths()
    known = {os.path.realpath(path) for path in (*paths.values(), *_zip_and_extensions())}
    given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    mine = [os.path.abspath(entry) for entry in sys.path if os.path.realpath(entry) not in known]
    return os.pathsep.join(dict.fromkeys([*(entry for entry in given if entry), *mine]))


def _zip_and_extensions() -> list[str]:
    """The standard library's other entries."""
    version = f"{sys.version_info[0]}{sys.version_info[1]}"
    return [
        os.path.join(sys.base_prefix, sys.platlibdir, f"python{version}.zip"),
        os.path.join(sysconfig.get_path("stdlib"), "lib-dynload"),
        os.path.join(sysconfig.get_path("platstdlib"), "lib-dynload"),
    ]
