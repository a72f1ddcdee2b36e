"""Modules that were put off and never used are found by name where the import system would find them."""

import subprocess
import sys
import sysconfig
import zipfile

import pytest
from installed import found
from real_installs import Lab

from lazyimp.manifest.resolve import Resolver


@pytest.fixture
def place(tmp_path):
    """Make files below a folder, and name one of them."""

    def make(*names):
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("")
        return str(tmp_path / names[0])

    return make


def test_what_an_editable_finder_maps(place, tmp_path):
    package, module = place("src/pkg/__init__.py", "src/pkg/inner.py"), place("src/alone.py")
    mapped = {
        "pkg": [str(tmp_path / "src/pkg")],
        "alone": [str(tmp_path / "src/alone")],
        "gone": ["/nowhere/x"],
    }
    resolver = Resolver([str(tmp_path / "site")], mapped.get)
    assert resolver.file_of("pkg") == package
    assert resolver.file_of("pkg.inner") == str(tmp_path / "src/pkg/inner.py")
    assert resolver.file_of("alone") == module
    assert not resolver.file_of("gone") and not resolver.has("gone")


def test_a_namespace_that_a_finder_maps_a_part_of(place, tmp_path):
    beta, alpha = place("site/acme/beta/__init__.py"), place("src/acme/alpha/__init__.py")
    mapped = {"acme": [str(tmp_path / "src/acme")]}
    resolver = Resolver([str(tmp_path / "site")], mapped.get)
    assert (resolver.file_of("acme.alpha"), resolver.file_of("acme.beta")) == (alpha, beta)
    assert resolver.file_of("acme") == "" and resolver.has("acme")


def test_a_package_that_a_finder_maps_below_a_namespace(place, tmp_path):
    alpha = place("src/one/__init__.py")
    resolver = Resolver([], {"acme.alpha": [str(tmp_path / "src/one")]}.get)
    assert resolver.file_of("acme.alpha") == alpha


def test_the_path_comes_before_a_finder(place, tmp_path):
    """setuptools' finder is asked last: a folder of the name hides a package that it maps."""
    place("src/pkg/__init__.py", "cwd/pkg/data.txt")
    resolver = Resolver([str(tmp_path / "cwd")], {"pkg": [str(tmp_path / "src/pkg")]}.get)
    assert resolver.file_of("pkg") == "" and resolver.has("pkg")


def test_archives_on_the_path(tmp_path):
    path = tmp_path / "thing-1.0.egg"
    with zipfile.ZipFile(path, "w") as file:
        for name in ("thing/__init__.py", "thing/inner.py", "half/mod.py", "alone.pyc"):
            file.writestr(name, "")
    (tmp_path / "no.zip").write_text("no archive")
    resolver = Resolver([str(tmp_path / "no.zip"), str(tmp_path / "absent.zip"), str(path)])
    assert resolver.file_of("thing") == f"{path}/thing/__init__.py"
    assert resolver.file_of("thing.inner") == f"{path}/thing/inner.py"
    assert resolver.file_of("half.mod") == f"{path}/half/mod.py"
    assert resolver.file_of("alone") == f"{path}/alone.pyc"
    assert not resolver.has("other") and not resolver.has("thing.other")


FINDER = """
[tool.setuptools]
packages = ["acme.alpha"]
"""


@pytest.mark.slow
def test_half_a_namespace_by_an_editable_finder(tmp_path):
    """Cases 16, 23: deferred and never used, it counts, as in an eager run."""
    pytest.importorskip("setuptools")
    lab = Lab(tmp_path)
    alpha = lab.project("acme-alpha", {"acme/alpha/__init__.py": ""}, more=FINDER)
    beta = lab.project("acme-beta", {"src/acme/beta/__init__.py": ""})
    lab.install("-e", alpha, beta)
    main = {"main.py": "import acme.alpha\nimport acme.beta\n"}
    eager = lab.manifest(main)
    assert {each.name: each.kind for each in eager.requirements} == {
        "acme-alpha": "editable",
        "acme-beta": "local-dir",
    }
    for mode in ("safe", "deep"):
        lazy = lab.manifest(main, LAZYIMP=mode)
        assert found(lazy).keys() == found(eager).keys()
        assert [(part.name, part.digest) for part in lazy.local] == [
            (part.name, part.digest) for part in eager.local
        ]
        assert not lazy.undecided


@pytest.mark.slow
def test_modules_that_the_library_editables_maps(tmp_path):
    """Hatchling's exact mode and PDM's: the finder is that of a library, and the modules are named in a file."""
    editables = pytest.importorskip("editables")
    lab = Lab(tmp_path)
    root = lab.project("exact", {"exact/__init__.py": "", "exact/inner.py": ""})
    made = editables.EditableProject("exact", str(root))
    made.map("exact", "exact")
    info = lab.site / "exact-1.0.dist-info"
    info.mkdir()
    # a path comes first: what stands in .pth files is done in the order of their names
    (lab.site / "_a_path.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: exact\nVersion: 1.0\n")
    (info / "direct_url.json").write_text(f'{{"url": "{root.as_uri()}", "dir_info": {{"editable": true}}}}')
    files = dict(made.files())
    for name, text in files.items():
        (lab.site / name).write_text(text)
    (info / "RECORD").write_text("".join(f"{name},,\n" for name in [*files, "exact-1.0.dist-info/RECORD"]))
    for mode in ("off", "safe"):
        manifest = lab.manifest({"main.py": "import exact.inner\n"}, LAZYIMP=mode)
        assert {each.name: (each.kind, each.flags) for each in manifest.requirements} == {
            "exact": ("editable", ())
        }
        (part,) = [part for part in manifest.local if part.distribution == "exact"]
        assert "exact/inner.py" in [file.name for file in part.files]


@pytest.mark.slow
def test_a_zipped_egg(tmp_path):
    """Case 71: it travels as it is, lies on sys.path there, and its folder of distributions does not."""
    lab = Lab(tmp_path)
    egg = lab.site / "eggy-3.0-py3.egg"
    with zipfile.ZipFile(egg, "w") as file:
        file.writestr("eggy/__init__.py", "E = 1\n")
        file.writestr("EGG-INFO/PKG-INFO", "Metadata-Version: 2.1\nName: eggy\nVersion: 3.0\n")
    (lab.site / "easy-install.pth").write_text(f"./{egg.name}\n")
    for use in ("", "eggy.E\n"):
        for mode in ("off", "safe"):
            manifest = lab.manifest({"main.py": f"import eggy\n{use}"}, LAZYIMP=mode)
            parts = {part.place: [file.name for file in part.files] for part in manifest.local}
            assert parts == {"work": ["main.py"], f"{egg.name}/{egg.name}": [egg.name]}
            assert not manifest.undecided and not manifest.requirements


def test_code_in_an_archive_is_found_there(tmp_path):
    """The part's place on sys.path is the archive itself, in a bundle as on a host."""
    from lazyimp.manifest.outputs import bundle

    lab = Lab(tmp_path)
    packed = tmp_path / "extra.zip"
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("packed.py", "X = 'from the archive'\n")
    main = "import packed\nprint(packed.X)\n"
    manifest = lab.manifest({"main.py": main}, PYTHONPATH=str(packed))
    bundle.write(manifest, str(tmp_path / "out"))
    path = ":".join(str(tmp_path / "out" / "code" / part.place) for part in manifest.local)
    packed.unlink()
    done = subprocess.run(
        [sys.executable, "-S", "-c", main], env={"PYTHONPATH": path}, capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("from the archive\n", "")
