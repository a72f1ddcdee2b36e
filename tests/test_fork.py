"""Forks in the middle, the three ways to start a process, and workers like a data loader's."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from conftest import RunPython

Write = Callable[[Mapping[str, str]], Path]

LEVELS = {
    "m.py": "from n import double\nx = 1\n",
    "n.py": "import json\nfrom json import dumps\ndef double(v):\n    return json.loads(dumps(v * 2))\n",
}


def test_fork_while_a_module_loads(run_python: RunPython, write: Write, core: str, mode: str) -> None:
    """A child forked while another thread is inside a module's body can use its own names."""
    main = write(
        {
            **LEVELS,
            "slow.py": "import time\ntime.sleep(0.3)\nx = 5\n",
            "main.py": """
                import os, threading, time, warnings
                warnings.simplefilter("ignore")
                import slow
                import m
                from n import double
                thread = threading.Thread(target=lambda: slow.x)
                thread.start()
                time.sleep(0.1)
                child = os.fork()
                if child == 0:
                    os._exit(0 if (m.x, double(2), m.double(3)) == (1, 4, 6) else 1)
                print(os.waitpid(child, 0)[1])
                thread.join()
                print(slow.x, m.x, double(2))
            """,
        }
    )
    assert run_python(main, mode=mode, core=core).stdout == "0\n5 1 4\n"


def test_child_of_a_child(run_python: RunPython, write: Write, core: str) -> None:
    """Forks of forks reify on their own; the parent's state does not change."""
    main = write(
        {
            **LEVELS,
            "main.py": """
                import os, sys
                from n import double
                import m
                def descend(depth):
                    child = os.fork()
                    if child == 0:
                        status = 0 if double(depth) == 2 * depth else 1
                        os._exit(status if depth == 0 else status | descend(depth - 1))
                    return os.waitpid(child, 0)[1] >> 8
                print(descend(3), m.x)
            """,
        }
    )
    assert run_python(main, mode="deep", core=core).stdout == "0 1\n"


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_pool_of_each_start_method(
    run_python: RunPython, write: Write, core: str, mode: str, method: str
) -> None:
    """A pool's functions use names first in the workers; results, order and errors are right."""
    main = write(
        {
            **LEVELS,
            "main.py": f"""
                import multiprocessing
                import warnings
                import m
                from n import double
                def work(v):
                    if v == 9:
                        raise KeyError(m.x)
                    return double(v) + m.x
                if __name__ == "__main__":
                    warnings.simplefilter("ignore")
                    with multiprocessing.get_context("{method}").Pool(2) as pool:
                        print(pool.map(work, range(6)))
                        try:
                            pool.apply(work, (9,))
                        except KeyError as error:
                            print(repr(error))
            """,
        }
    )
    assert run_python(main, mode=mode, core=core).stdout == "[1, 3, 5, 7, 9, 11]\nKeyError(1)\n"


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_started_processes_are_lazy_too(run_python: RunPython, write: Write, core: str, method: str) -> None:
    """A process that does not inherit memory inherits the mode."""
    main = write(
        {
            "main.py": f"""
                import multiprocessing
                def ask(queue):
                    import lazyimp
                    status = lazyimp.status()
                    queue.put((status["mode"], status["core"]))
                if __name__ == "__main__":
                    context = multiprocessing.get_context("{method}")
                    queue = context.SimpleQueue()
                    process = context.Process(target=ask, args=(queue,))
                    process.start()
                    print(*queue.get())
                    process.join()
            """
        }
    )
    assert run_python(main, mode="deep", core=core).stdout == f"deep {core}\n"


def test_subprocess_inherits_the_mode(run_python: RunPython, core: str) -> None:
    """A child interpreter without switches is lazy in the same mode."""
    code = """
        import subprocess, sys
        code = "import lazyimp; print(lazyimp.status()['mode'])"
        print(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout)
    """
    assert run_python(code, mode="deep", core=core).stdout.split() == ["deep"]


