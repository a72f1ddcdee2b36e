"""What a record means: own times, what is hidden, first uses, packages, findings, processes and ranks."""

from dataclasses import replace

import pytest
from profiles import built, record, small, started
from record_writer import CWD, SITE, STDLIB, TRAIN, Writer

from lazyimp import profile
from lazyimp import record as r
from lazyimp.profile.places import Places, without_home


def by_name(made):
    return {node.name: node for node in made.nodes}


# -- the tree ------------------------------------------------------------------------------------------------


def test_own_times_leave_out_what_was_imported_inside():
    nodes = by_name(small())
    torch = nodes["torch"]
    inside = [node for node in nodes.values() if node.parent == torch.id]
    assert torch.self_wall_s == pytest.approx(torch.wall_s - sum(node.wall_s for node in inside))
    assert torch.self_cpu_s == pytest.approx(torch.cpu_s - sum(node.cpu_s for node in inside))


def test_a_module_that_was_there_is_no_import_but_a_request():
    made = small()
    assert [node.name for node in made.nodes].count("torch") == 1
    (asked,) = made.requests
    assert (made.node(asked.node).name, asked.file, asked.line) == ("torch", "torch/_utils.py", 9)


def test_what_was_below_a_request_belongs_to_who_asked():
    w = started()
    w.load("a", f"{TRAIN}:1", 1, ("b", f"{CWD}/a.py:1", 1, ("c", f"{CWD}/b.py:1", 1), {"how": r.THERE}))
    nodes = by_name(built(w))
    assert set(nodes) == {"a", "c"}
    assert nodes["c"].parent == nodes["a"].id


def test_hidden_is_what_the_programs_own_statements_did_not_load():
    hidden = {node.name for node in small().nodes if node.hidden and not node.process}
    assert hidden == {"torch._dynamo", "torch._dynamo.convert_frame", "torch._dynamo.utils", "queue"}


def test_a_function_of_the_main_program_hides_an_import():
    w = started()
    w.load("a", f"{TRAIN}:1", 1)
    w.load("b", f"{TRAIN}:70", 1, ("c", f"{CWD}/b.py:1", 1), function="main")
    assert {node.name: node.hidden for node in built(w).nodes} == {"a": False, "b": True, "c": True}


def test_where_the_function_is_not_known_lines_that_go_back_tell_it():
    w = started()
    for name, line in (("a", 1), ("b", 40), ("c", 20), ("d", 41)):
        w.load(name, f"{TRAIN}:{line}", 1, function=None)
    assert {node.name: node.hidden for node in built(w).nodes} == {
        "a": False,
        "b": False,
        "c": True,
        "d": False,
    }


def test_what_the_interpreters_start_loads_is_not_hidden():
    w = Writer()
    w.load("editable_finder", f"{SITE}/thing.pth:1", 1, function="exec")
    w.mark("site")
    w.load("pkg", "<frozen runpy>:112", 1, function="_get_module_details")
    w.mark("main")
    assert not any(node.hidden for node in built(w).nodes)


def test_a_first_use_counts_where_the_statement_stands():
    w = started()
    early = w.defer("__main__", "pd", "pandas", f"{TRAIN}:1")
    w.load("late", f"{SITE}/lib.py:9", 1, function="build")
    inner = w.defer("late", "x", "extra", f"{SITE}/late.py:1")
    w.use(early, f"{TRAIN}:50", "run", ("pandas", f"{TRAIN}:50", 5, {"use": r.FIRST_USE}))
    w.use(inner, f"{SITE}/late.py:5", "go", ("extra", f"{SITE}/late.py:5", 5, {"use": r.FIRST_USE}))
    assert {node.name: node.hidden for node in built(w).nodes} == {
        "late": True,
        "pandas": False,
        "extra": True,
    }


def test_a_run_by_module_name_knows_its_own_statements():
    w = started()
    w.header["main"] = {"kind": "module", "name": "app.train"}
    w.load("a", f"{CWD}/app/train.py:1", 1)
    w.load("b", f"{CWD}/app/other.py:1", 1)
    made = built(w)
    assert made.title == "-m app.train"
    assert {node.name: node.hidden for node in made.nodes} == {"a": False, "b": True}


# -- deferrals -----------------------------------------------------------------------------------------------


def test_a_deferral_says_what_became_of_it():
    rows = {row.target: row for row in small().deferrals}
    assert {name: row.verdict for name, row in rows.items()} == {
        "matplotlib.pyplot": profile.NEVER,
        "plotly.express": profile.NEVER,
        "sklearn.metrics:f1_score": profile.REIFIED,
        "sympy": profile.REIFIED,
        "pandas": profile.REIFIED,
        "wandb.sdk": profile.FAILED,
    }
    assert rows["pandas"].before_batch and not rows["sklearn.metrics:f1_score"].before_batch
    assert (rows["pandas"].used_file, rows["pandas"].used_line, rows["pandas"].used_by) == (
        "loading.py",
        31,
        "is_frame",
    )
    assert rows["sympy"].kind == "proxy"


