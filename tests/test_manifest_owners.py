"""Whose a file is: by RECORD, never by a table of names; what is nobody's is local code, and nothing is lost."""

import sys

import pytest
from installed import STDLIB, found, install, manifest_of, ran

from lazyimp.distributions import scan


@pytest.fixture
def site(tmp_path):
    folder = tmp_path / "venv" / "lib" / "site-packages"
    folder.mkdir(parents=True)
    return folder


NAMES = {
    "PyYAML": "yaml/__init__.py",
    "pillow": "PIL/Image.py",
    "scikit-learn": "sklearn/__init__.py",
    "attrs": "attr/__init__.py",
    "beautifulsoup4": "bs4/__init__.py",
    "python-dateutil": "dateutil/parser.py",
    "protobuf": "google/protobuf/message.py",
    "six": "six.py",
}


def test_distributions_are_found_by_their_files(tmp_path, site):
    """Cases 1, 13."""
    for name, path in NAMES.items():
        install(site, name, "1.0", [path])
    modules = {path.replace("/", ".").removesuffix(".py"): site / path for path in NAMES.values()}
    manifest = manifest_of(ran(tmp_path, site, modules))
    assert {each.display for each in manifest.requirements} == set(NAMES)
    assert {each.kind for each in manifest.requirements} == {"index"}
    assert not manifest.undecided


def test_names_are_spelled_in_one_way(tmp_path, site):
    """Case 3."""
    install(site, "Ruamel.Yaml", "1", ["ruamel/yaml/__init__.py"])
    install(site, "Foo__Bar", "1", ["foo_bar.py"])
    environment = scan([str(site)])
    assert environment.named("ruamel_yaml").name == "ruamel-yaml"
    assert environment.named("FOO.bar").display == "Foo__Bar"
    manifest = manifest_of(
        ran(tmp_path, site, {"foo_bar": site / "foo_bar.py"}), extra=["foo-bar", "Foo_Bar"]
    )
    assert [each.name for each in manifest.requirements] == ["foo-bar"]


def test_two_distributions_that_share_files_are_both_listed(tmp_path, site):
    """Case 4."""
    install(site, "opencv-python", "4", {"cv2/__init__.py": "# one\n"})
    install(site, "opencv-contrib", "4", {"cv2/__init__.py": "# two\n"})
    manifest = manifest_of(ran(tmp_path, site, {"cv2": site / "cv2/__init__.py"}))
    known = found(manifest)
    assert set(known) == {"opencv-python", "opencv-contrib"}
    (told,) = manifest.undecided
    assert told.what == "opencv-contrib, opencv-python" and not told.blocks
    assert "each installs its own cv2/, and here that of opencv-contrib is used" in told.why
    assert "--exclude opencv-python" in told.way_out
    assert "shared-files:opencv-python" in known["opencv-contrib"].flags
    # the one whose file lies there is the one whose module was counted
    assert (known["opencv-contrib"].modules, known["opencv-python"].modules) == (1, 0)


def test_two_distributions_with_the_same_file_agree(tmp_path, site):
    """The empty file of a namespace that many install is nobody's."""
    for name in ("nv-one", "nv-two"):
        install(site, name, "1", {"nv/__init__.py": "", f"nv/{name[3:]}.py": ""})
    manifest = manifest_of(ran(tmp_path, site, {"nv": site / "nv/__init__.py", "nv.one": site / "nv/one.py"}))
    assert not manifest.undecided and set(found(manifest)) == {"nv-one", "nv-two"}


def test_what_was_left_out_is_not_told_about(tmp_path, site):
    install(site, "opencv-python", "4", {"cv2/__init__.py": "# one\n"})
    install(site, "opencv-contrib", "4", {"cv2/__init__.py": "# two\n"})
    record = ran(tmp_path, site, {"cv2": site / "cv2/__init__.py"})
    assert not manifest_of(record, exclude=["opencv-python"]).undecided


def test_the_first_on_the_path_counts_and_hides_the_other(tmp_path, site):
    """Case 5."""
    other = tmp_path / "user-site"
    install(other, "thing", "1.0", ["thing.py"])
    install(site, "thing", "2.0", ["thing.py"])
    manifest = manifest_of(ran(tmp_path, [other, site], {"thing": other / "thing.py"}))
    (thing,) = manifest.requirements
    assert (thing.version, thing.flags) == ("1.0", ("shadowed:2.0",))


