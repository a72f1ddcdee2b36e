"""Writes the small programs that the micro-benchmarks run: one source for the eager and the lazy side."""

from __future__ import annotations

import compileall
from pathlib import Path

STATEMENTS = 20  # import statements of a generated module
READS = 20  # operations in the body of a measured loop
PENDING = 5  # imports that a namespace of the read benchmarks holds

# What a statement is called -> its text, and the same names bound without an import.
KINDS = {
    "import m": ("import mod{i}", "mod{i} = None"),
    "import m as n": ("import mod0 as n{i}", "n{i} = None"),
    "from m import a, b": ("from attrs import a{i}, b{i}", "a{i} = b{i} = None"),
    "import a.b as c": ("import pack.sub as c{i}", "c{i} = None"),
    "from . import x": ("from . import x{i}", "x{i} = None"),
}
NAMES = {
    "import m": ("mod{i}",),
    "import m as n": ("n{i}",),
    "from m import a, b": ("a{i}", "b{i}"),
    "import a.b as c": ("c{i}",),
    "from . import x": ("x{i}",),
}

# argv: what happens to the targets first, whether the bound names are used at last, how many modules.
STATEMENTS_MAIN = """\
import importlib
import sys

loaded, use, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
if loaded == "loaded":
    for i in range({statements}):
        importlib.import_module(f"mod{{i}}")
        importlib.import_module(f"parts.{folder}.x{{i}}")
    importlib.import_module("attrs")
    importlib.import_module("pack.sub")
modules = [importlib.import_module(f"parts.{folder}.m{{i}}") for i in range(count)]
if use == "use":
    for module in modules:
        module.use()
"""

# argv: the measured function, what happens first, how often. The same program on both sides.
READS_MAIN = """\
import sys

import measured

case, before, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
on = "lazyimp" in sys._xoptions
if "warm" in before:  # the interpreter specialised the code while names were pending
    for _ in range(100):
        getattr(measured, case)(20)
if "use" in before:
    measured.use()
if "disable" in before and on:
    import lazyimp

    lazyimp.disable()
if on:
    left = sum(row[0] == "measured" for row in sys.modules["lazyimp._startup"].core.pending())
    expected = 0 if "use" in before else {pending}
    assert left >= expected - 2 and (expected or not left), (left, before)
getattr(measured, case)(count)
print("done")
"""

LOOP = """\
def {name}(count):
    for _ in repeat(None, count):
{body}
"""


def write(path: Path, text: str) -> None:
    """Write a file, and its folder first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def slug(kind: str) -> str:
    """A folder's name for a kind of statement."""
    return "".join(letter if letter.isalnum() else "_" for letter in kind)


def write_statements(folder: Path, count: int, statements: int = STATEMENTS) -> None:
    """Programs of many modules of import statements of one kind and a function that reads them."""
    for i in range(statements):
        write(folder / f"mod{i}.py", "value = 1\n")
    write(folder / "attrs.py", "".join(f"a{i} = b{i} = {i}\n" for i in range(statements)))
    write(folder / "pack" / "__init__.py", "")
    write(folder / "pack" / "sub.py", "value = 1\n")
    write(folder / "parts" / "__init__.py", "")
    for kind, texts in KINDS.items():
        for base, text in zip(("", "_base"), texts, strict=True):
            name = slug(kind) + base
            lines = [text.format(i=i) for i in range(statements)]
            used = [form.format(i=i) for i in range(statements) for form in NAMES[kind]]
            source = "\n".join([*lines, "", "", "def use():", *(f"    {word}" for word in used), ""])
            write(folder / "parts" / name / "__init__.py", "")
            for i in range(statements):
                write(folder / "parts" / name / f"x{i}.py", "value = 1\n")
            for i in range(count):
                write(folder / "parts" / name / f"m{i}.py", source)
            write(folder / f"main_{name}.py", STATEMENTS_MAIN.format(statements=statements, folder=name))
    compileall.compile_dir(folder, quiet=1)


def write_reads(folder: Path) -> None:
    """A program that reads names and attributes and calls functions, where imports may be pending."""
    for i in range(PENDING):
        write(folder / f"later{i}.py", f"value = {i}\n")
    write(folder / "proxied.py", "VALUE = 1\n\n\ndef function():\n    return VALUE\n")
    write(
        folder / "frozen.py",
        "".join(f"import later{i}\n" for i in range(PENDING)) + "\nVALUE = 1\n\n\n"
        "def use():\n" + "".join(f"    later{i}\n" for i in range(PENDING)),
    )
    bodies = {
        "empty": ["pass"],
        "global_read": ["VALUE"] * READS,
        "builtin_read": ["len"] * READS,
        "call": ["function()"] * READS,
        "trapped_call": ["trapped()"] * READS,
        "module_attribute": ["frozen.VALUE"] * READS,
        "module_call": ["proxied.function()"] * READS,
        "proxy_attribute": ["proxied.VALUE"] * READS,
        "local_import": ["import proxied as found"] * READS,
        "attribute_store": ["frozen.VALUE = 1"] * READS,
    }
    lines = [
        "from itertools import repeat",
        "",
        *(f"import later{i}" for i in range(PENDING)),
        "import frozen",
        "",
    ]
    lines += [
        "try:",
        "    import proxied",
        "except ImportError:",
        "    proxied = None",
        "",
        "VALUE = 1",
        "",
        "",
    ]
    lines += ["def function():", "    return None", "", ""]
    lines += ["def trapped():", "    return later0", "", ""]
    lines += ["def use():", *(f"    later{i}" for i in range(PENDING)), "    frozen.use()", ""]
    lines += [
        "",
        "repeat(None), proxied.VALUE, frozen.VALUE  # these are there before anything is measured",
        "",
        "",
    ]
    for name, body in bodies.items():
        lines.append(LOOP.format(name=name, body="\n".join(f"        {line}" for line in body)))
        lines.append("")
    write(folder / "measured.py", "\n".join(lines))
    write(folder / "main.py", READS_MAIN.format(pending=PENDING))
    compileall.compile_dir(folder, quiet=1)
