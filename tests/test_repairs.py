"""Inside an installed distribution without a recipe, mode deep shows what the eager order shows.

Each case of `tests/data/repairs/*.txt` is a made-up package after a real one, and a program that uses it. It
runs eagerly, lazily with nothing known of the package, and lazily again with what the first run has kept.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from conftest import INSTALLED, RunPython, cores

DATA = Path(__file__).parent / "data" / "repairs"
TELL = "\nimport sys as _s\n_s.__stderr__.write(' '.join(m for m in {names!r} if m in _s.modules) + '\\n')\n"


@dataclass
class Case:
    """One made-up package and its program."""

    name: str
    options: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    @property
    def unloaded(self) -> list[str]:
        """Modules that the lazy program does not load."""
        return self.options.get("unloaded", "").split()


def read_cases() -> list[Case]:
    """All cases: `=== name`, `option: value` lines, and `--- path` before each file."""
    cases: list[Case] = []
    for path in sorted(DATA.glob("*.txt")):
        file = None
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("=== "):
                cases.append(Case(line[4:]))
                file = None
            elif line.startswith("--- "):
                file = line[4:]
                cases[-1].files[file] = ""
            elif file is not None:
                cases[-1].files[file] += line + "\n"
            elif cases and ": " in line:
                key, _, value = line.partition(": ")
                cases[-1].options[key] = value
    return cases


CASES = read_cases()


def lay_out(case: Case, folder: Path) -> Path:
    """Install the case's packages below `folder`, each as its own distribution; gives its main.py."""
    site = folder / INSTALLED
    for name, text in case.files.items():
        path = folder / name if name == "main.py" else site / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for top in {
        name.partition("/")[0] for name in case.files if "/" in name and "." not in name.partition("/")[0]
    }:
        info = site / f"{top}-1.0.dist-info"
        info.mkdir(exist_ok=True)
        record = [f"{name},," for name in case.files if name.startswith(f"{top}/")]
        (info / "RECORD").write_text("\n".join(record) + "\n", encoding="utf-8")
        if not (info / "METADATA").exists():
            (info / "METADATA").write_text(
                f"Metadata-Version: 2.1\nName: {top}\nVersion: 1.0\n", encoding="utf-8"
            )
    main = folder / "main.py"
    if case.unloaded:
        main.write_text(case.files["main.py"] + TELL.format(names=case.unloaded), encoding="utf-8")
    return main


def parameters() -> Iterator[object]:
    """Each case with each core that defers bindings; a known difference is a strict expected failure."""
    for core in cores():
        for case in CASES if core != "py" else ():
            known = case.options.get(core)
            marks = [pytest.mark.xfail(reason=known, strict=True)] if known else []
            yield pytest.param(case, core, marks=marks, id=f"{case.name}-{core}")


@pytest.mark.parametrize(("case", "core"), list(parameters()))
def test_a_distribution_without_a_recipe(
    case: Case, core: str, tmp_path: Path, run_python: RunPython
) -> None:
    """Same output, same errors, same status; and what need not be loaded is not."""
    for needed in case.options.get("needs", "").split():
        if importlib.util.find_spec(needed) is None:
            pytest.skip(f"needs {needed}")
    main = lay_out(case, tmp_path)
    environment = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "LAZYIMP_DEBUG": "1"}

    def run(**switches: str) -> tuple[str, str, int]:
        done = run_python(main, env=environment, check=False, **switches)
        return done.stdout, done.stderr, done.returncode

    stdout, stderr, status = run()
    assert status == 0, stderr
    names = " ".join(case.unloaded) + "\n" if case.unloaded else ""
    assert stderr.endswith(names)
    expected = (stdout, stderr.removesuffix(names) + ("\n" if names else ""), status)
    assert run(mode="deep", core=core) == expected, "the first run"
    assert run(mode="deep", core=core) == expected, "the second run"
