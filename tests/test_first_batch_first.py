"""The moment is noted before anything of ours is done at it: what it takes to stop deferring comes behind the mark."""

import pytest
from test_first_batch import PROGRAMS, TORCH, run

STOPS = """
import time
from lazyimp import firstbatch
from lazyimp._finder import finder
ended = []
def stop():
    time.sleep(0.001)
    ended.append(time.monotonic_ns())
firstbatch.on_fetch.append(stop); firstbatch.on_fit.append(stop)
finder.install(); firstbatch.arm(finder)
"""
SAID = (
    "\nfirstbatch.settle(); print('stops', *[firstbatch.mark[0][1] < each - 1_000_000 for each in ended])\n"
)
AT_ONCE = ["lightning", "keras", "transformers without a module's call", "jax without compilation"]
AT_ONCE += ["scikit-learn", "scikit-learn, cross validation", "xgboost", "lightgbm", "catboost", "spacy"]
AT_ONCE += ["tensorflow without functions", "a loop"]


@pytest.mark.parametrize("name", AT_ONCE)
def test_the_mark_comes_before_the_stop(run_python, name):
    lines = run(run_python, STOPS + PROGRAMS[name][0] + SAID, None, mode=None)
    assert "stops True" in lines, lines


def test_a_fit_that_may_be_a_preparation_is_noted_before_its_names_are_settled(run_python):
    program = TORCH + "from sklearn.base import *\nClassifier().fit()"
    lines = run(run_python, STOPS + program + SAID, None, mode=None)
    assert "stops True True" in lines, lines  # a fit, and the end of the program


def test_who_ends_the_program_at_the_batch_need_not_stop_deferring(run_python):
    told = "firstbatch.on_mark.append(lambda *mark: print('mark', len(ended)))\n"
    lines = run(run_python, STOPS + told + PROGRAMS["scikit-learn"][0], None, mode=None)
    assert "mark 0" in lines, lines
