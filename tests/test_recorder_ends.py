"""A record outlives its process, never gets in its way, and is never written anywhere but in its file."""

import os
import signal
import sys

import pytest
from recording import NAME

from lazyimp import _journal

SLOWLY = "import time, {0}\ntime.sleep(0.15)\nimport {1}\n"  # the second import writes what came before


@pytest.mark.parametrize(
    ("last", "status"),
    [
        ("import os; os._exit(7)", 7),
        ("import os; os.abort()", -signal.SIGABRT),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL),
    ],
)
def test_whole_lines_outlive_a_crash(recorder, write, last, status):
    main = write({"main.py": SLOWLY.format("a", "b") + last, "a.py": "import c", "b.py": "", "c.py": ""})
    run = recorder.run(main, check=False)
    assert run.done.returncode == status
    assert {"a", "b", "c"} <= {each.name for each in run.record.imports}
    assert not run.record.complete and "damaged" not in run.record.facts


def test_flush_writes_what_is_in_memory(recorder, write):
    program = """
    import small, os
    import lazyimp._recorder as recorder
    recorder.flush()
    print('["s","small"]' in open(os.environ["LAZYIMP_RECORD"]).read().splitlines())
    """
    assert recorder.run(write({"main.py": program, "small.py": ""})).lines == ["True"]


@pytest.mark.parametrize(
    "how",
    [
        "import os; os.remove(path)",
        "import os; os.rename(path, path + '.moved'); open(path, 'w').write('mine')",
        "import os; os.remove(path); os.symlink('/dev/full', path)",
        "import os; os.remove(path); os.mkdir(path)",
        "import os; os.remove(path); os.mkfifo(path)",
    ],
    ids=["gone", "another", "link", "folder", "pipe"],
)
def test_a_file_that_is_not_ours_any_more_is_left_alone(recorder, write, how):
    program = f"""
    import os, time
    path = os.environ["LAZYIMP_RECORD"]
    {how}
    time.sleep(0.11)
    import a, lazyimp._recorder as recorder
    recorder.flush()
    print(recorder.totals()["dropped"] > 0, open(path).read() if os.path.isfile(path) else "none")
    """
    main = write({"main.py": program, "a.py": ""})
    done = recorder.run_python(main, env=recorder.environment())
    assert done.stderr == ""
    assert done.stdout.split() == ["True", "mine" if "mine" in how else "none"]


@pytest.mark.skipif(sys.platform != "linux", reason="signals for a file that is too large differ")
def test_a_full_disk_costs_lines_and_nothing_else(recorder, write):
    """A limit on the size of files does what a full disk does; afterwards the record goes on, its texts told again."""
    program = """
    import resource, signal, time
    import a
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    import lazyimp._recorder as recorder
    recorder.flush()
    import os
    size = os.stat(os.environ["LAZYIMP_RECORD"]).st_size
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, unlimited))
    import b
    recorder.flush()
    print(os.stat(os.environ["LAZYIMP_RECORD"]).st_size == size, recorder.totals()["dropped"] > 0)
    resource.setrlimit(resource.RLIMIT_FSIZE, (unlimited, unlimited))
    import c
    """
    main = write({"main.py": program, **dict.fromkeys(("a.py", "b.py", "c.py"), "")})
    run = recorder.run(main)
    assert run.lines == ["True True"]
    assert {"a", "c"} <= {each.name for each in run.record.imports} and not run.imports("b")
    assert run.place(run.one("c")) == ("main.py", 14)
    assert run.record.facts["dropped"] >= 1 and "damaged" not in run.record.facts and run.record.complete


def test_what_went_into_the_file_of_a_failed_write_is_cut_off(tmp_path, monkeypatch):
    """In Python, where a write can be made to fail; lazyimp_c/journal.c does the same."""
    path = str(tmp_path / NAME)
    _journal.prepare()
    (tmp_path / NAME).write_text("header\n")
    _journal.open_file(path, 0, False)
    _journal.row("i", 1, "early")
    _journal.flush()
    whole = (tmp_path / NAME).read_bytes()
    real = os.write

    def write(file, data):
        if len(data) <= 5:
            raise OSError(28, "No space left on device")
        return real(file, data[:-5])

    monkeypatch.setattr(os, "write", write)
    _journal.row("i", 2, "late")
    _journal.flush()
    assert (tmp_path / NAME).read_bytes() == whole and _journal.lost[0] == 2
    monkeypatch.setattr(os, "write", real)
    _journal.row("i", 3, "late")
    _journal.flush()
    added = (tmp_path / NAME).read_bytes()[len(whole) :]
    assert added == b'["s","late"]\n["i",3,2]\n'
    _journal.close_file()


def test_closed_descriptors_get_nothing_of_ours(recorder, write):
    """A program may close everything and open its own files: they get the numbers that anybody kept open."""
    program = """
    import os
    os.closerange(3, 64)
    files = [os.open(f"own{n}", os.O_CREAT | os.O_RDWR) for n in range(8)]
    import time, a
    time.sleep(0.11)
    import b
    print([os.fstat(file).st_size for file in files])
    """
    run = recorder.run(write({"main.py": program, "a.py": "", "b.py": ""}))
    assert run.lines == [str([0] * 8)]
    assert run.record.complete and run.one("a") and run.one("b")


def test_no_descriptor_is_kept(recorder, write):
    program = "import os, a\nprint(sorted(int(n) for n in os.listdir('/proc/self/fd')))\n"
    plain = recorder.run_python(write({"main.py": program, "a.py": ""}))
    assert recorder.run(recorder.folder / "main.py").done.stdout == plain.stdout


def test_the_working_folder_may_change(recorder, write):
    program = """
    import os, sys, subprocess
    import a
    os.mkdir("elsewhere"); os.chdir("elsewhere")
    sys.path.insert(0, "..")
    subprocess.run([sys.executable, "-c", "import sched"], check=True)
    import b
    print(os.listdir("."))
    """
    run = recorder.run(write({"main.py": program, "a.py": "", "b.py": ""}))
    assert run.lines == ["[]"] and run.record.complete and run.one("b")
    (child,) = run.record.children
    assert any(each.name == "sched" for each in child.imports)


def test_the_first_lines_of_a_run_that_dies_at_once(recorder, write):
    """What is told before it is written is lost with the process, the header is not."""
    run = recorder.run(write({"main.py": "import os; os._exit(0)"}))
    assert run.record.header["pid"] > 0 and not run.record.complete


def test_interrupted_imports_end(recorder, write):
    program = """
    import signal, threading, os, time
    def interrupt():
        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGINT)
    threading.Thread(target=interrupt).start()
    try:
        import slow
    except KeyboardInterrupt:
        print("interrupted")
    import after
    """
    modules = {"slow.py": "import time\ntime.sleep(30)\n", "after.py": ""}
    run = recorder.run(write({"main.py": program, **modules}))
    assert run.lines == ["interrupted"]
    assert run.one("slow").error == "KeyboardInterrupt" and run.one("after").parent == 0
