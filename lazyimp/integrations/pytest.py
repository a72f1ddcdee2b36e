"""The pytest plugin: options, markers, fixtures. Without its options it does nothing and loads nothing else of ours.

    --lazyimp=verify    run the suite once more in a child with lazy imports, and compare test by test
    --lazyimp=budget    hold tests to their `max_modules` marker, each in an interpreter of its own
    --lazyimp-mode=M    the mode of the lazy run: safe, deep or all; else what `python -X lazyimp` does here
    --lazyimp-report    which test files and tests loaded how much

Fixtures (they need no option): `import_budget("import mypkg", max_modules=200, forbid=["pandas"])` and
`no_import("pandas", after="import mypkg")`. Both look at a fresh interpreter, for `sys.modules` of the test process
holds what pytest and other tests have loaded.
"""

from __future__ import annotations

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lazyimp.integrations.pytest_fresh import ImportBudget, NoImport

JOBS = ("verify", "budget")
MARKER = (
    "max_modules(number, forbid=(), mode='0'): with --lazyimp=budget, the test may load that many modules at most, "
    "its imports and fixtures included"
)
CHILD = "--lazyimp-child"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    group = parser.getgroup("lazyimp", "lazy imports")
    group.addoption(
        "--lazyimp",
        action="append",
        default=[],
        choices=JOBS,
        metavar="JOB",
        help="verify or budget; may be repeated",
    )
    group.addoption(
        "--lazyimp-mode", default=None, choices=("safe", "deep", "all"), help="the mode of the lazy run"
    )
    group.addoption("--lazyimp-report", action="store_true", help="tell which tests loaded how many modules")
    group.addoption(
        CHILD, default=None, metavar="FILE", help="for our own children: what to do, and where to write it"
    )
    parser.addini("lazyimp_import", "the code that import_budget and no_import run when they are given none")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """A child of ours notes what is loaded before the project's own files are."""
    order = early_config.known_args_namespace.lazyimp_child
    if order is not None:
        from lazyimp.integrations import pytest_child

        early_config.pluginmanager.register(pytest_child.Child(order), "lazyimp-child")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker, and bring in what the options ask for."""
    config.addinivalue_line("markers", MARKER)
    if config.getoption("lazyimp_child") is not None or hasattr(config, "workerinput"):
        return
    jobs = config.getoption("lazyimp")
    if "verify" in jobs:
        from lazyimp.integrations import pytest_verify

        config.pluginmanager.register(pytest_verify.Verify(config), "lazyimp-verify")
    if "budget" in jobs:
        from lazyimp.integrations import pytest_budget

        config.pluginmanager.register(pytest_budget.Budgets(config), "lazyimp-budget")
    if config.getoption("lazyimp_report"):
        from lazyimp.integrations import pytest_report

        config.pluginmanager.register(pytest_report.Report(), "lazyimp-report")


@pytest.fixture
def import_budget(pytestconfig: pytest.Config) -> ImportBudget:
    """Run code in a fresh interpreter and fail where it loads more than it may; gives what it loaded."""
    from lazyimp.integrations import pytest_fresh

    return pytest_fresh.ImportBudget(pytestconfig.getini("lazyimp_import"))


@pytest.fixture
def no_import(pytestconfig: pytest.Config) -> NoImport:
    """Run code in a fresh interpreter and fail where it loads one of the modules named."""
    from lazyimp.integrations import pytest_fresh

    return pytest_fresh.NoImport(pytestconfig.getini("lazyimp_import"))
