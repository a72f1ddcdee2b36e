"""Generates programs of many modules in many installed distributions, for the tests and benchmarks of tuning.

Each distribution is a package whose modules import each other in a tree, inside `try`, and read nothing of
what they import until they are asked. A module that *registers* appends its name to a list in the
distribution `registry` while it is imported; the program prints which of the promised ones are missing.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

FANOUT = 3


def install(site: Path, name: str, files: Mapping[str, str], version: str = "1.0") -> None:
    """Put a distribution into a site directory: its files and the metadata that installers write."""
    rows = []
    for inside, text in files.items():
        path = site / inside
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        rows.append(f"{inside},sha256={digest},{len(text)}")
    info = site / f"{name}-{version}.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "RECORD").write_text(
        "\n".join([*rows, f"{info.name}/METADATA,,", f"{info.name}/RECORD,,"]) + "\n"
    )


def big_program(
    folder: Path,
    modules: int,
    distributions: int,
    registering: Sequence[tuple[int, int]] = (),
    used: int = 3,
) -> Path:
    """The script of a program over `modules` modules; `registering` are (distribution, module) numbers."""
    site = folder / "site-packages"
    install(site, "registry", {"registry.py": "names = []\n"})
    each = modules // distributions
    for number in range(distributions):
        package = f"dist{number}"
        chosen = [module for where, module in registering if where == number]
        files = {f"{package}/{name}": text for name, text in package_files(package, each, chosen).items()}
        install(site, package, files)
    names = [f"dist{number}" for number in range(distributions)]
    promised = [f"dist{where}.m{module}" for where, module in registering]
    lines = [
        "import registry",
        *(f"import {name}" for name in names),
        f"total = sum(each.value for each in ({', '.join(names[:used])},))",
        f"missing = sorted(set({promised!r}) - set(registry.names))",
        "print('total', total, 'missing', *missing)",
        *(f"def rest{number}(): return {name}.value" for number, name in enumerate(names[used:])),
    ]
    script = folder / "main.py"
    script.write_text("\n".join(lines) + "\n")
    return script


def package_files(package: str, count: int, registering: Iterable[int]) -> dict[str, str]:
    """A package of `count` modules in a tree; a module's children are imported inside try."""
    chosen = set(registering)
    files = {"__init__.py": guarded(package, [0]) + "value = 1\n"}
    for module in range(count):
        children = [
            child for child in range(module * FANOUT + 1, module * FANOUT + FANOUT + 1) if child < count
        ]
        text = guarded(package, children)
        if module in chosen:
            text += f"import registry\nregistry.names.append('{package}.m{module}')\n"
        files[f"m{module}.py"] = text + f"value = {module}\n"
    return files


def guarded(package: str, children: Iterable[int]) -> str:
    """Import statements as distributions write them for their optional parts."""
    return "".join(
        f"try:\n    from {package}.m{child} import value as value{child}\n"
        f"except ImportError:\n    value{child} = 0\n"
        f"def use{child}(): return value{child}\n"
        for child in children
    )