def test_workers_like_a_data_loaders(run_python: RunPython, write: Write, core: str, mode: str) -> None:
    """Workers that index a data set through queues, with names first used in collation, deliver in order."""
    main = write(
        {
            **LEVELS,
            "loader.py": """
                import multiprocessing
                import queue
                import random
                from n import double
                def collate(items):
                    return [double(item) for item in items]
                def worker(dataset, indices, results, seed):
                    random.seed(seed)
                    while True:
                        try:
                            job = indices.get(timeout=20)
                        except queue.Empty:
                            return
                        if job is None:
                            return
                        number, batch = job
                        results.put((number, collate([dataset[i] for i in batch])))
                class Loader:
                    def __init__(self, dataset, batch, workers):
                        self.dataset, self.batch, self.workers = dataset, batch, workers
                    def __iter__(self):
                        context = multiprocessing.get_context("fork")
                        indices, results = context.Queue(), context.Queue()
                        started = [
                            context.Process(target=worker, args=(self.dataset, indices, results, i))
                            for i in range(self.workers)
                        ]
                        for process in started:
                            process.start()
                        size = len(self.dataset)
                        jobs = [range(i, min(i + self.batch, size)) for i in range(0, size, self.batch)]
                        for job in enumerate(jobs):
                            indices.put((job[0], list(job[1])))
                        done = {}
                        for number in range(len(jobs)):
                            while number not in done:
                                key, value = results.get(timeout=20)
                                done[key] = value
                            yield done.pop(number)
                        for _ in started:
                            indices.put(None)
                        for process in started:
                            process.join(20)
                            assert process.exitcode == 0
            """,
            "main.py": """
                from loader import Loader
                import m
                class Data:
                    def __len__(self):
                        return 10
                    def __getitem__(self, index):
                        return index + m.x
                for epoch in range(2):
                    print(list(Loader(Data(), 3, 2)))
            """,
        }
    )
    expected = "[[2, 4, 6], [8, 10, 12], [14, 16, 18], [20]]\n"
    assert run_python(main, mode=mode, core=core).stdout == expected * 2


def test_process_pool_executor(run_python: RunPython, write: Write, core: str) -> None:
    """concurrent.futures gets functions that name deferred imports across to its workers."""
    main = write(
        {
            **LEVELS,
            "main.py": """
                import warnings
                from concurrent.futures import ProcessPoolExecutor
                from n import double
                import m
                def work(v):
                    return double(v) + m.x
                if __name__ == "__main__":
                    warnings.simplefilter("ignore")
                    with ProcessPoolExecutor(2) as pool:
                        print(list(pool.map(work, range(3))), list(pool.map(double, [4])))
            """,
        }
    )
    assert run_python(main, mode="deep", core=core).stdout == "[1, 3, 5] [8]\n"


def test_fork_warns_no_more_than_eagerly(
    run_python: RunPython, write: Write, compare: Callable[..., None], core: str
) -> None:
    """No warning about threads or forks is added or lost."""
    main = write({**LEVELS, "main.py": "import os, m\npid = os.fork()\nm.x\npid and os.waitpid(pid, 0)\n"})
    switches = ("-W", "always", str(main))
    eager = run_python("-X", "dev", *switches)
    lazy = run_python("-X", "dev", *switches, mode="deep", core=core)
    compare(eager, lazy)
    assert sys.platform != "win32"


def test_modules_loaded_before_the_fork_take_part_in_it(
    run_python: RunPython, write: Write, core: str, mode: str
) -> None:
    """A lock that is let go after a fork was taken before it, also by a module that the fork made us load."""
    main = write(
        {
            "site-packages/locked.py": """
                import os, threading
                lock = threading.Lock()
                let_go = lock.release
                os.register_at_fork(before=lock.acquire, after_in_child=let_go, after_in_parent=let_go)
                def answer():
                    return lock.locked()
            """,
            "site-packages/locked-1.0.dist-info/RECORD": "locked.py,,\n",
            "main.py": """
                import os, warnings
                import locked
                warnings.simplefilter("ignore")
                def work():
                    return locked.answer()
                child = os.fork()
                if child == 0:
                    os._exit(3 if work() else 0)
                print(os.waitpid(child, 0)[1], work())
            """,
        }
    )
    done = run_python(main, mode=mode, core=core)
    assert (done.stdout, done.stderr) == ("0 False\n", "")
