"""Records that are not whole: crashes, damage, anything a file may hold; no record can stop the analysis."""

import json
import random
from dataclasses import replace

import pytest
from profiles import record, started, to_first_batch
from record_writer import MS, Writer

from lazyimp import profile
from lazyimp import record as r


def test_a_crash_leaves_what_was_known():
    whole = record()
    made = profile.build_profile(
        replace(whole, imports=whole.imports[5:12], end=None, first_batch=None, marks=())
    )
    assert not made.complete and made.batch is None
    assert made.end_s > 0 and made.processes[0].end_s is None
    assert to_first_batch(made) == round(made.ttfb_s * 1e9)


def test_a_run_that_goes_on_lasts_until_now():
    w = started()
    made = profile.build_profile(w.record(ends=False), now=w.header["mono_ns"] + 500 * MS)
    assert made.end_s == 0.56


ODD_NUMBERS = (0, -1, 1, 3, 10**18, -(10**18), 2**62)
ODD_TEXTS = ("", "\x1b[31m", "a.b.c", "é\n;|`", "/home/x/y", "\ud800")
ODD_VALUES = (None, 0, -5, "x", [], {}, 10**30, True, [1, None])


def damaged(dice):
    """The record with some of its values replaced, rows lost, repeated and shuffled."""

    def odd(row):
        field = dice.choice(row._fields)
        value = getattr(row, field)
        if isinstance(value, str):
            return row._replace(**{field: dice.choice(ODD_TEXTS)})
        if isinstance(value, int):
            return row._replace(**{field: not value if isinstance(value, bool) else dice.choice(ODD_NUMBERS)})
        return row

    whole, changes = record(), {}
    for name in ("imports", "deferrals", "opened", "phases", "marks"):
        rows = [odd(row) if dice.random() < 0.1 else row for row in getattr(whole, name)]
        rows = rows[: dice.randrange(len(rows) + 1)] if dice.random() < 0.3 else rows
        rows = rows + rows if dice.random() < 0.1 else rows
        if dice.random() < 0.1:
            dice.shuffle(rows)
        changes[name] = tuple(rows)
    header = {
        key: dice.choice(ODD_VALUES) if dice.random() < 0.1 else value for key, value in whole.header.items()
    }
    lost = {key: None for key in ("first_batch", "end") if dice.random() < 0.3}
    return replace(whole, header=header, **changes, **lost)


@pytest.mark.parametrize("seed", range(100))
def test_no_record_can_stop_the_analysis(seed):
    made = profile.build_profile(damaged(random.Random(seed)))
    assert to_first_batch(made) == pytest.approx(round(made.ttfb_s * 1e9), rel=1e-9, abs=1000)
    profile.merge([damaged(random.Random(seed + 1000)), record()])


def test_no_file_can_stop_the_reader(tmp_path):
    path = tmp_path / "run.jsonl"
    header = json.dumps(Writer().header)
    dice = random.Random(3)
    values = (*ODD_NUMBERS, *ODD_TEXTS[:5], *ODD_VALUES, 0.5, 10**400)
    for _ in range(60):
        lines = [
            json.dumps(
                [dice.choice("sidupolmbrxvez"), *(dice.choice(values) for _ in range(dice.randrange(20)))]
            )
            for _ in range(25)
        ]
        text = "\n".join([header, '["s", "a"]', *lines]) + "\n"
        path.write_text(text[: len(text) - dice.randrange(60)])
        profile.build_profile(r.read_record(path))
