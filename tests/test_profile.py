"""A tuned profile: found beside the program, bound to what it was made with, obeyed row by row."""

from __future__ import annotations

import sys

import pytest
from tunable import install

from lazyimp import _profile
from lazyimp.tuning import profile_file
from lazyimp.tuning.profile_file import Draft

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
PACKAGE = {
    "pkg/__init__.py": "",
    "pkg/tool.py": "try:\n    from pkg.extra import value\nexcept ImportError:\n    value = 0\n"
    "try:\n    import helper\nexcept ImportError:\n    helper = None\n",
    "pkg/extra.py": "value = 1\n",
    "helper.py": "",
}
LOADED = (
    "import sys, pkg.tool; pkg.tool.__name__\n"
    "print(*[name for name in sorted(sys.modules) if name[:3] in ('pkg', 'hel')])\n"
)
EAGERLY = "helper pkg pkg.extra pkg.tool"


def draft(**sections):
    """A profile that fits this interpreter."""
    return Draft({"python": PYTHON}, **sections)


@pytest.fixture
def program(tmp_path, write):
    """A script over an installed package; gives a function that writes its profile."""
    install(tmp_path / "site-packages", "pkg", PACKAGE)
    write({"main.py": LOADED})

    def make(text="", name="main.lazyimp.toml", **sections):
        (tmp_path / name).write_text(text or draft(**sections).text)
        return tmp_path / "main.py"

    return make


def loaded(done):
    """What the program says it has loaded, one run's other lines left out."""
    assert done.stderr == ""
    return done.stdout.strip()


# -- the format --------------------------------------------------------------------------------------------


def test_what_is_written_is_toml_and_is_read_back():
    text = profile_file.sealed(
        Draft(
            {"program": "train.py", "python": "3.11"},
            versions={"torch": "2.13.0+cu126"},
            lazy={"a -> b: c, d": 'says "no"\\never\n', "a -> é.b": "ü"},
            eager={"a -> *": "", "* -> b": "x"},
            notes=["first\nsecond"],
        ).text
    )
    sections = _profile.parse(text)
    assert {name: rows for name, rows in sections.items() if rows} == tomllib.loads(text)
    assert sections["lazy"] == {"a -> b: c, d": "says 'no'/never", "a -> é.b": "ü"}
    assert text == profile_file.sealed(text.replace(text.split("\n")[2] + "\n", ""))


def test_comments_blank_lines_and_spaces_are_toml_like():
    text = '# c\n\n[profile]   # c\nformat="1"\nmode = "safe" # c\n[lazy]\n  "a -> b"   =   "x"  # "c\n'
    assert _profile.parse(text)["lazy"] == {"a -> b": "x"} == tomllib.loads(text)["lazy"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[profile]\n",
        '[profile]\nformat = "2"\n',
        '[profile]\nformat = "1"\nmode = "fast"\n',
        '[profile]\nformat = "1"\n[nonsense]\n',
        '[profile]\nformat = "1"\n[profile]\n',
        '"a" = "b"\n[profile]\nformat = "1"\n',
        '[profile]\nformat = "1"\nruns = 3\n',
        '[profile]\nformat = "1"\n[lazy]\n"a -> b" = "c\n',
        '[profile]\nformat = "1"\n[lazy]\n"a -> b" = "c" d\n',
        '[profile]\nformat = "1"\n[lazy]\n"a -> b" = "c"\n"a -> b" = "c"\n',
        '[profile]\nformat = "1"\n[lazy]\n"a" = "c"\n',
        '[profile]\nformat = "1" "2"\n',
        '[profile]\nformat = "1"\n[lazy]\n"a\\u0020-> b" = "c"\n',
    ],
)
def test_what_is_no_profile_is_refused(tmp_path, text):
    path = tmp_path / "x.lazyimp.toml"
    path.write_text(text)
    with pytest.raises(_profile.Damaged, match=r"x\.lazyimp\.toml.*; using mode safe"):
        _profile.read(str(path))


def test_rows_decide_exactly(tmp_path):
    path = tmp_path / "x.lazyimp.toml"
    path.write_text(
        draft(
            lazy={"a -> b": "r1", "a -> b.c: d, e": "r2"},
            eager={"a -> f": "r3", "g -> *": "r4", "* -> h.i": "r5"},
        ).text
    )
    profile = _profile.read(str(path))
    assert profile.mode == "deep"

    def answer(importer, target, names=None):
        found = profile.decide(importer, target, names)
        return found and found[0]

    assert answer("a", "b") == "lazy"
    assert profile.decide("a", "b", None)[1] == "x.lazyimp.toml, lazy: a -> b (r1)"
    assert answer("a", "b.c", ("d", "e")) == "lazy"
    assert answer("a", "b.c", ("d",)) is None
    assert answer("a", "b", ("c",)) is None
    assert answer("a.x", "b") is None
    assert answer("a", "f") == answer("a", "f", ("any", "names")) == "eager"
    assert answer("g", "whatever") == "eager"
    assert answer("anyone", "h.i") == "eager"
    assert profile.touches("a") and profile.touches("g") and not profile.touches("anyone")
    assert profile.names("a", "b") == {"b", "b.c"}
    assert profile.names("a", "h") == profile.names("anyone", "h") == {"h.i"}
    assert profile.names("g", "b") is None


