"""Every small program of tests/semantics behaves lazily as it behaves eagerly."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from conftest import MODES, cores
from known import difference
from run import Program, Runner, first_difference, read_programs, why_not

VERSION = sys.version_info[:2]
PROGRAMS = read_programs()


def _cases() -> Iterator[object]:
    # Without a core one failure says so; two hundred would hide it.
    for program in PROGRAMS if cores() != ("none",) else PROGRAMS[:1]:
        reason = why_not(program, sys.executable)
        for core in cores():
            for mode in program.modes if core != "none" else MODES[:1]:
                marks = []
                known = difference(program.id, core, mode, VERSION)
                if reason is not None:
                    marks.append(pytest.mark.skip(reason=reason))
                elif known is not None:
                    marks.append(pytest.mark.xfail(reason=known.reason, strict=True))
                yield pytest.param(program, core, mode, marks=marks, id=f"{program.id}-{core}-{mode}")


def _command(core: str, mode: str) -> tuple[list[str], dict[str, str]]:
    return [sys.executable, "-X", f"lazyimp={mode}"], {"LAZYIMP_CORE": core}


@pytest.fixture(scope="module")
def runner(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    """A pool that has started on every selected program; each test waits for its own."""
    pool = Runner(sys.executable, tmp_path_factory.mktemp("programs"))
    for item in request.session.items:
        callspec = getattr(item, "callspec", None)
        if item.path != request.path or callspec is None or item.get_closest_marker("skip"):
            continue
        params = callspec.params
        if "program" in params and params["core"] != "none":
            pool.eager(params["program"])
            pool.lazy(params["program"], *_command(params["core"], params["mode"]))
    yield pool
    pool.close()


@pytest.mark.parametrize(("program", "core", "mode"), list(_cases()))
def test_program_behaves_as_eagerly(runner: Runner, program: Program, core: str, mode: str) -> None:
    """stdout, stderr and status are equal, and what need not be loaded is not."""
    if core == "none":
        pytest.fail("-X lazyimp activates no core in this interpreter")
    eager = runner.eager(program).result()
    lazy = runner.lazy(program, *_command(core, mode)).result()
    assert first_difference(program, eager, lazy, core) is None, program.title


def test_every_case_has_a_program() -> None:
    """The list of semantics has 100 cases, and each is here."""
    assert sorted({program.number for program in PROGRAMS}) == list(range(1, 101))


def test_known_differences_name_programs() -> None:
    """A known difference that names no program would hide nothing and mislead."""
    from known import DIFFERENCES

    assert {known.program for known in DIFFERENCES} <= {program.id for program in PROGRAMS}
