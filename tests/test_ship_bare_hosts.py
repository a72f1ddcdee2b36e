"""A host without uv, without the wished Python: what is sent along, what is said."""

import os
import subprocess
import sys

import pytest
from shipping import PYTHON, Asked, Host
from small_wheels import make_wheel

from lazyimp.ship.carrying import Carrier, Shipped, own_uv
from lazyimp.ship.errors import ShipError
from lazyimp.ship.values import Lack

pytestmark = pytest.mark.skipif(own_uv() is None, reason="there is no uv to send")


class Bare(Host):
    """A host whose PATH and home have nothing; its interpreter is the base one, in a folder where nothing else lies."""

    def words(self, *more):
        python = self.zip.parent / "alone" / "python3"
        if not python.exists():
            python.parent.mkdir()
            python.symlink_to(PYTHON)
        return [str(python), "-I", str(self.zip), str(self.root), *more]


@pytest.fixture
def host(tmp_path, monkeypatch):
    uv = own_uv()
    for name in ("HOME", "PATH"):
        monkeypatch.setenv(name, str(tmp_path / "nothing"))
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")
    for name in ("UV_PYTHON", "UV_PYTHON_INSTALL_DIR", "XDG_DATA_HOME", "VIRTUAL_ENV"):
        monkeypatch.delenv(name, raising=False)
    made = Bare(tmp_path)
    made.uv = uv
    yield made
    made.close()


PIP = subprocess.run([PYTHON, "-I", "-m", "pip", "--version"], capture_output=True, check=False).returncode


@pytest.mark.skipif(bool(PIP), reason="the base interpreter has no pip")
def test_a_host_of_another_kind_gets_uv_by_its_own_pip(host, tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_DISABLE_PIP_VERSION_CHECK", "1")
    carrier = Carrier(Asked(host))
    other = Lack(True, uv=True, system="linux", machine="another")
    with pytest.raises(ShipError, match=r"(?s)pip could not get it there.*install uv there"):
        carrier._send_uv(other, Shipped())
    assert os.listdir(host.root / "tmp") == []
    make_wheel(tmp_path / "index", "uv", scripts={"uv": "#!/bin/sh\n"})
    host.close()
    host.server = None
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    assert carrier._send_uv(other, Shipped()) is None
    assert host.ask("hello")["uv"] == str(host.root / "uv" / "bin" / "uv")


def sent_uv(host):
    with open(host.uv, "rb") as file:
        blob = host.blob(file.read())
    os.chmod(host.root / "blobs" / blob, 0o700)
    return blob


def test_without_uv_it_is_said(host):
    assert host.ask("hello")["uv"] is None
    assert "no uv, and none was sent; install uv there" in host.refusal(
        "build", {"name": "e", "python": PYTHON}
    )
    assert os.listdir(host.root / "envs") == os.listdir(host.root / "tmp") == []


def test_with_the_uv_that_was_sent_and_a_python_by_its_path(host):
    host.ask("build", {"name": "e", "python": PYTHON, "uv": sent_uv(host)})
    python = host.root / "envs" / "e" / "bin" / "python"
    said = subprocess.run(
        [python, "-c", "import sys; print(sys.prefix)"], capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == str(python.parent.parent)


def test_without_any_python_it_is_said(host):
    said = host.refusal("build", {"name": "e", "python": "3.11.7", "uv": sent_uv(host)})
    assert "the host has no such Python, and uv could not get it" in said
    assert "here is none; install 3.11.7 there" in said
    assert os.listdir(host.root / "envs") == os.listdir(host.root / "tmp") == []


def test_without_the_right_python_it_is_said_which_are_there(host, tmp_path, monkeypatch):
    (tmp_path / "nothing").mkdir()
    (tmp_path / "nothing" / "python3").symlink_to(PYTHON)
    said = host.refusal("build", {"name": "e", "python": "3.8.1", "uv": sent_uv(host)})
    version = ".".join(map(str, sys.version_info[:3]))
    assert "no such Python" in said and f"here are {version}" in said