# -- in force ----------------------------------------------------------------------------------------------


def test_the_profile_beside_the_script_defers_what_deep_keeps_eager(program, run_python):
    script = program(lazy={"pkg.tool -> pkg.extra: value": "x", "pkg.tool -> helper": "x"})
    deep = loaded(run_python(script, mode="deep"))
    assert "pkg.extra" in deep and "helper" in deep  # a named mode ignores the profile
    tuned = run_python("-X", "lazyimp", script)
    native = sys.version_info >= (3, 15)  # the interpreter defers nothing inside try
    assert ("pkg.extra" in loaded(tuned)) is native
    assert "helper" not in loaded(tuned)
    assert loaded(run_python(script, env={"LAZYIMP": "1"})) == loaded(tuned)
    assert loaded(run_python(script)) == EAGERLY


def test_eager_rows_hold_against_the_mode(program, run_python):
    script = program(eager={"__main__ -> *": "x"})
    script.write_text(
        "import lazyimp, helper; print(lazyimp.status()['pending'])\ndef use(): return helper\n"
    )
    assert loaded(run_python("-X", "lazyimp", script)) == "[]"
    assert "helper" in loaded(run_python(script, mode="deep"))


def test_a_forced_profile_and_none(program, run_python, tmp_path):
    lazy = {"pkg.tool -> helper": "x"}
    script = program(name="other.toml", lazy=lazy)
    forced = run_python(script, env={"LAZYIMP": "1", "LAZYIMP_PROFILE": str(tmp_path / "other.toml")})
    assert "helper" not in loaded(forced)
    program(lazy=lazy)
    assert "helper" in loaded(run_python(script, env={"LAZYIMP": "1", "LAZYIMP_PROFILE": "0"}))


def test_a_module_started_by_name_has_its_profile_in_the_current_folder(program, run_python, write):
    program(name="tools.job.lazyimp.toml", lazy={"pkg.tool -> helper": "x"})
    write({"tools/__init__.py": "", "tools/job.py": LOADED})
    assert "helper" not in loaded(run_python("-X", "lazyimp", "-m", "tools.job"))


def test_spawned_workers_use_the_same_profile(program, run_python):
    script = program(lazy={"pkg.tool -> helper": "x"})
    script.write_text(
        "import multiprocessing, subprocess, sys, lazyimp\n"
        "def work(_): import lazyimp; return lazyimp.status()['profile']\n"
        "if __name__ == '__main__':\n"
        "    mine = lazyimp.status()['profile']\n"
        "    with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "        print(pool.map(work, [0])[0] == mine, mine[-17:])\n"
    )
    for how in (("-X", "lazyimp", script), (script,)):
        done = run_python(*how, env={} if len(how) > 1 else {"LAZYIMP": "1"})
        assert loaded(done) == "True main.lazyimp.toml"


def test_status_names_the_profile(program, run_python):
    script = program(lazy={"pkg.tool -> helper": "x"})
    script.write_text("import lazyimp; print(lazyimp.status())")
    shown = loaded(run_python("-X", "lazyimp", script))
    assert "  profile " in shown and "main.lazyimp.toml" in shown
    listed = run_python("-m", "lazyimp", "status").stdout
    assert "main.lazyimp.toml fits" in listed


# -- what it is bound to -----------------------------------------------------------------------------------


def test_a_profile_with_a_stub_waits_for_the_whole_path_too(program, run_python, tmp_path):
    install(tmp_path / "late", "late", {"late.py": ""})
    script = program(stubs={"torch._dynamo": "x"}, versions={"late": "1.0"})
    (tmp_path / "site-packages" / "sitecustomize.py").write_text(
        f"import sys; sys.path.append({str(tmp_path / 'late')!r})\n"
    )
    assert loaded(run_python("-X", "lazyimp", script)) == EAGERLY


def test_a_changed_version_is_one_line_and_mode_safe(program, run_python, tmp_path):
    script = program(lazy={"pkg.tool -> helper": "x"}, versions={"pkg": "0.9", "zgone": "3.0"})
    script.write_text(
        LOADED + "import lazyimp; print(lazyimp.status()['mode'], lazyimp.status()['profile'])\n"
    )
    done = run_python("-X", "lazyimp", script)
    assert done.stderr == (
        "lazyimp: main.lazyimp.toml was made with pkg 0.9, found 1.0, and 1 more differ; "
        "using mode safe (lazyimp tune renews it)\n"
    )
    assert "helper" in done.stdout and done.stdout.endswith("safe None\n")