def test_a_build_leftover_in_the_working_folder_is_no_distribution(tmp_path, site):
    """Case 6."""
    ghost = tmp_path / "ghost.egg-info"
    ghost.mkdir()
    (ghost / "PKG-INFO").write_text("Name: ghost\nVersion: 1\n")
    (tmp_path / "ghost.py").write_text("")
    manifest = manifest_of(ran(tmp_path, site, {"ghost": tmp_path / "ghost.py"}))
    assert not manifest.requirements
    assert [file.name for part in manifest.local for file in part.files] == ["ghost.py", "main.py"]


def test_of_two_versions_in_one_folder_the_one_whose_files_are_there_counts(tmp_path, site):
    """Case 7."""
    install(site, "half", "1.0", {"half.py": "old = 1\n"})
    install(site, "half", "2.0", {"half.py": "new = 22\n"})
    (half,) = manifest_of(ran(tmp_path, site, {"half": site / "half.py"})).requirements
    assert half.version == "2.0" and "shadowed:1.0" in half.flags


def test_without_record_it_is_known_by_its_top_level(tmp_path, site):
    """Case 8."""
    install(site, "bare", "1.0", ["bare/__init__.py"], record=False)
    (bare,) = manifest_of(ran(tmp_path, site, {"bare": site / "bare/__init__.py"})).requirements
    assert (bare.name, bare.kind) == ("bare", "index") and "no-record" in bare.flags


def test_the_systems_own_is_never_shipped(tmp_path):
    """Case 8."""
    site = tmp_path / "usr" / "lib" / "python3" / "dist-packages"
    install(site, "apt-thing", "1.0", ["apt_thing.py"], record=False, installer="debian")
    (site / "loose.py").write_text("")
    modules = {"apt_thing": site / "apt_thing.py", "loose": site / "loose.py"}
    manifest = manifest_of(ran(tmp_path, site, modules))
    assert all("dist-packages" not in part.root for part in manifest.local)
    assert {each.kind for each in manifest.requirements} <= {"system"}


def test_strange_lines_of_record_are_understood(tmp_path, site):
    """Case 9."""
    info = install(site, "odd", "1.0", ["odd/a,b.py", "odd/übung.py"])
    lines = [
        '"odd/a,b.py",,',
        "../../../bin/odd,,",
        f"{site}/odd/absolute.py,,",
        "odd/übung.py,,",
        "odd\\back.py,,",
        f"{info.name}/RECORD,,",
    ]
    (info / "RECORD").write_bytes("\r\n".join(lines).encode())
    environment = scan([str(site)])
    for path in ("odd/a,b.py", "odd/absolute.py", "odd/übung.py", "odd/back.py", "../../../bin/odd"):
        (owner,) = environment.owners(str((site / path).resolve()))
        assert owner.name == "odd"


def test_an_edited_file_is_told(tmp_path, site):
    """Case 10."""
    install(site, "thing", "1.0", {"thing.py": "x = 1\n"})
    (site / "thing.py").write_text("x = 22\n")
    (thing,) = manifest_of(ran(tmp_path, site, {"thing": site / "thing.py"})).requirements
    assert (thing.kind, thing.flags) == ("index", ("modified",))


def test_files_that_are_links_into_a_cache_belong_to_who_lists_them(tmp_path, site):
    """Case 11."""
    cache = tmp_path / "cache"
    cache.mkdir()
    install(site, "linked", "1.0", ["linked.py"])
    (site / "linked.py").rename(cache / "abc.py")
    (site / "linked.py").symlink_to(cache / "abc.py")
    manifest = manifest_of(ran(tmp_path, site, {"linked": site / "linked.py"}))
    assert [each.kind for each in manifest.requirements] == ["index"]
    assert all(str(cache) not in part.root for part in manifest.local)


def test_case_and_unicode_form_do_not_matter_where_the_system_folds_them(tmp_path, site):
    """Case 12."""
    install(site, "folds", "1.0", ["Folds/übung.py"])
    environment = scan([str(site)])
    environment.folds = True
    (owner,) = environment.owners(str(site / "folds" / "u\u0308BUNG.py"))
    assert owner.name == "folds"


def test_a_module_copied_by_hand_is_local_and_alone(tmp_path, site):
    """Case 14."""
    install(site, "other", "1.0", ["other.py"])
    (site / "copied.py").write_text("")
    manifest = manifest_of(ran(tmp_path, site, {"copied": site / "copied.py"}))
    assert not manifest.requirements
    (part,) = [part for part in manifest.local if part.root == str(site)]
    assert [file.name for file in part.files] == ["copied.py"]


