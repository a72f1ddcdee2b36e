"""Prints what lazyimp costs in instructions, as ratios to the same program without it; needs valgrind.

python bench/instructions.py                   # everything, some minutes
python bench/instructions.py statements        # deferred statements
python bench/instructions.py reads             # reads, calls, attributes: pending, resolved, disabled
python bench/instructions.py start             # the interpreter's start
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import callgrind
import generate
from harness import active_core, add_start_file, conditions, make_environment, run_once, table

LAZY = ("-X", "lazyimp")
# the engine's own cost: other modes also look at the code of the user's own modules before they defer them
LAZY_STATEMENT = ("-X", "lazyimp=all")
MODULES = 6  # generated modules of a statement program, and twice as many
LOOPS = 1500  # rounds of a measured loop, and twice as many


def say(line: str) -> None:
    """Print now: a table takes minutes."""
    print(line, flush=True)


# -- (1) statements ----------------------------------------------------------------------------------------


def per_statement(folder: Path, name: str, *, lazy: bool, loaded: bool, use: bool, statements: int) -> float:
    """Instructions per statement of a whole module that holds nothing else."""
    command = [sys.executable, *(LAZY_STATEMENT if lazy else ()), f"main_{name}.py"]
    command += ["loaded" if loaded else "new", "use" if use else "keep"]
    return callgrind.per_operation(command, MODULES, folder) / statements


def statement_rows(folder: Path, kinds: list[str], statements: int) -> None:
    """A deferred statement against an eager import statement of a loaded module."""
    generate.write_statements(folder, 2 * MODULES, statements)
    head = (
        "statement",
        "eager, loaded",
        "deferred",
        "ratio",
        "first use",
        "with use",
        "loaded, lazy on",
        "ratio",
    )
    rows = []
    for kind in kinds:
        name = generate.slug(kind)

        def cost(
            suffix: str = "", lazy: bool = False, loaded: bool = True, use: bool = False, name: str = name
        ) -> float:
            return per_statement(
                folder, name + suffix, lazy=lazy, loaded=loaded, use=use, statements=statements
            )

        base, base_used = cost("_base"), cost("_base", use=True)
        eager = cost() - base
        kept = cost(lazy=True, loaded=False)
        deferred = kept - base
        used = cost(lazy=True, loaded=False, use=True) - kept - (base_used - base)
        loaded = cost(lazy=True) - base
        numbers = (eager, deferred, used, loaded)
        shown = [f"{number:.0f}" for number in numbers]
        ratios = [f"{number / eager:.2f}" for number in (deferred, deferred + used, loaded)]
        rows.append((kind, shown[0], shown[1], ratios[0], shown[2], ratios[1], shown[3], ratios[2]))
    say(f"\nInstructions per module-level import statement, {statements} in a module, without its file")
    say(table(head, rows))


def statements(options: argparse.Namespace, folder: Path) -> None:
    """Many statements in a module, then one."""
    statement_rows(folder / "many", list(generate.KINDS), generate.STATEMENTS)
    statement_rows(folder / "one", ["import m as n"], 1)
    say("  (the second: a module with one import, so it holds what a module costs once)")


# -- (2) and (3) reads -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Read:
    """One row: the measured function, what happens before, and the ratio that is wanted."""

    title: str
    case: str
    before: str
    goal: float


READS = (
    Read("global, imports pending", "global_read", "pending", 4.0),
    Read("builtin, imports pending", "builtin_read", "pending", 4.0),
    Read("global, specialised before, imports pending", "global_read", "warm", 4.0),
    Read("global, the last import resolved", "global_read", "use", 1.0),
    Read("builtin, the last import resolved", "builtin_read", "use", 1.0),
    Read("global, run while pending, then resolved", "global_read", "warm+use", 1.0),
    Read("builtin, run while pending, then resolved", "builtin_read", "warm+use", 1.0),
    Read("attribute of a reified proxy", "proxy_attribute", "use", 1.0),
    Read("call of a reified proxy's function", "module_call", "use", 1.0),
    Read("attribute of a module, its imports pending", "module_attribute", "pending", 4.0),
    Read("attribute of a module, its imports resolved", "module_attribute", "use", 1.0),
    Read("global, after disable(), names left", "global_read", "disable", 1.0),
    Read("builtin, after disable(), names left", "builtin_read", "disable", 1.0),
    Read("global, run while pending, then disable()", "global_read", "warm+disable", 1.0),
    Read("builtin, run while pending, then disable()", "builtin_read", "warm+disable", 1.0),
    Read("call, after disable(), names left", "call", "disable", 1.0),
    Read("call, run while pending, then disable()", "call", "warm+disable", 1.0),
    Read("call of a function that was trapped", "trapped_call", "disable", 1.0),
    Read("attribute of a proxy, after disable()", "proxy_attribute", "disable", 1.0),
    Read("attribute of a module, after disable(), names left", "module_attribute", "disable", 1.0),
    Read("attribute store, after disable(), names left", "attribute_store", "disable", 1.0),
    Read("import of a loaded module in a function, lazy on", "local_import", "pending", 4.0),
    Read("import of a loaded module in a function, after disable()", "local_import", "disable", 1.0),
)


def reads(options: argparse.Namespace, folder: Path) -> None:
    """Reads, calls and attributes against the same program without lazyimp."""
    generate.write_reads(folder)
    known: dict[tuple[str, str, bool], float] = {}

    def cost(case: str, before: str, lazy: bool) -> float:
        key = (case, before, lazy)
        if key not in known:
            command = [sys.executable, *(LAZY if lazy else ()), "main.py", case, before]
            known[key] = callgrind.per_operation(command, LOOPS, folder)
        return known[key]

    rows = []
    for read in READS:
        if options.only and options.only not in read.title:
            continue
        plain, ours = (
            (cost(read.case, read.before, lazy) - cost("empty", "use", False)) / generate.READS
            for lazy in (False, True)
        )
        verdict = "" if ours / plain <= read.goal + 0.005 else "missed"
        rows.append(
            (read.title, f"{plain:.1f}", f"{ours:.1f}", f"{ours / plain:.2f}", f"{read.goal:.2f}", verdict)
        )
    say("\nInstructions per operation, the loop around it taken off")
    say(table(("operation", "without", "with", "ratio", "at most", ""), rows))


# -- (4) start ---------------------------------------------------------------------------------------------


def start(options: argparse.Namespace, folder: Path) -> None:
    """Two environments that differ in lazyimp alone, and the one with it when it is asked for."""
    without = make_environment(folder / "without", with_lazyimp=False)
    with_it = make_environment(folder / "with", with_lazyimp=True)
    other = make_environment(folder / "other", with_lazyimp=False)
    add_start_file(other, "import sys\n")
    sides = {
        "not installed": [without],
        "not installed, but another .pth file": [other],  # for one, site loads a codec on 3.13 and later
        "installed, not asked for": [with_it],
        "asked for": [with_it, *LAZY],
        "asked for, one import decided": [with_it, *LAZY, str(folder / "one.py")],
        "the same program, not installed": [without, str(folder / "one.py")],
    }
    (folder / "later.py").write_text("value = 1\n", encoding="utf-8")
    (folder / "one.py").write_text("import later\n\ndef use():\n    return later\n", encoding="utf-8")
    rows, first, modules = [], 0, set[str]()
    for name, command in sides.items():
        program = [] if command[-1].endswith(".py") else ["-c", "pass"]
        shown = run_once(
            [command[0], "-X", "importtime", *command[1:], *program]
        )  # also compiles what is imported
        loaded = {line.rsplit("|", 1)[1].strip() for line in shown.stderr.splitlines() if "|" in line}
        count, _ = callgrind.instructions([*command, *program], folder)
        first, modules = first or count, modules or loaded
        added = sorted(loaded - modules)
        rows.append((name, f"{count / 1e6:.3f}", f"{(count - first) / 1e6:+.3f}", " ".join(added) or "none"))
    say("\nThe interpreter's start, millions of instructions")
    say(table(("lazyimp is", "in all", "more"), [row[:3] for row in rows]))
    for row in rows[1:]:
        say(f"modules added, {row[0]}: {row[3]}")


PARTS: dict[str, Callable[[argparse.Namespace, Path], None]] = {
    "statements": statements,
    "reads": reads,
    "start": start,
}


def main() -> None:
    """Print the tables asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; all of them where none is named"
    )
    parser.add_argument("--only", help="only the rows of `reads` whose title holds this text")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"unknown part {min(unknown)!r}; there are {', '.join(PARTS)}")
    tool, core = callgrind.require(), active_core()
    for part in options.parts or PARTS:
        with tempfile.TemporaryDirectory(prefix="lazyimp-bench-") as folder:
            PARTS[part](options, Path(folder))
    say(f"\n{conditions(core=core, note=tool)}")


if __name__ == "__main__":
    main()