def test_reports_say_that_a_profile_was_in_use_and_send_nobody_to_tune(program, run_python, tmp_path):
    script = program(lazy={"pkg.tool -> helper": "x"})
    for mode, told in ((None, True), ("deep", False)):
        run_python(
            "-X", f"lazyimp={mode}" if mode else "lazyimp", script, env={"LAZYIMP_RECORD": f"{mode}.jsonl"}
        )
        shown = run_python("-m", "lazyimp", "report", tmp_path / f"{mode}.jsonl").stdout
        assert (", tuned\n" in shown) is told and ("lazyimp tune" in shown) is not told, shown
        page = run_python("-m", "lazyimp", "report", "--json", tmp_path / f"{mode}.jsonl").stdout
        assert ('"profile": "main.lazyimp.toml"' in page) is told


@pytest.mark.parametrize("switches", [{}, {"LAZYIMP_RECORD": "run.jsonl", "LAZYIMP_SUMMARY": "1"}])
@pytest.mark.parametrize("imports", ["", "import early\n"], ids=["", "that import"])
def test_what_start_up_files_add_to_the_path_is_found(program, run_python, tmp_path, switches, imports):
    """Recording loads files of ours before `site` is done with the path, and start-up files may import."""
    install(tmp_path / "late", "late", {"late.py": ""})
    install(tmp_path / "site-packages", "early", {"early.py": "import helper\ndef f(): return helper\n"})
    script = program(lazy={"pkg.tool -> helper": "x"}, versions={"late": "1.0"})
    (tmp_path / "site-packages" / "sitecustomize.py").write_text(
        f"{imports}import sys; sys.path.append({str(tmp_path / 'late')!r})\n"
    )
    script.write_text(
        LOADED + "import lazyimp, late; late.__name__; print(lazyimp.status()['profile'] is None)\n"
    )
    done = run_python("-X", "lazyimp", script, env=switches)
    assert done.stdout.endswith("False\n") and "made with" not in done.stderr, done.stderr


@pytest.mark.parametrize(
    ("about", "told"),
    [
        ({"python": "3.9"}, f"Python 3.9, found {PYTHON}"),
        ({"core": "other"}, "core other, found "),
        ({"lazyimp": "0.0"}, "lazyimp 0.0, found "),
    ],
)
def test_another_interpreter_core_or_release_is_a_change(program, run_python, about, told):
    script = program(text=Draft(about).text)
    done = run_python("-X", "lazyimp", script)
    assert done.stderr.startswith(f"lazyimp: main.lazyimp.toml was made with {told}")
    assert done.stderr.count("\n") == 1 and done.stdout


def test_a_damaged_profile_is_one_line_and_mode_safe(program, run_python):
    script = program(text="[profile]\nformat = 1\n")
    script.write_text("import lazyimp; print(lazyimp.status()['mode'])")
    done = run_python("-X", "lazyimp", script)
    told = "lazyimp: main.lazyimp.toml, line 2, is not a line of a profile; using mode safe"
    assert (done.stdout, done.stderr) == ("safe\n", f"{told} (lazyimp tune renews it)\n")


def test_equal_versions_are_found_wherever_they_lie_on_the_path(program, run_python):
    script = program(lazy={"pkg.tool -> helper": "x"}, versions={"pkg": "1.0"})
    assert "helper" not in loaded(run_python("-X", "lazyimp", script))


# -- cost --------------------------------------------------------------------------------------------------

LIST = "print(*sorted(__import__('sys').modules))"


def test_reading_it_loads_three_small_files_of_ours(program, run_python):
    script = program(lazy={f"a{number} -> b": "x" for number in range(500)})
    script.write_text(LIST)
    with_profile = set(run_python("-X", "lazyimp", script).stdout.split())
    (script.parent / "main.lazyimp.toml").unlink()
    without = set(run_python("-X", "lazyimp", script).stdout.split())
    assert with_profile - without == {"lazyimp._metadata", "lazyimp._profile", "lazyimp._tuned"}


# -- writing -----------------------------------------------------------------------------------------------


def test_a_profile_that_was_edited_is_not_written_over(tmp_path):
    path = tmp_path / "main.lazyimp.toml"
    profile_file.save(path, draft(lazy={"a -> b": "x"}))
    profile_file.save(path, draft(lazy={"a -> c": "x"}))
    path.write_text(path.read_text() + '"a -> mine" = "x"\n')
    with pytest.raises(profile_file.ProfileError, match="edited by hand"):
        profile_file.save(path, draft())
    profile_file.save(path, draft(), force=True)
    assert profile_file.rows_of(path) == frozenset()
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
