"""How deep a program is when it calls something again and again does not make the calls slow."""

import pytest

resource = pytest.importorskip("resource")

PROGRAM = """
import resource, threading

def leaf(one=1, two=2):
    return one

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def at(depth):
    if depth:
        return at(depth - 1)
    before = faults()
    for _ in range(1000):
        leaf()
    return faults() - before

def worst():
    print(max(at(depth) for depth in range(300)))

worst()
threads = [threading.Thread(target=at, args=(depth,)) for depth in range(100, 300)]
for each in threads:
    each.start()
for each in threads:
    each.join()
worst()
"""


def test_a_block_of_frames_is_not_mapped_anew_at_every_call(run_python):
    for line in run_python(PROGRAM, mode="safe", core=None).stdout.split():
        assert int(line) < 500
