"""Cases that are about installers, with what uv and the build backends really leave behind."""

import os
import subprocess

import pytest
from installed import found
from real_installs import FLIT, HATCHLING, Lab

pytestmark = pytest.mark.slow

MAIN = """
    import importlib.metadata, setup_src, setup_flat, hatch_src, flit_flat, strict_src
    import acme.alpha, acme.beta, google.mycorp, google.proto, humanized, tooled, wheeled, linked
    for each in importlib.metadata.entry_points(group="lab.plugins"):
        if each.name == "mine":
            each.load()
    print(importlib.metadata.version("setup_src"))
"""
PLUGIN = '[project.entry-points."lab.plugins"]\n'


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    lab = Lab(tmp_path_factory.mktemp("lab"))

    src = lab.project("setup-src", {"src/setup_src/__init__.py": "", "src/setup_src/data.json": "{}"})
    flat = lab.project("setup-flat", {"setup_flat/__init__.py": ""})
    hatch = lab.project("hatch-src", {"src/hatch_src/__init__.py": ""}, HATCHLING)
    flit = lab.project("flit-flat", {"flit_flat/__init__.py": '"""A test."""\n'}, FLIT)
    alpha = lab.project("acme-alpha", {"src/acme/alpha/__init__.py": ""})
    mycorp = lab.project("google-mycorp", {"src/google/mycorp/__init__.py": ""})
    lab.install("-e", src, "-e", flat, "-e", hatch, "-e", flit, "-e", alpha, "-e", mycorp)
    strict = lab.project("strict-src", {"src/strict_src/__init__.py": ""})
    lab.install("-C", "editable_mode=strict", "-e", strict)
    fork = lab.project("humanized", {"src/humanized/__init__.py": ""}, version="4.9.0")
    git = ["git", "-C", str(fork), "-c", "user.name=n", "-c", "user.email=e@e"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "fork"]):
        subprocess.run([*git, *words], check=True, capture_output=True)
    beta = lab.project("acme-beta", {"src/acme/beta/__init__.py": ""})
    gamma = lab.wheel(lab.project("acme-gamma", {"src/acme/gamma/__init__.py": ""}))
    tooled = lab.project("tooled", {"tooled/__init__.py": "import tooled.inner\n", "tooled/inner.py": ""})
    plugin = lab.project(
        "myplugin", {"myplugin.py": "def run(): pass\n"}, more=PLUGIN + 'mine = "myplugin:run"\n'
    )
    other = lab.project("otherplugin", {"otherplugin.py": ""}, more=PLUGIN + 'other = "otherplugin:run"\n')
    proto = lab.wheel(lab.project("proto-from-index", {"src/google/proto/__init__.py": ""}))
    wheeled = lab.wheel(lab.project("wheeled", {"wheeled.py": ""}))
    lab.install(f"humanized @ git+file://{fork}", beta, gamma, tooled, plugin, other, wheeled)
    lab.install("--find-links", proto.parent, "proto-from-index")
    linked = lab.wheel(lab.project("linked", {"linked.py": ""}))
    lab.install("--link-mode", "symlink", "--find-links", linked.parent, "linked")

    lab.record = lab.run({"main.py": MAIN})
    return lab


@pytest.fixture(scope="module")
def manifest(lab):
    from lazyimp.manifest.build import Builder

    return Builder(lab.record).build()


KINDS = {
    "22 setuptools src": ("setup-src", "editable", "pth"),
    "23 setuptools finder": ("setup-flat", "editable", "finder"),
    "24 hatchling": ("hatch-src", "editable", "pth"),
    "24 flit": ("flit-flat", "editable", "pth"),
    "25 setuptools strict": ("strict-src", "editable", "links"),
    "16 editable half of a namespace": ("acme-alpha", "editable", "pth"),
    "17 editable part of a known namespace": ("google-mycorp", "editable", "pth"),
}


@pytest.mark.parametrize("case", KINDS)
def test_editable_installs(lab, manifest, case):
    """Cases 16, 17, 22, 23, 24, 25: the source project is the root, and its metadata travels with it."""
    name, kind, how = KINDS[case]
    each = found(manifest)[name]
    assert (each.kind, each.source.path) == (kind, str(lab.folder / "src" / name))
    assert f"({how})" in each.reason
    parts = [part for part in manifest.local if part.distribution == name]
    names = [file.name for part in parts for file in part.files]
    assert any(file.endswith(".dist-info/METADATA") for file in names)
    assert any(file.endswith("__init__.py") for file in names)
    assert not any("pyproject" in file or ".git" in file for file in names)


