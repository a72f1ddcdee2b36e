"""Who takes a module's namespace to look a name up in it does not load what is pending there; who walks it does."""

import pytest
from conftest import cores

COMMON = {
    "chk.py": "import sys\ndef loaded(name): return name in sys.modules\n",
    "site-packages/late.py": "value = 1\n",
    "site-packages/late-1.0.dist-info/RECORD": "late.py,,\n",
}
LOOP = """
import chk, inspect, typing
import late
class Noted:
    one: int = 1
def look(module):
{what}
for _ in range(60):  # until the interpreter has specialised the call
    look(chk)
print(chk.loaded("late"))
"""
KEPT = {
    "get_annotations": "    inspect.get_annotations(Noted)",
    "get_type_hints": "    typing.get_type_hints(Noted)",
    "getattr": "    space = getattr(inspect.getmodule(Noted), '__dict__', None)\n    return space['Noted']",
    "attribute": "    space = inspect.getmodule(Noted).__dict__\n    return space['Noted']",
}
WALKED = {
    "dict": "    return dict(inspect.getmodule(Noted).__dict__)",
    "getattr": "    return list(getattr(inspect.getmodule(Noted), '__dict__').items())",
    "for": "    for name in inspect.getmodule(Noted).__dict__: pass",
}


@pytest.mark.parametrize("what", KEPT.values(), ids=KEPT)
def test_looking_up(run_python, write, what):
    main = write({**COMMON, "main.py": LOOP.format(what=what)})
    assert run_python(main, mode="safe").stdout == "False\n"


@pytest.mark.parametrize("what", WALKED.values(), ids=WALKED)
def test_walking(run_python, write, what):
    if cores()[0] != "c":
        pytest.skip("who walks a namespace sees the interpreter's own placeholders")
    main = write({**COMMON, "main.py": LOOP.format(what=what)})
    assert run_python(main, mode="safe").stdout == "True\n"