def test_a_first_use_knows_what_it_loaded():
    made = small()
    (pandas,) = next(row.loaded for row in made.deferrals if row.target == "pandas")
    assert made.node(pandas).name == "pandas"
    used = nested_uses()
    nested = {row.target: [used.node(number).name for number in row.loaded] for row in used.deferrals}
    assert nested == {"a": ["a"], "b": ["b"]}


def nested_uses():
    """`a` is used first, and while it loads, `b` is."""
    w = started()
    a, b = (w.defer("__main__", name, name, f"{TRAIN}:1") for name in "ab")
    w.use(
        a,
        f"{TRAIN}:9",
        "run",
        ("a", f"{TRAIN}:9", 4, ("b", f"{CWD}/a.py:1", 2, {"use": r.FIRST_USE}), {"use": r.FIRST_USE}),
    )
    inside = next(row for row in w.imports if row.name == "b")
    use = r.Use(f"{CWD}/a.py", 1, "<module>", inside.start_ns, inside.wall_ns, "")
    w.deferrals[b - 1] = w.deferrals[b - 1]._replace(use=use)
    assert a == 1
    return built(w)


def test_submodules_are_no_statements_and_not_counted():
    w = started()
    w.defer("__main__", "a", "a.b", f"{TRAIN}:1")
    w.defer("a", "b", "a.b", f"{TRAIN}:1", kind=r.SUBMODULE)
    made = built(w)
    assert (len(made.deferrals), made.counts["deferred"], made.counts["never"]) == (2, 1, 1)


# -- packages, files, marks ----------------------------------------------------------------------------------


def test_packages_hold_their_own_times():
    made = small()
    rows = {row.name: row for row in made.packages}
    total = sum(node.self_wall_s for node in made.nodes if not node.process and not node.error)
    assert sum(row.wall_s for row in rows.values()) == pytest.approx(total)
    kinds = {name: rows[name].kind for name in ("torch", "argparse", "loading", "_json")}
    assert kinds == {"torch": "installed", "argparse": "stdlib", "loading": "own", "_json": "builtin"}
    assert rows["torch"].hidden_modules == 3 and rows["pandas"].deferred == 1
    assert "torch_xla" not in rows  # it failed


def test_files_that_were_opened_are_listed_in_order():
    made = small()
    data = [row.path for row in made.files if row.kind == "data"]
    assert data == ["config.yaml", "/data/corpus/train.bin"]
    assert [row.path for row in made.files if row.kind == "library"] == [
        "/usr/lib/libc.so.6",
        "torch/lib/libtorch_cpu.so",
    ]


def test_marks_and_the_first_batch_come_in_order():
    names = [row.name for row in small().marks]
    assert names.index("first fetch") + 1 == names.index("first batch") < names.index("first step")


def test_the_first_step_is_compared_with_the_median_of_the_others():
    assert small().first_step_excess_s == pytest.approx(0.160 - 0.100)
    assert built(started()).first_step_excess_s is None


# -- names that are shown ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "shown", "kind"),
    [
        (f"{CWD}/a/b.py", "a/b.py", "own"),
        ("./train.py", "train.py", "own"),
        (f"{CWD}/.venv/lib/python3.11/site-packages/torch/x.py", "torch/x.py", "installed"),
        (f"{SITE}/torch/__init__.py", "torch/__init__.py", "installed"),
        (f"{STDLIB}/json/__init__.py", "python3.11/json/__init__.py", "stdlib"),
        ("/home/ann/venv/bin/tool", ".../venv/bin/tool", "installed"),
        ("/home/bob/shared/x.py", ".../shared/x.py", "own"),
        ("/mnt/nfs/home/bob/x.py", ".../x.py", "own"),
        ("C:\\Users\\Bob\\x.py", ".../x.py", "own"),
        ("/srv/app/users/x.py", "/srv/app/users/x.py", "own"),
        ("built-in", "built-in", "builtin"),
        ("", "", "builtin"),
    ],
)
def test_files_are_shown_short_and_without_homes(path, shown, kind):
    places = Places(Writer().header, [CWD, STDLIB, SITE])
    assert (places.shown(path), places.kind(path)) == (shown, kind)


@pytest.mark.parametrize(
    ("path", "named"),
    [
        (f"{CWD}/train.py", "train.py"),
        (f"{CWD}/examples/train.py", "examples/train.py"),
        ("./a/b.py", "a/b.py"),
    ],
)
def test_commands_name_a_program_from_the_folder_of_its_run(path, named):
    assert Places(Writer().header, [f"{CWD}/examples", CWD]).in_a_command(path) == named


