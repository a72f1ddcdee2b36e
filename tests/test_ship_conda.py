"""What conda installed here is installed by conda there, into the same kind of folder; without conda it is refused."""

import hashlib
import importlib.util
import io
import json
import os
import subprocess
import sys
import tarfile

import pytest
from installed import install, manifest_of, ran
from shipping import Host
from standins import CONDA, tool

from lazyimp.ship.carrying import Carrier
from lazyimp.ship.channels import Access, open_channel
from lazyimp.ship.errors import ShipError
from lazyimp.ship.following import Follower
from lazyimp.ship.planning import environment_of
from lazyimp.ship.values import JobWish, Plan

VERSION = ".".join(map(str, sys.version_info[:3]))


@pytest.fixture
def manifest(tmp_path):
    """Of a program that uses what conda calls pytorch-thing and others thing."""
    site = tmp_path / "venv" / "lib" / "site-packages"
    site.mkdir(parents=True)
    install(site, "thing", "1.0", ["thing.py"], installer="conda")
    folder = tmp_path / "venv" / "conda-meta"
    folder.mkdir()
    data = {
        "name": "pytorch-thing", "version": "1.0", "build": "0", "channel": "https://t:secret@host/t/tok-en/forge/noarch",
        "url": "https://host/t/tok-en/forge/noarch/pytorch-thing-1.0-0.conda",
        "files": ["lib/site-packages/thing-1.0.dist-info/METADATA"],
    }  # fmt: skip
    (folder / "pytorch-thing-1.0-0.json").write_text(json.dumps(data))
    record = ran(
        tmp_path,
        site,
        {"thing": site / "thing.py"},
        header={"python": VERSION, "executable": sys.executable},
    )
    return manifest_of(record)


def plan_of(manifest, tmp_path, **job):
    environment, refused = environment_of(manifest, str(tmp_path / "cache"))
    wish = JobWish(("{python}", "-c", "import fromconda, os; print(os.environ['CONDA_PREFIX'])"), **job)
    return Plan(f"local:{tmp_path / 'there'}", wish, environment, (), tuple(refused))


@pytest.fixture
def path(tmp_path, monkeypatch):
    """A PATH with nothing on it, and a home without any conda."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("CONDA_EXE", "MAMBA_EXE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "bin"


def test_the_environment_file_has_condas_names_and_no_credential(manifest, tmp_path):
    text = plan_of(manifest, tmp_path).environment.conda
    assert '"pytorch-thing=1.0"' in text and f"python={VERSION}" in text
    assert '"https://host/forge"' in text and "secret" not in text and "tok-en" not in text


@pytest.mark.parametrize("name", ["conda", "micromamba"])
def test_conda_makes_it_once_and_uv_adds_the_rest(manifest, tmp_path, path, name):
    tool(path, name, CONDA, log=str(tmp_path / "log"))
    channel = open_channel(plan_of(manifest, tmp_path).destination, Access())
    plan, got = plan_of(manifest, tmp_path), []
    first = Carrier(channel).carry(plan, "a", {}, 0)
    state = Follower(None, "a", channel).follow(lambda stream, data: got.append(data))
    again = Carrier(channel).carry(plan, "b", {}, 0)
    channel.close()
    prefix = tmp_path / "there" / "envs" / plan.environment.name
    assert (state["state"], b"".join(got)) == ("done", f"{prefix}\n".encode())
    assert (first.environment_reused, again.environment_reused) == (False, True)
    assert list(prefix.rglob("lazyimp/__init__.py"))  # ours came by uv
    first_words = ["create", "--yes"] if name == "micromamba" else ["env", "create"]
    assert (tmp_path / "log").read_text() == f"{first_words!r}{plan.environment.conda}"


def test_an_environment_that_conda_cannot_make_is_not_there(manifest, tmp_path, path):
    tool(path, "conda", CONDA, log=str(tmp_path / "log"))
    plan = plan_of(manifest, tmp_path)
    text = plan.environment.conda.replace("thing", "no-such")
    host = Host(tmp_path)
    wish = {"name": "e", "conda": text, "python": VERSION}
    assert "PackagesNotFoundError: no-such" in host.refusal("build", wish)
    (host.root / "envs" / "e").mkdir()  # what a builder that was killed leaves
    assert host.ask("missing", {"envs": ["e"]})["envs"] == ["e"]
    assert host.ask("build", {**wish, "conda": plan.environment.conda})["reused"] is False
    assert os.listdir(host.root / "tmp") == []
    host.close()


def test_a_host_without_conda_is_refused_before_anything_travels(manifest, tmp_path, path):
    plan = plan_of(manifest, tmp_path)
    channel = open_channel(plan.destination, Access())
    with pytest.raises(ShipError, match=r"\(1 distributions\).*no conda, mamba or micromamba; install one"):
        Carrier(channel).carry(plan, "a", {}, 0)
    channel.close()
    assert os.listdir(tmp_path / "there" / "blobs") == os.listdir(tmp_path / "there" / "jobs") == []


RATTLER = """
import asyncio, os, re, sys
sys.path[:0] = {path!r}
from rattler import Channel, VirtualPackage, install, solve
words = sys.argv[1:]
prefix, text = words[words.index("--prefix") + 1], open(words[words.index("--file") + 1]).read()
specs = [each.replace("=", " =", 1) for each in re.findall(r'  - "?([\\w-]+=[^"\\n]+)"?', text)]
async def main():
    found = await solve(
        [Channel({channel!r})], specs, platforms=["linux-64", "noarch"], virtual_packages=VirtualPackage.detect()
    )
    await install(found, target_prefix=prefix, cache_dir={cache!r}, show_progress=False)
