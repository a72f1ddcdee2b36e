"""What is imported inside `try` fails there or not at all."""

import pytest
from conftest import INSTALLED

GUARD = "try:\n    {statement}\nexcept ImportError:\n    HAVE = False\nelse:\n    HAVE = True\n"
FILES = {
    "main.py": "import pkg\nprint(pkg.HAVE)\n",
    f"{INSTALLED}/pkg-1.0.dist-info/RECORD": "pkg/__init__.py,,\n",
    f"{INSTALLED}/pkg/gateway.py": "from pkg.middle import run\n\ndef use():\n    return run\n",
    f"{INSTALLED}/pkg/middle.py": "from pkg.runner import run\n\ndef use():\n    return run\n",
    f"{INSTALLED}/pkg/runner.py": "import missing_thing\n\ndef run():\n    return missing_thing\n",
}


@pytest.mark.parametrize("mode", ["safe", "deep"])
@pytest.mark.parametrize(
    "statement",
    [
        "import pkg.gateway",
        "from pkg.gateway import use",
        "from . import gateway",
        "from .gateway import use",
    ],
)
def test_a_module_that_cannot_be_imported_takes_the_except_branch(run_python, write, core, mode, statement):
    main = write({**FILES, f"{INSTALLED}/pkg/__init__.py": GUARD.format(statement=statement)})
    assert run_python(main, mode=mode, core=core).stdout == run_python(main).stdout == "False\n"


@pytest.mark.parametrize("mode", ["safe", "deep"])
def test_in_a_function_too(run_python, write, core, mode):
    guard = (
        "def probe():\n    try:\n        from pkg.gateway import use\n    except ImportError:\n"
        "        return False\n    return True\n\nHAVE = probe()\n"
    )
    main = write({**FILES, f"{INSTALLED}/pkg/__init__.py": guard})
    assert run_python(main, mode=mode, core=core).stdout == run_python(main).stdout == "False\n"


def test_elsewhere_the_same_modules_are_deferred(run_python, write):
    """Nothing is lost where no `try` stands."""
    main = write(
        {
            **FILES,
            "main.py": "import sys\nimport pkg\npkg.x\nprint('pkg.gateway' in sys.modules)\n",
            f"{INSTALLED}/pkg/__init__.py": "from pkg.gateway import use\nx = 1\ndef f():\n    return use\n",
        }
    )
    assert run_python(main, mode="deep").stdout == "False\n"
