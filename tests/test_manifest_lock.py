"""The short list holds what no other observed distribution requires; the lock, all that is required."""

import pytest
from installed import found, install, manifest_of, ran

from lazyimp.manifest.outputs import clouds, requirements


@pytest.fixture
def site(tmp_path):
    folder = tmp_path / "venv" / "lib" / "site-packages"
    folder.mkdir(parents=True)
    return folder


def test_roots_are_pruned_and_the_lock_is_whole(tmp_path, site):
    """Case 64."""
    requires = [
        "numpy>=1",
        "tzdata; sys_platform == 'win32'",
        "never; python_version < '3'",
        "tool; extra == 'dev'",
    ]
    install(site, "pandas", "3", ["pandas/__init__.py"], requires=requires)
    install(site, "numpy", "2", ["numpy/__init__.py"], requires=["openblas"])
    for name in ("openblas", "tzdata", "never", "tool"):
        install(site, name, "1", [f"{name}.py"])
    modules = {name: site / name / "__init__.py" for name in ("pandas", "numpy")}
    manifest = manifest_of(ran(tmp_path, site, modules))
    assert [each.name for each in manifest.roots()] == ["pandas"]
    known = found(manifest)
    assert set(known) == {"pandas", "numpy", "openblas"}
    assert (known["openblas"].tags, known["numpy"].tags) == (("transitive",), ("observed",))
    assert known["pandas"].requires == ("numpy",)


def test_markers_are_those_of_the_target(tmp_path, site):
    from dataclasses import replace

    from lazyimp.manifest.target import of_record

    install(site, "thing", "1", ["thing.py"], requires=["winonly; sys_platform == 'win32'"])
    install(site, "winonly", "1", ["winonly.py"])
    record = ran(tmp_path, site, {"thing": site / "thing.py"})
    assert set(found(manifest_of(record))) == {"thing"}
    target = replace(of_record(record), system="windows")
    assert set(found(manifest_of(record, target=target))) == {"thing", "winonly"}


def test_extras_that_others_ask_for_are_followed(tmp_path, site):
    install(site, "app", "1", ["app.py"], requires=["lib[fast]"])
    install(site, "lib", "1", ["lib.py"], requires=["speedup; extra == 'fast'", "slow; extra == 'other'"])
    install(site, "speedup", "1", ["speedup.py"])
    install(site, "slow", "1", ["slow.py"])
    assert set(found(manifest_of(ran(tmp_path, site, {"app": site / "app.py"})))) == {"app", "lib", "speedup"}


def test_a_cycle_keeps_one_root(tmp_path, site):
    install(site, "a", "1", ["a.py"], requires=["b"])
    install(site, "b", "1", ["b.py"], requires=["a"])
    manifest = manifest_of(ran(tmp_path, site, {"a": site / "a.py", "b": site / "b.py"}))
    assert [each.name for each in manifest.roots()] == ["a"]
    assert set(found(manifest)) == {"a", "b"}


def test_what_is_required_and_not_installed_is_told(tmp_path, site):
    install(site, "thing", "1", ["thing.py"], requires=["absent>=2"])
    manifest = manifest_of(ran(tmp_path, site, {"thing": site / "thing.py"}))
    (undecided,) = manifest.undecided
    assert undecided.what == "absent>=2" and "thing requires it" in undecided.why and not undecided.blocks


def test_broken_metadata_breaks_nothing(tmp_path, site):
    info = install(site, "odd", "1", ["odd.py"], requires=["!!not a requirement!!"])
    (info / "direct_url.json").write_text("{")
    assert set(found(manifest_of(ran(tmp_path, site, {"odd": site / "odd.py"})))) == {"odd"}


@pytest.mark.parametrize(
    ("code", "optional"),
    [
        ("import thing\n", False),
        ("try:\n    import thing\nexcept ImportError:\n    thing = None\n", True),
        ("from contextlib import suppress\nwith suppress(ImportError):\n    import thing\n", True),
        ("try:\n    import thing\nfinally:\n    pass\n", False),
    ],
    ids=["plain", "try", "suppress", "finally"],
)
def test_what_loads_only_because_it_is_installed_is_optional(tmp_path, site, code, optional):
    """Case 59."""
    install(site, "thing", "1", ["thing.py"])
    main = tmp_path / "main.py"
    main.write_text(code)
    line = next(number for number, text in enumerate(code.splitlines(), 1) if "import thing" in text)
    thing = found(manifest_of(ran(tmp_path, site, {"thing": site / "thing.py"}, by=(str(main), line))))[
        "thing"
    ]
    assert ("optional" in thing.tags) is optional
    assert "observed" in thing.tags