asyncio.run(main())
sys.stdout.flush()
os._exit(0)  # its threads may outlive the interpreter
"""

INDEX = "import asyncio, os, sys; from rattler.index import index_fs; asyncio.run(index_fs(sys.argv[1])); os._exit(0)"


def _package(channel, name, version, files, links=None, depends=()):
    """A package of conda's, in a channel's folder."""
    folder = channel / "linux-64"
    folder.mkdir(parents=True, exist_ok=True)
    index = {
        "name": name, "version": version, "build": "0", "build_number": 0, "depends": list(depends),
        "subdir": "linux-64", "arch": "x86_64", "platform": "linux", "timestamp": 1700000000000,
    }  # fmt: skip
    rows = [
        {
            "_path": each,
            "path_type": "hardlink",
            "sha256": hashlib.sha256(data).hexdigest(),
            "size_in_bytes": len(data),
        }
        for each, data in files.items()
    ]
    rows += [{"_path": each, "path_type": "softlink"} for each in links or {}]
    paths = json.dumps({"paths": rows, "paths_version": 1}).encode()
    with tarfile.open(folder / f"{name}-{version}-0.tar.bz2", "w:bz2") as packed:
        for each, data in {
            "info/index.json": json.dumps(index).encode(),
            "info/paths.json": paths,
            **files,
        }.items():
            member = tarfile.TarInfo(each)
            member.size = len(data)
            packed.addfile(member, io.BytesIO(data))
        for each, to in (links or {}).items():
            member = tarfile.TarInfo(each)
            member.type, member.linkname = tarfile.SYMTYPE, to
            packed.addfile(member)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the packages are made for Linux")
def test_a_real_solver_and_a_real_channel(manifest, tmp_path, path):
    if importlib.util.find_spec("rattler") is None:  # loaded in processes of its own: its threads outlive it
        pytest.skip("there is no py-rattler")
    base = getattr(sys, "_base_executable", sys.executable)
    site = "lib/python{}.{}/site-packages".format(*sys.version_info[:2])
    channel = tmp_path / "channel"
    home = f"home = {os.path.dirname(base)}\n".encode()
    _package(channel, "python", VERSION, {"pyvenv.cfg": home}, {"bin/python": base})
    _package(channel, "pytorch-thing", "1.0", {f"{site}/fromconda.py": b"X = 1\n"}, depends=["python"])
    subprocess.run([sys.executable, "-c", INDEX, str(channel)], check=True, capture_output=True)
    values = {"channel": f"file://{channel}", "cache": str(tmp_path / "pkgs")}
    made = tool(path, "conda", RATTLER, path=[each for each in sys.path if "site-packages" in each], **values)
    made.write_text(made.read_text().replace(" -I\n", "\n"))
    destination = open_channel(plan_of(manifest, tmp_path).destination, Access())
    plan, got = plan_of(manifest, tmp_path), []
    Carrier(destination).carry(plan, "a", {}, 0)
    state = Follower(None, "a", destination).follow(lambda stream, data: got.append(data))
    destination.close()
    prefix = tmp_path / "there" / "envs" / plan.environment.name
    assert (state["state"], b"".join(got)) == ("done", f"{prefix}\n".encode())
    names = {path.name for path in (prefix / "conda-meta").glob("*.json")}
    assert names == {f"python-{VERSION}-0.json", "pytorch-thing-1.0-0.json"}
