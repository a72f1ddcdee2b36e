"""Where a distribution came from: what its installer left behind decides, never that an index has the name, too."""

import json

import pytest
from installed import found, install, manifest_of, ran, row

from lazyimp.manifest.outputs import conda, requirements

FILE = "file://"


@pytest.fixture
def site(tmp_path):
    folder = tmp_path / "venv" / "lib" / "site-packages"
    folder.mkdir(parents=True)
    return folder


def kind_of(tmp_path, site, name="thing", **options):
    """The requirement that the one installed distribution becomes."""
    install(site, name, "1.0", ["thing.py"], **options)
    manifest = manifest_of(ran(tmp_path, site, {"thing": site / "thing.py"}))
    return found(manifest)[name], manifest


def test_by_name_and_version(tmp_path, site):
    thing, _ = kind_of(tmp_path, site)
    assert (thing.kind, thing.reason.split(" by name")[0]) == ("index", "installed by pip")


def test_a_fork_from_git_is_no_index_package(tmp_path, site):
    """Cases 31, 35."""
    url = {
        "url": "https://me:secret@host/r.git",
        "subdirectory": "py",
        "vcs_info": {"vcs": "git", "commit_id": "6c2e52"},
    }
    thing, _ = kind_of(tmp_path, site, direct_url=url)
    assert (thing.kind, thing.source.commit, thing.source.subdirectory) == ("vcs", "6c2e52", "py")
    assert thing.source.url == "git+https://host/r.git"


def test_a_fork_from_a_folder_travels_as_its_files(tmp_path, site):
    """Case 32."""
    thing, manifest = kind_of(tmp_path, site, direct_url={"url": f"{FILE}{tmp_path}/src", "dir_info": {}})
    assert (thing.kind, thing.source.path) == ("local-dir", f"{tmp_path}/src")
    (part,) = [part for part in manifest.local if part.distribution == "thing"]
    assert "thing.py" in [file.name for file in part.files]
    assert "thing-1.0.dist-info/METADATA" in [file.name for file in part.files]


@pytest.mark.parametrize(
    "info", [{"hashes": {"sha256": "ab"}}, {"hash": "sha256=ab"}], ids=["hashes", "hash of older installers"]
)
def test_an_archive_keeps_its_hash(tmp_path, site, info):
    """Case 33."""
    thing, _ = kind_of(
        tmp_path, site, direct_url={"url": "https://u:p@host/thing-1.0.whl", "archive_info": info}
    )
    assert (thing.kind, thing.source.url, thing.source.hashes) == (
        "archive",
        "https://host/thing-1.0.whl",
        ("sha256:ab",),
    )


def test_poetrys_own_cache_is_no_origin(tmp_path, site):
    """Case 34."""
    url = {"url": f"{FILE}/x/pypoetry/artifacts/aa/thing.whl", "archive_info": {}}
    assert kind_of(tmp_path, site, direct_url=url)[0].kind == "index"


def test_recorded_provenance_names_the_index_file(tmp_path, site):
    url = {"url": "https://host/f/thing-1.0-py3-none-any.whl", "archive_info": {"hashes": {"sha256": "ab"}}}
    thing, _ = kind_of(tmp_path, site, extra={"provenance_url.json": json.dumps(url)})
    assert (thing.kind, thing.source.hashes) == ("index", ("sha256:ab",))


def conda_meta(tmp_path, files, version="1.0"):
    folder = tmp_path / "venv" / "conda-meta"
    folder.mkdir(parents=True)
    data = {
        "name": "thing", "version": version, "build": "py311_0", "channel": "https://u:p@host/t/tok-en/forge/linux-64",
        "url": "https://host/t/tok-en/forge/linux-64/thing-1.0.conda", "sha256": "cd", "files": files,
    }  # fmt: skip
    (folder / "thing-1.0-py311_0.json").write_text(json.dumps(data))


@pytest.mark.parametrize("exists", [False, True], ids=["dead path", "the path happens to exist"])
def test_condas_leftovers_are_conda(tmp_path, site, exists):
    """Cases 29, 30."""
    path = tmp_path / "build" / "ci_py311" / "thing" / "work"
    if exists:
        path.mkdir(parents=True)
    conda_meta(tmp_path, ["lib/site-packages/thing-1.0.dist-info/METADATA"])
    url = {"url": f"{FILE}{path}", "dir_info": {}}
    thing, manifest = kind_of(tmp_path, site, installer="conda", direct_url=url)
    assert (thing.kind, thing.source.build, thing.source.hashes) == ("conda", "py311_0", ("sha256:cd",))
    assert "tok-en" not in thing.source.url + thing.source.channel
    assert "u:p" not in thing.source.channel
    assert all(part.distribution != "thing" for part in manifest.local)


def test_condas_leftovers_without_its_metadata_are_of_the_index(tmp_path, site):
    """Case 29."""
    url = {"url": f"{FILE}/build/ci_py311/thing_1/work", "dir_info": {}}
    thing, _ = kind_of(tmp_path, site, installer="conda", direct_url=url)
    assert thing.kind == "index"


def editable(tmp_path, site, files, info_files, name="proj", **project):
    """An editable install of a project in tmp_path/proj, with the helper files its build backend leaves."""
    root = tmp_path / name
    for each, text in {"pyproject.toml": "", **files}.items():
        path = root / each
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for each, text in info_files.items():
        (site / each).write_text(text)
    url = {"url": f"{FILE}{root}", "dir_info": {"editable": True}}
    info = install(site, name, "0.1", {}, direct_url=url)
    with (info / "RECORD").open("a") as record:
        record.writelines(row(site / each, each) + "\n" for each in info_files)
    return root