def test_namespace_packages_belong_to_who_lists_the_file(tmp_path, site):
    """Cases 17, 19."""
    install(site, "protobuf", "1", ["google/protobuf/__init__.py"])
    install(site, "google-api-core", "1", ["google/api_core/__init__.py"])
    install(site, "googleapis-common-protos", "1", ["google/rpc/status.py"])
    modules = {"google": "namespace", "google.protobuf": site / "google/protobuf/__init__.py"}
    assert set(found(manifest_of(ran(tmp_path, site, modules)))) == {"protobuf"}


def test_a_namespace_alone_is_nothing(tmp_path, site):
    """Case 18."""
    manifest = manifest_of(ran(tmp_path, site, {"google": "namespace", "made.up": ""}))
    assert not manifest.requirements
    assert [file.name for part in manifest.local for file in part.files] == ["main.py"]


def test_standard_modules_and_shadows_of_them_are_told_by_file(tmp_path, site):
    """Case 72."""
    (tmp_path / "token.py").write_text("")
    install(site, "setuptools", "80", ["setuptools/_distutils/core.py"])
    modules = {"json": f"{STDLIB}/json/__init__.py", "token": tmp_path / "token.py", "sys": "built-in"}
    manifest = manifest_of(ran(tmp_path, site, modules))
    assert not manifest.requirements
    assert [file.name for part in manifest.local for file in part.files] == ["main.py", "token.py"]


def test_start_up_and_our_own_do_not_count(tmp_path, site):
    """Case 67."""
    install(site, "lazyimp-runtime", "1", ["lazyimp/__init__.py"])
    install(site, "virtualenv-hook", "1", ["_virtualenv.py"])
    modules = {"lazyimp.record": site / "lazyimp/record.py", "_virtualenv": site / "_virtualenv.py"}
    record = ran(tmp_path, site, modules, header={"before": ["_virtualenv"]})
    assert not manifest_of(record).requirements


def test_modules_of_children_count(tmp_path, site):
    """Case 65."""
    install(site, "inner", "1.0", ["inner.py"])
    child = ran(tmp_path, site, {"inner": site / "inner.py"}, header={"pid": 11, "ppid": 10})
    assert set(found(manifest_of(ran(tmp_path, site, {}, children=[child])))) == {"inner"}


def test_a_run_that_crashed_is_marked(tmp_path, site):
    """Case 66."""
    assert not manifest_of(ran(tmp_path, site, {}, complete=False)).complete
    assert manifest_of(ran(tmp_path, site, {})).complete


def test_the_scan_needs_no_stat_of_files(tmp_path, site):
    """The owner of a file is told although the file is gone: nothing but metadata is looked at."""
    install(site, "gone", "1.0", ["gone.py"])
    (site / "gone.py").unlink()
    (owner,) = scan([str(site)]).owners(str(site / "gone.py"))
    assert owner.name == "gone"
    assert "gone" not in sys.modules


def test_folders_on_sys_path_are_relative_to_the_program(tmp_path, site, monkeypatch):
    """A program that puts "src" on sys.path means the one below its own current folder."""
    (tmp_path / "src" / "inner").mkdir(parents=True)
    code = tmp_path / "src" / "inner" / "__init__.py"
    code.write_text("")
    record = ran(tmp_path, site, {"inner": code})
    record.facts["sys_path"].insert(0, "src")
    monkeypatch.chdir("/")
    roots = {part.root: [file.name for file in part.files] for part in manifest_of(record).local}
    assert roots[str(tmp_path / "src")] == ["inner/__init__.py"]


def test_an_environment_inside_an_editable_project_is_no_part_of_its_source(tmp_path):
    """Neither what was copied into it by hand, nor the standard library of an interpreter that lies there."""
    project = tmp_path / "project"
    site = project / ".venv" / "lib" / "python3.11" / "site-packages"
    stdlib = project / ".python" / "lib" / "python3.11"
    url = {"url": project.as_uri(), "dir_info": {"editable": True}}
    install(site, "mine", "1", {"mine.pth": f"{project}\n"}, direct_url=url)
    for path in (site / "by_hand.py", stdlib / "json.py", project / "mine.py"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x = 1\n")
    modules = {"by_hand": site / "by_hand.py", "json": stdlib / "json.py", "mine": project / "mine.py"}
    manifest = manifest_of(ran(tmp_path, [project, site], modules, header={"stdlib": [str(stdlib)]}))
    assert [each.name for each in manifest.requirements] == ["mine"]
    files = {part.root: [each.name for each in part.files] for part in manifest.local}
    assert files[str(site)] == ["by_hand.py"]
    assert [name for name in files[str(project)] if name.endswith(".py")] == ["mine.py"]
