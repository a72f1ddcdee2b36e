"""A brief command collects rarely while it runs, and leaves the collector as it was."""

import gc

import pytest

from lazyimp.cli.brief import RARELY, brief


@pytest.fixture(autouse=True)
def thawed():
    yield
    gc.unfreeze()


@pytest.mark.parametrize("fails", [False, True])
def test_the_thresholds_come_back_whatever_happens(fails):
    before = gc.get_threshold()
    try:
        with brief():
            assert gc.get_threshold() == RARELY and gc.isenabled()
            if fails:
                raise KeyError
    except KeyError:
        pass
    assert gc.get_threshold() == before


def test_what_was_made_is_not_looked_at_again():
    with brief():
        pass
    assert gc.get_freeze_count() > 1000
