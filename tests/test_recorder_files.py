"""Which files Python code opened, where that was asked for: each once, without what the import system reads."""

from pathlib import Path

PROGRAM = """
import os, subprocess, sys
import reader
for _ in range(3):
    open("data.txt").read()
open(b"data.txt").close()
open(os.path.abspath("data.txt")).close()
with open("out.txt", "w") as file:
    file.write("x")
os.close(os.open("raw.bin", os.O_RDWR | os.O_CREAT))
os.close(os.open("data.txt", os.O_RDONLY))
try:
    open("nowhere.txt")
except OSError:
    pass
read, write = os.pipe()
open(read, "rb").close()
os.close(write)
print(reader.x)
"""
MODULES = {
    "reader.py": "from pathlib import Path\nx = Path('config.json').read_text()\nsource = open(__file__).read()\n",
    "config.json": "{}",
    "data.txt": "x",
}


def opened(run):
    """(name, whether it was for writing) of the files of the test's folder, in their order."""
    return [
        (Path(each.path).name, each.writes)
        for each in run.record.opened
        if Path(each.path).parent == run.folder
    ]


def test_each_file_once(recorder, write):
    run = recorder.run(write({"main.py": PROGRAM, **MODULES}), LAZYIMP_RECORD_FILES="1")
    assert opened(run) == [
        ("config.json", False),
        ("reader.py", False),  # its own source, opened by its own code
        ("data.txt", False),
        ("out.txt", True),
        ("raw.bin", True),
        ("nowhere.txt", False),
    ]
    files = {Path(each.path).name: each for each in run.record.opened}
    assert files["config.json"].during == run.one("reader").id and files["data.txt"].during == 0
    times = [each.at_ns for each in run.record.opened]
    assert times == sorted(times)
    names = [each.path for each in run.record.opened]
    assert len(set(names)) == len(names)
    ours = [name for name in names if "run.jsonl" in name or name.endswith((".pyc", "/maps", "/stat"))]
    assert not ours


def test_not_unless_asked_for(recorder, write):
    main = write({"main.py": PROGRAM, **MODULES})
    for value in ("", "0"):
        assert recorder.run(main, LAZYIMP_RECORD_FILES=value).record.opened == ()


def test_what_a_program_reads_through_a_loader_is_data(recorder, write):
    program = """
    import pkgutil
    print(pkgutil.get_data("pkg", "data.bin"))
    import pkg.code
    """
    modules = {"pkg/__init__.py": "", "pkg/data.bin": "x", "pkg/code.py": ""}
    run = recorder.run(write({"main.py": program, **modules}), LAZYIMP_RECORD_FILES="1")
    inside = [Path(each.path).name for each in run.record.opened if "/pkg/" in each.path]
    assert inside == ["data.bin"]


def test_children_tell_of_theirs(recorder, write):
    program = """
    import os
    open("data.txt").close()
    pid = os.fork()
    if pid == 0:
        open("data.txt").close()
        os._exit(0)
    os.waitpid(pid, 0)
    """
    run = recorder.run(write({"main.py": program, **MODULES}), LAZYIMP_RECORD_FILES="1")
    (child,) = run.record.children
    assert opened(run) == [("data.txt", False)]
    assert [Path(each.path).name for each in child.opened] == ["data.txt"]


def test_exec_writes_what_is_in_memory(recorder, write):
    program = """
    import a, os
    os.execv("/bin/sh", ["sh", "-c", "echo done"])
    """
    run = recorder.run(write({"main.py": program, "a.py": ""}), LAZYIMP_RECORD_FILES="1")
    assert run.lines == ["done"] and run.one("a") and not run.record.complete


def test_errors_of_opening_stay_what_they_are(recorder, write):
    program = """
    class Odd:
        def __fspath__(self):
            raise KeyError("mine")
    for thing in Odd(), 3.5, "a\\0b", "missing":
        try:
            open(thing)
        except Exception as error:
            print(type(error).__name__)
    """
    main = write({"main.py": program})
    plain = recorder.run_python(main)
    assert recorder.run(main, LAZYIMP_RECORD_FILES="1").done.stdout == plain.stdout