OTHERS = {
    "16 the other half": ("acme-beta", "local-dir"),
    "17 of an index": ("proto-from-index", "index"),
    "31 a fork from git": ("humanized", "vcs"),
    "32 a fork from a folder": ("tooled", "local-dir"),
    "33 a wheel": ("wheeled", "archive"),
    "57 a plugin that was loaded by name": ("myplugin", "local-dir"),
    "11 links into a cache": ("linked", "index"),
}


@pytest.mark.parametrize("case", OTHERS)
def test_other_origins(manifest, case):
    """Cases 11, 16, 17, 31, 32, 33, 57."""
    name, kind = OTHERS[case]
    assert found(manifest)[name].kind == kind


def test_a_commit_and_a_hash_are_kept(lab, manifest):
    """Cases 31, 33: what is only on this machine travels as files, under the commit or hash it has."""
    known = found(manifest)
    head = ["git", "-C", str(lab.folder / "src" / "humanized"), "rev-parse", "HEAD"]
    commit = subprocess.run(head, capture_output=True, text=True, check=True).stdout.strip()
    assert known["humanized"].source.commit == commit
    assert known["wheeled"].source.path.endswith(".whl")
    carried = {part.distribution for part in manifest.local}
    assert {"humanized", "wheeled", "tooled", "acme-beta", "myplugin"} <= carried
    assert not {"linked", "proto-from-index"} & carried


def test_what_was_not_loaded_is_not_listed(manifest):
    """Cases 16, 58: another half of the namespace, and a plugin whose entry point was only read."""
    assert not {"acme-gamma", "otherplugin"} & set(found(manifest))


def test_only_own_files_of_a_namespace_travel(manifest):
    """Case 16: not the whole of site-packages/acme."""
    (beta,) = [part for part in manifest.local if part.distribution == "acme-beta"]
    assert [file.name for file in beta.files if not file.name.startswith("acme_beta-")] == [
        "acme/beta/__init__.py"
    ]


def test_links_are_not_followed_into_the_cache(lab, manifest):
    """Case 11."""
    assert os.path.islink(lab.site / "linked.py")
    assert all("uv-cache" not in file.path for part in manifest.local for file in part.files)


def test_an_editable_hidden_by_a_folder_is_told(lab):
    """Case 21: a folder of the name of a finder-based editable in the working folder, imported in its place."""
    manifest = lab.manifest({"main.py": "import setup_flat\n", "setup_flat/notes.txt": ""})
    try:
        hidden = [each for each in manifest.undecided if each.what == "setup_flat"]
        assert [each.blocks for each in hidden] == [True]
        assert "editable setup-flat" in hidden[0].why
    finally:
        (lab.folder / "work" / "setup_flat" / "notes.txt").unlink()
        (lab.folder / "work" / "setup_flat").rmdir()


def test_the_same_answer_with_lazyimp_on(lab, manifest):
    """A lazy run gives the same distributions, kinds and code."""
    from lazyimp.manifest.build import Builder

    lazy = Builder(lab.run({"main.py": MAIN}, LAZYIMP="all")).build()
    assert {each.name: each.kind for each in lazy.requirements} == {
        each.name: each.kind for each in manifest.requirements if each.name in found(lazy)
    }


def test_the_code_that_travels_runs_without_the_projects(lab, manifest, tmp_path):
    """What the manifest carries is enough: archives unpacked elsewhere, on sys.path, are importable with metadata."""
    import sys
    import tarfile

    from lazyimp.manifest.archive import write_archive

    roots = []
    for part in manifest.local:
        root = tmp_path / part.name
        with tarfile.open(write_archive(part, str(tmp_path / "archives"))) as tar:
            for member in tar:
                path = root / member.name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(tar.extractfile(member).read())
        roots.append(str(root))
    code = "import acme.alpha, acme.beta, setup_flat, strict_src, tooled.inner, importlib.metadata as m\n"
    code += "print(m.version('setup_src'), m.version('tooled'), acme.alpha.__file__)"
    words = [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {roots!r}\n{code}"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("1.0 1.0 " + str(tmp_path))