FINDER = """MAPPING: dict[str, str] = {%(mapping)r: %(place)r}
NAMESPACES: dict[str, list[str]] = {}
PATH_PLACEHOLDER = '__editable__.proj-0.1.finder' + ".__path_hook__"
"""


@pytest.mark.parametrize("how", ["setuptools pth", "finder", "hatchling pth"])
def test_editable_ways(tmp_path, site, how):
    """Cases 22, 23, 24."""
    folder = "" if how == "finder" else "src/"
    files = {
        f"{folder}proj/__init__.py": "",
        f"{folder}proj/data.txt": "",
        ".git/config": "",
        "venv/pyvenv.cfg": "",
    }
    place = str(tmp_path / "proj" / folder.rstrip("/")).rstrip("/")
    helpers = {
        "setuptools pth": {"__editable__.proj-0.1.pth": place + "\n"},
        "hatchling pth": {"_editable_impl_proj.pth": place + "\n"},
        "finder": {
            "__editable__.proj-0.1.pth": "import __editable___proj_0_1_finder\n",
            "__editable___proj_0_1_finder.py": FINDER % {"mapping": "proj", "place": f"{place}/proj"},
        },
    }[how]
    root = editable(tmp_path, site, files, helpers)
    module = root / folder / "proj" / "__init__.py"
    manifest = manifest_of(ran(tmp_path, [site, root / "src"], {"proj": module}))
    proj = found(manifest)["proj"]
    assert (proj.kind, proj.source.path) == ("editable", str(root))
    (part,) = [part for part in manifest.local if part.distribution == "proj"]
    # with its metadata, so that entry points and versions are there, too; without .git and environments
    names = [file.name for file in part.files]
    assert [name for name in names if "dist-info" not in name] == ["proj/__init__.py", "proj/data.txt"]
    assert "proj-0.1.dist-info/METADATA" in names


def test_an_egg_link_is_editable(tmp_path, site):
    """Case 27."""
    root = tmp_path / "old"
    (root / "old.egg-info").mkdir(parents=True)
    (root / "old.egg-info" / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: old\nVersion: 0.3\n")
    (root / "oldmod.py").write_text("")
    (site / "old.egg-link").write_text(f"{root}\n.\n")
    (site / "easy-install.pth").write_text(f"{root}\n")
    manifest = manifest_of(ran(tmp_path, [site, root], {"oldmod": root / "oldmod.py"}))
    old = found(manifest)["old"]
    assert (old.kind, old.version, old.source.path) == ("editable", "0.3", str(root))


def test_an_editable_install_whose_source_is_gone_stops_shipping(tmp_path, site):
    """Case 28."""
    url = {"url": f"{FILE}{tmp_path}/gone", "dir_info": {"editable": True}}
    thing, manifest = kind_of(tmp_path, site, direct_url=url)
    assert thing.kind == "unresolved"
    (undecided,) = manifest.undecided
    assert (
        undecided.blocks
        and "not there any more" in undecided.why
        and "pip uninstall thing" in undecided.way_out
    )


def test_editable_halves_of_a_namespace_ship_only_their_own_files(tmp_path, site):
    """Case 16."""
    (tmp_path / "venv" / "lib" / "site-packages" / "acme" / "beta").mkdir(parents=True)
    root = editable(
        tmp_path,
        site,
        {"src/acme/alpha/__init__.py": ""},
        {"__editable__.proj-0.1.pth": f"{tmp_path}/proj/src\n"},
    )
    install(
        site,
        "acme-beta",
        "1",
        ["acme/beta/__init__.py"],
        direct_url={"url": f"{FILE}{tmp_path}/b", "dir_info": {}},
    )
    install(site, "acme-gamma", "1", ["acme/gamma/__init__.py"])
    modules = {
        "acme": "namespace",
        "acme.alpha": root / "src/acme/alpha/__init__.py",
        "acme.beta": site / "acme/beta/__init__.py",
    }
    manifest = manifest_of(ran(tmp_path, site, modules))
    kinds = {each.name: each.kind for each in manifest.requirements}
    assert kinds == {"proj": "editable", "acme-beta": "local-dir"}
    names = [file.name for part in manifest.local for file in part.files if file.name.startswith("acme/")]
    assert sorted(names) == ["acme/alpha/__init__.py", "acme/beta/__init__.py"]


def test_torch_for_the_cpu_is_the_indexs(tmp_path, site):
    """Case 38."""
    install(site, "torch", "2.13.0+cpu", ["torch/__init__.py"])
    torch = found(manifest_of(ran(tmp_path, site, {"torch": site / "torch/__init__.py"})))["torch"]
    assert (torch.kind, torch.version) == ("index", "2.13.0+cpu") and "local-version:cpu" in torch.flags


def test_a_package_of_condas_that_is_no_distribution(tmp_path, site):
    """Its code was loaded, so it is listed, for conda; other installers are told that they cannot get it."""
    conda_meta(
        tmp_path, ["lib/site-packages/graph_thing/__init__.py", "lib/site-packages/graph_thing/core.py"]
    )
    code = site / "graph_thing"
    code.mkdir()
    modules = {f"graph_thing{name}": code / f"{name[1:] or '__init__'}.py" for name in ("", ".core")}
    for path in modules.values():
        path.write_text("")
    record = ran(tmp_path, site, modules)
    manifest = manifest_of(record)
    (thing,) = manifest.requirements
    assert (thing.name, thing.kind, thing.root, thing.modules) == ("thing", "conda", True, 2)
    (told,) = manifest.undecided
    assert told.what == "thing 1.0" and not told.blocks
    assert '"thing=1.0"' in conda.render(manifest)
    assert "# thing 1.0: conda's alone" in requirements.render(manifest)
    assert not manifest_of(record, exclude=["thing"]).requirements
    assert not any(part.kind == "local" and "graph" in str(part.files) for part in manifest.local)
