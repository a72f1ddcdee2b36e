"""The phases of a start: no gap, nothing twice, what nobody claimed is a rest."""

import pytest
from profiles import built, large, small, started, to_first_batch
from record_writer import MS, TRAIN


def walls(made):
    return [(row.name, row.claimed, round(row.wall_s * 1000, 3)) for row in made.phases]


@pytest.mark.parametrize("made", [small(), large(1000)], ids=["small", "large"])
def test_phases_tile_the_time_to_first_batch(made):
    before = [row for row in made.phases if row.name != "first-batch"]
    assert to_first_batch(made) == round(made.ttfb_s * 1e9)
    for one, other in zip(made.phases, made.phases[1:], strict=False):
        assert round((one.start_s + one.wall_s) * 1e9) == round(other.start_s * 1e9)
    assert sum(row.cpu_s for row in before) == pytest.approx(made.ttfb_cpu_s)
    assert made.phases[-1].name == "first-batch"


def test_time_that_nobody_claims_is_the_rest_of_the_phase_before_it():
    w = started()
    w.load("torch", f"{TRAIN}:1", 100)
    w.work(30)
    began = w.moment()
    w.work(50)
    w.phase("optimizer-build", began, "Adam")
    w.work(7)
    w.first_batch("rule", "torch")
    assert walls(built(w)) == [
        ("interp", True, 60),
        ("site", True, 10),
        ("site", False, 2),
        ("main-imports", True, 100),
        ("main-imports", False, 30),
        ("optimizer-build", True, 50),
        ("optimizer-build", False, 7),
    ]


def test_the_innermost_claim_has_the_time():
    w = started()
    outer = w.moment()
    w.work(10)
    inner = w.moment()
    w.work(20, 5)
    w.phase("weights", inner, "load")
    w.work(30)
    w.phase("set-up", outer)
    made = built(w)
    assert walls(made)[-3:] == [("set-up", True, 10), ("weights", True, 20), ("set-up", True, 30)]
    cpu = {row.name: round(row.cpu_s * 1000) for row in made.phases if row.name == "weights"}
    assert cpu == {"weights": 5}


def test_claims_that_overlap_are_cut():
    w = started()
    first, second = w.moment(), None
    w.work(10)
    second = w.moment()
    w.work(10)
    w.phase("first", first)
    w.work(10)
    w.phase("second", second)
    assert walls(built(w))[-2:] == [("first", True, 10), ("second", True, 20)]


def test_short_rests_between_phases_of_one_name_join_them():
    w = started()
    for _ in range(3):
        began = w.moment()
        w.work(10)
        w.phase("weights", began, "load")
        w.work(1)
    assert walls(built(w))[-2:] == [("weights", True, 32), ("weights", False, 1)]


def test_a_phase_in_which_the_first_batch_came_ends_there():
    w = started()
    began = w.moment()
    w.work(10)
    w.first_batch("rule", "torch")
    w.work(90)
    w.phase("epoch", began)
    made = built(w)
    assert walls(made)[-2:] == [("epoch", True, 10), ("first-batch", True, 90)]
    assert to_first_batch(made) == round(made.ttfb_s * 1e9)


def test_a_queue_comes_first_where_somebody_says_when_the_job_began():
    w = started()
    w.header |= {"t0_unix_ns": w.header["unix_ns"] - 3000 * MS, "t0_source": "SLURM_JOB_START_TIME"}
    w.first_batch("rule", "torch")
    made = built(w)
    assert (made.phases[0].name, made.phases[0].start_s) == ("queue", -2.94)
    assert made.ttfb_s == 3.012
    assert made.batch.at_s == 0.072


def test_without_a_first_batch_the_times_are_those_to_the_end():
    w = started()
    w.load("json", f"{TRAIN}:1", 5)
    w.work(8)
    made = built(w)
    assert made.batch is None
    assert made.ttfb_s == made.end_s == 0.085
    assert "first-batch" not in {row.name for row in made.phases}


def test_imports_that_code_interrupts_for_long_are_apart():
    w = started()
    w.load("a", f"{TRAIN}:1", 10)
    w.work(3)
    w.load("b", f"{TRAIN}:2", 10)
    w.work(500)
    w.load("c", f"{TRAIN}:90", 10)
    assert walls(built(w))[3:] == [
        ("main-imports", True, 23),
        ("main-imports", False, 500),
        ("main-imports", True, 10),
    ]


def test_imports_count_in_the_phase_they_happened_in():
    made = small()
    rows = {row.name: row for row in made.phases if row.claimed}
    assert rows["dataset-open"].imports == 4
    assert rows["dataset-open"].imports_wall_s == next(
        node.wall_s for node in made.nodes if node.name == "pandas"
    )
    assert rows["dataset-open"].packages[0][0] == "pandas"
    assert rows["optimizer-build"].hidden_imports == 3
    assert rows["optimizer-build"].detail == "Adam"
    assert rows["main-imports"].major_faults > 0 and rows["main-imports"].read_bytes > 0
