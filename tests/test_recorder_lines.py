"""Each import is told with its own line, wherever it stands: the lines are found by going on from the import before."""

FAR = "\n" * 300
PROGRAM = (
    """
import m0; import m1
import m2  # and what it imports comes between these two
"""
    + FAR
    + """
def late(name):
    if name == "m3":
        return __import__(
            name,
            None,
        )
    import m4
    return m4

class Body:
    values = [
        __import__(name)
        for name in ("m5", "m6")
    ]
    import m7 as \\
        seven

late("m4")
late("m3")
try:
    import missing
except ImportError:
    from m8 import (
        a as b,
        c,
    )
b, c
"""
    + FAR
    + "import m9; m9.a, m0.a, m1.a, m2.a, Body.seven.a\n"
)
MODULES = {
    **{f"m{number}.py": "a = c = 1" for number in range(10)},
    "m2.py": FAR
    + "import inner_a; inner_a\nimport inner_b; inner_b\n"
    + FAR
    + "import inner_c; inner_c\na = 1\n",
    "inner_a.py": "",
    "inner_b.py": "",
    "inner_c.py": "",
}


def line_of(text, words):
    """The line on which `words` begin."""
    return text[: text.index(words)].count("\n") + 1


STATEMENTS = {
    **{name: f"import {name}" for name in ("m0", "m1", "m2", "m4", "m7", "m9", "missing")},
    "m3": "return __import__",
    "m5": "__import__(name)\n        for",
    "m6": "__import__(name)\n        for",
    "m8": "from m8",
}
INNER = ("inner_a", "inner_b", "inner_c")


def test_lines_of_imports(recorder, write):
    main = write({"main.py": PROGRAM, **MODULES})
    run = recorder.run(main)
    program, inner = (path.read_text(encoding="utf-8") for path in (main, main.parent / "m2.py"))
    wanted = {name: ("main.py", line_of(program, words)) for name, words in STATEMENTS.items()}
    wanted |= {name: ("m2.py", line_of(inner, f"import {name}")) for name in INNER}
    assert {name: run.place(run.one(name)) for name in wanted} == wanted


def test_lines_of_deferrals(recorder, write):
    main = write({"main.py": PROGRAM, **MODULES})
    run = recorder.run(main, mode="safe")
    program, inner = (path.read_text(encoding="utf-8") for path in (main, main.parent / "m2.py"))
    wanted = {name: line_of(program, STATEMENTS[name]) for name in ("m0", "m1", "m2", "m9")}
    wanted |= {name: line_of(inner, f"import {name}") for name in INNER}
    told = {each.target: each.line for each in run.record.deferrals if each.target in wanted}
    assert told == ({} if recorder.core == "py" else wanted)  # core py asks nobody for lines
