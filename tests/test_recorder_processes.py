"""Each process of a run has a record of its own: started, forked, and workers of every kind."""

import sys

import pytest

WORK = """
import multiprocessing, os, sys
def work(number):
    import task
    return task.x + number
if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    processes = [context.Process(target=work, args=(n,)) for n in range(2)]
    for each in processes:
        each.start()
    for each in processes:
        each.join()
    print([each.exitcode for each in processes])
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_workers(recorder, write, method):
    run = recorder.run(write({"main.py": WORK, "task.py": "x = 1"}), method, mode="safe")
    assert run.lines == ["[0, 0]"]
    below = [each for each in run.record.processes() if each is not run.record]
    workers = [each for each in below if any(one.name == "task" for one in each.imports)]
    assert len(workers) == 2
    for each in workers:
        assert each.header["main"]["kind"] == "worker"
        assert each.header["forked"] == (method != "spawn")
        assert each.complete and "damaged" not in each.facts
        assert not each.header["forked"] or not {name for name, _ in each.present} & set(
            each.header["before"]
        )
        (task,) = [one for one in each.imports if one.name == "task"]
        assert (task.parent, task.thread, task.line) == (0, 0, 3)
    assert run.record.complete and not run.imports("task")
    assert len({each.header["pid"] for each in run.record.processes()}) == len(below) + 1
    if method == "fork":
        assert {each.header["ppid"] for each in workers} == {run.record.header["pid"]}


def test_started_processes_and_theirs(recorder, write):
    program = """
    import subprocess, sys
    subprocess.run([sys.executable, "child.py"], check=True)
    """
    child = """
    import a, subprocess, sys
    subprocess.run([sys.executable, "-m", "grandchild"], check=True)
    """
    run = recorder.run(
        write({"main.py": program, "child.py": child, "grandchild.py": "import b", "a.py": "", "b.py": ""})
    )
    (child,) = run.record.children
    (grandchild,) = child.children
    assert child.header["main"] == {"kind": "script", "name": str(recorder.folder / "child.py")}
    assert grandchild.header["main"] == {"kind": "module", "name": "grandchild"}
    assert grandchild.facts["main"] == grandchild.header["main"]
    assert [{"a", "b"} & {each.name for each in one.imports} for one in (child, grandchild)] == [{"a"}, {"b"}]
    assert grandchild.header["ppid"] == child.header["pid"] and grandchild.complete


def test_forks_write_at_their_first_event(recorder, write):
    program = """
    import os, sys
    def fork(function):
        pid = os.fork()
        if pid == 0:
            function()
            os._exit(0)
        os.waitpid(pid, 0)
    def load():
        import a
    def nothing():
        pass
    def fork_again():
        fork(load)
        import b
    import before
    fork(load)
    fork(nothing)
    fork(fork_again)
    import after
    """
    run = recorder.run(
        write({"main.py": program, **dict.fromkeys(("a.py", "b.py", "before.py", "after.py"), "")})
    )
    below = list(run.record.processes())[1:]
    names = sorted(
        ",".join(sorted({"a", "b", "before"} & {each.name for each in one.imports})) for one in below
    )
    assert names == ["a", "a", "b"]
    assert all(one.header["forked"] and not one.complete for one in below)  # os._exit() told nobody
    assert all(one.imports[0].id == 1 and one.imports[0].parent == 0 for one in below)
    assert run.one("before").id < run.one("after").id and run.record.complete
    assert all("before" in one.header["before"] for one in below)


def test_a_fork_in_the_middle_of_an_import(recorder, write):
    modules = {
        "outer.py": "import os\npid = os.fork()\nimport inner\nif pid == 0: os._exit(0)\nos.waitpid(pid, 0)\n",
        "inner.py": "",
    }
    run = recorder.run(write({"main.py": "import outer, last", "last.py": "", **modules}))
    (child,) = run.record.children
    assert [(each.name, each.parent) for each in child.imports] == [("inner", 0)]
    assert run.one("inner").parent == run.one("outer").id and run.one("last").parent == 0


def test_what_the_parent_deferred_is_used_in_the_child(lazy_recorder, write):
    program = """
    import os
    import lazy
    import unused
    import gc
    pid = os.fork()
    if pid == 0:
        print(lazy.x, flush=True)
        os._exit(0)
    os.waitpid(pid, 0)
    """
    # installed modules: the user's own are loaded before a fork
    modules = {"site-packages/lazy.py": "x = 5", "site-packages/unused.py": ""}
    run = lazy_recorder.run(write({"main.py": program, **modules}), mode="safe")
    assert run.lines == ["5"]
    if run.deferral("lazy").use is not None:
        return  # this core loads what the program's own code names before the fork
    (child,) = run.record.children
    (deferral,) = child.deferrals
    assert (deferral.target, deferral.line, deferral.use.line) == ("lazy", 2, 7)
    assert deferral.at_ns < 0 < deferral.use.at_ns and "damaged" not in child.facts


def test_a_thread_of_the_parent_is_the_childs_main_one(recorder, write):
    program = """
    import os, threading, warnings
    warnings.simplefilter("ignore")  # 3.12 and later warn of such forks
    def work():
        pid = os.fork()
        if pid == 0:
            import a
            os._exit(0)
        os.waitpid(pid, 0)
        import b
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    """
    run = recorder.run(write({"main.py": program, "a.py": "", "b.py": ""}))
    (child,) = run.record.children
    assert [(each.name, each.thread) for each in child.imports] == [("a", 0)]
    assert run.one("b").thread == 1


def test_a_process_number_that_was_used_before(recorder, write):
    main = write({"main.py": "import os\nopen(f'run.jsonl.{os.getpid()}', 'w')\n"})
    program = f"""
    import os, runpy
    if os.environ.get("AGAIN"):
        import a
    else:
        open(f"run.jsonl.{{os.getpid()}}", "w").close()
        os.environ["AGAIN"] = "1"
        os.execv({sys.executable!r}, [{sys.executable!r}, "main.py"])
    """
    run = recorder.run(write({"main.py": program, "a.py": ""}))
    names = sorted(path.name for path in recorder.folder.glob("run.jsonl*"))
    pid = run.record.header["pid"]
    assert names == ["run.jsonl", f"run.jsonl.{pid}", f"run.jsonl.{pid}.1"]
    assert not run.record.complete and main.exists()
