"""What a start adds to sys.modules: nothing when lazyimp is off, and an exact set when it is on."""

import subprocess
import sys

import pytest

LIST = "print(*sorted(__import__('sys').modules))"  # no import statement: nothing to decide yet

# The package, _startup with what it knows of the program, and the extension; then what the chosen core needs before the
# first import it decides.
ALWAYS = {"lazyimp", "lazyimp._startup", "lazyimp._program"}
BY_CORE = {
    "c": {"lazyimp_c"},
    "native": {"lazyimp_c", "lazyimp._native"},
    "py": {"lazyimp._finder", "lazyimp._proxy", "lazyimp._pycore"},
}
# Core native builds on the finder and may install it at once; core py uses the extension where it can.
MAY_ADD = {
    "c": set(),
    "native": {"lazyimp._finder", "lazyimp._proxy"},
    "py": {"lazyimp_c"},
}
NEVER = {
    "collections",
    "contextlib",
    "dataclasses",
    "enum",
    "functools",
    "importlib",
    "importlib.util",
    "inspect",
    "json",
    "pathlib",
    "re",
    "threading",
    "traceback",
    "types",
    "typing",
    "warnings",
}


def modules(*options, **environment):
    """The modules of a fresh interpreter at its first statement, with no pyproject.toml near."""
    done = subprocess.run(
        [sys.executable, *options, "-c", LIST],
        env=environment,
        cwd="/",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return set(done.stdout.split())


@pytest.fixture(scope="module")
def plain():
    """The modules of an interpreter that does not run our start-up file's site folder any differently."""
    return modules()


@pytest.mark.parametrize(
    ("options", "environment"),
    [
        ((), {}),
        (("-X", "lazyimp=0"), {}),
        ((), {"LAZYIMP": "0"}),
        ((), {"LAZYIMP": ""}),
        (("-E",), {"LAZYIMP": "safe"}),
        (("-I",), {"LAZYIMP": "safe"}),
    ],
    ids=["unset", "option-0", "variable-0", "variable-empty", "no-environment", "isolated"],
)
def test_off_adds_no_module(options, environment):
    found = modules(*options, **environment)
    assert not {name for name in found if name.startswith("lazyimp")}
    assert found <= modules(*[option for option in options if option != "-X" and "lazyimp" not in option])


def test_on_adds_exactly_our_few_files(plain, core):
    added = modules("-X", "lazyimp", LAZYIMP_CORE=core) - plain
    # What Cython makes itself, of no file, for all extensions together.
    added -= {name for name in added if name == "cython_runtime" or name.startswith("_cython_")}
    expected = ALWAYS | BY_CORE[core]
    assert added >= expected
    assert added - MAY_ADD[core] == expected  # nothing of anybody else's either
    assert not added & NEVER


def test_policy_is_not_loaded_before_it_is_asked(core):
    assert "lazyimp._policy" not in modules("-X", "lazyimp", LAZYIMP_CORE=core)


def test_api_module_stays_out_until_it_is_used(core):
    assert "lazyimp._control" not in modules("-X", "lazyimp", LAZYIMP_CORE=core)


def test_importing_the_package_imports_nothing_else():
    code = "import sys; before = set(sys.modules); import lazyimp; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], env={}, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["lazyimp"]