def test_imports_that_did_not_run_are_listed_as_such(tmp_path, site):
    """Case 55."""
    install(site, "later", "1", ["later.py"])
    install(site, "typed", "1", ["typed.py"])
    (tmp_path / "main.py").write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import typed\n"
        "def f():\n    import later, json, not_there\n"
    )
    record = ran(tmp_path, site, {})
    without = manifest_of(record)
    assert not without.requirements
    assert [each.what for each in without.undecided] == ["later", "not_there"]
    manifest = manifest_of(record, static=True)
    known = found(manifest)
    assert set(known) == {"later"} and known["later"].tags == ("static-only",)
    assert known["later"].evidence[0].by == "main.py:5"
    assert [each.what for each in manifest.undecided] == ["not_there"]


def test_an_optional_import_that_failed_is_not_required(tmp_path, site):
    """Case 60."""
    (tmp_path / "main.py").write_text("try:\n    import ujson\nexcept ImportError:\n    ujson = None\n")
    manifest = manifest_of(ran(tmp_path, site, {}, failed=["ujson"]))
    assert not manifest.requirements and not manifest.undecided


def test_data_metadata_and_libraries_count(tmp_path, site):
    """Cases 58, 61, 62, 63."""
    install(site, "tzdata", "1", ["tzdata/__init__.py", "tzdata/zoneinfo/Paris"])
    probed = install(site, "optree", "1", ["optree.py"])
    install(site, "nvidia-cublas", "1", ["nvidia/cublas/lib/libcublas.so.12"])
    scanned = install(site, "plugin", "1", ["plugin.py"], extra={"entry_points.txt": "[x]\n"})
    manifest = manifest_of(
        ran(
            tmp_path, site, {},
            opened=[site / "tzdata/zoneinfo/Paris", probed / "METADATA", scanned / "entry_points.txt"],
            libraries=[site / "nvidia/cublas/lib/libcublas.so.12", "/usr/lib/libc.so.6"],
        )
    )  # fmt: skip
    tags = {each.name: each.tags for each in manifest.requirements}
    assert tags == {"tzdata": ("data",), "optree": ("metadata",), "nvidia-cublas": ("library",)}


def test_what_the_user_names_is_in(tmp_path, site):
    install(site, "thing", "1", ["thing.py"])
    manifest = manifest_of(ran(tmp_path, site, {}), extra=["Thing", "nothing"])
    assert found(manifest)["thing"].tags == ("requested",)
    assert [(each.what, each.blocks) for each in manifest.undecided] == [("nothing", True)]


def test_a_free_threaded_interpreter_is_the_target_of_its_own_record(tmp_path):
    """Its wheels are cp313t; the folder of its standard library says so."""
    site = tmp_path / "lib" / "python3.13t" / "site-packages"
    tag = {"WHEEL": "Tag: cp313-cp313t-manylinux_2_17_x86_64\n"}
    install(site, "thing", "1", {"thing.so": ""}, extra=tag)
    header = {"python": "3.13.1", "stdlib": [str(tmp_path / "lib" / "python3.13t")]}
    record = ran(tmp_path, site, {"thing": site / "thing.so"}, header=header)
    manifest = manifest_of(record)
    assert manifest.target.abi == "cp313t"
    assert "other-platform" not in manifest.requirements[0].flags and not manifest.undecided


def test_the_short_list_holds_what_code_that_travels_requires(tmp_path, site):
    """An installer does not see what an editable requires; what another one of the list brings need not be named."""
    root = tmp_path / "proj"
    url = {"url": root.as_uri(), "dir_info": {"editable": True}}
    root.mkdir()
    (root / "mine.py").write_text("")
    requires = ["base[fast]", "common", "other-local"]
    install(site, "mine", "1", {"mine.pth": f"{root}\n"}, requires=requires, direct_url=url)
    folder = {"url": (tmp_path / "gone").as_uri(), "dir_info": {}}
    install(site, "other-local", "1", {"other.py": ""}, requires=["deep"], direct_url=folder)
    install(site, "base", "1", {"base.py": ""}, requires=["speedup; extra == 'fast'", "core"])
    for name in ("common", "deep", "speedup", "core"):
        install(site, name, "1", {f"{name}.py": ""})
    install(site, "app", "1", {"app.py": ""}, requires=["common"])
    manifest = manifest_of(ran(tmp_path, site, {"mine": root / "mine.py", "app": site / "app.py"}))
    assert {each.name for each in manifest.roots()} == {"app", "base", "deep", "mine"}
    assert found(manifest)["base"].extras == ("fast",)
    lines = requirements.render(manifest, roots_only=True).splitlines()
    assert [line for line in lines if not line.startswith("#")] == ["app==1", "base[fast]==1", "deep==1"]
    assert '"base[fast]==1"' in clouds.script_header(manifest)