def test_no_home_folder_is_left_anywhere():
    assert "/home/" not in repr(small())
    assert without_home("load '/home/ann/x.pt' and /root/y") == "load '.../x.pt' and .../y"


# -- findings ------------------------------------------------------------------------------------------------


def test_findings_name_one_thing_to_do_each():
    made = small()
    assert [(each.subject, each.command) for each in made.findings] == [
        (
            "torch._dynamo",
            '[tool.lazyimp] stubs = ["torch._dynamo"]',
        ),  # wasted for certain, the dearest first
        ("reading files", "lazyimp profile --cold train.py"),
        ("tensorrt", "lazyimp why tensorrt"),
        ("pandas", "lazyimp why pandas"),  # may be needed
        ("all imports", "lazyimp tune train.py"),
    ]


def test_a_stub_is_no_way_out_where_somebody_needs_the_real_module():
    rec = record()
    asked = [
        row._replace(file=f"{CWD}/loading.py") if row.name == "torch._dynamo" else row for row in rec.imports
    ]
    made = profile.build_profile(replace(rec, imports=tuple(asked)))
    (found,) = [each for each in made.findings if each.subject == "torch._dynamo"]
    assert found.command == "lazyimp why torch._dynamo"
    assert found.how.startswith("hidden: loading.py:47 imports it")


def test_what_ended_the_program_is_no_finding():
    w = started()
    w.load("missing", f"{TRAIN}:1", 900, how=r.FAILED, function="")
    ended = w.record()
    made = profile.build_profile(replace(ended, end=ended.end._replace(exception="ModuleNotFoundError")))
    assert made.exception == "ModuleNotFoundError"
    assert [each.subject for each in made.findings] == ["all imports"]


def test_an_eager_run_is_told_to_try():
    w = started()
    w.header |= {"mode": "0"}
    w.load("torch", f"{TRAIN}:1", 100)
    assert [each.command for each in built(w).findings] == ["lazyimp ttfb -n 5 train.py"]


def test_the_line_that_starts_an_installed_command_is_no_place_to_look_at():
    def made(kind: str) -> list[str]:
        w = started()
        w.header |= {"main": {"kind": kind, "name": "tool"}}
        number = w.defer("__main__", "tool", "tool.cli", "<string>:1")
        w.use(number, "<string>:1", "<module>", ("tool.cli", "<string>:1", 900, {"use": r.FIRST_USE}))
        return [each.subject for each in built(w).findings]

    assert "tool.cli" in made("code") and "tool.cli" not in made("command")


def test_start_up_files_that_are_slow_are_named():
    w = Writer()
    w.load("heavy", f"{SITE}/heavy.pth:1", 80)
    w.mark("site")
    w.mark("main")
    first = built(w).findings[0]
    assert (first.subject, first.file) == ("heavy", "heavy.pth")


def test_the_frameworks_own_use_is_no_finding():
    w = started()
    torch = w.defer("__main__", "torch", "torch", f"{TRAIN}:1")
    w.use(torch, f"{TRAIN}:9", "run", ("torch", f"{TRAIN}:9", 900, {"use": r.FIRST_USE}))
    w.first_batch("rule", "torch")
    assert "torch" not in [each.subject for each in built(w).findings]


# -- processes and ranks -------------------------------------------------------------------------------------


def test_processes_are_on_one_clock():
    made = small()
    main, worker = made.processes
    assert (main.role, worker.role, worker.parent) == ("main", "worker", 0)
    assert worker.start_s == 3.56
    assert [node.name for node in made.nodes if node.process == 1] == ["decimal", "_decimal"]
    assert by_name(made)["decimal"].start_s == 3.56
    assert made.counts["imports"] == len(record().imports)  # of the main process
    assert len({node.id for node in made.nodes}) == len(made.nodes)


def ranks():
    """Three ranks of a job: the second is the slowest."""
    found = []
    for rank, ms in enumerate((100, 300, 200)):
        w = Writer(pid=50 + rank, rank=rank, world_size=3)
        w.mark("main")
        w.load("torch", f"{TRAIN}:1", ms)
        w.first_batch("rule", "torch")
        found.append(w.record())
    return found


def test_ranks_are_merged_into_the_slowest():
    made = profile.merge(ranks())
    assert [(each.rank, round(each.ttfb_s, 3)) for each in made.ranks] == [(0, 0.16), (1, 0.36), (2, 0.26)]
    assert made.ttfb_s == 0.36
    assert [each.role for each in made.processes] == ["rank 1", "rank 0", "rank 2"]
    assert {node.process for node in made.nodes} == {0}


def test_records_without_a_rank_are_numbered():
    made = profile.merge([replace(each, header={**each.header, "rank": None}) for each in ranks()])
    assert [each.rank for each in made.ranks] == [0, 1, 2]


def test_one_record_is_its_own_profile():
    assert profile.merge([record()]) == small()
    with pytest.raises(profile.ProfileError, match="no record"):
        profile.merge([])
