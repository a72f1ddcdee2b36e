"""An environment from a lock: requirements with hashes, or pylock.toml; what cannot travel is refused."""

import pytest
from shipping import PYTHON, Host
from small_wheels import make_wheel, take_from

from lazyimp.ship.errors import ShipError
from lazyimp.ship.locks import locked

SHA = "a" * 64


def lock(tmp_path, text, name="requirements.txt", python="3.11"):
    (tmp_path / name).write_text(text)
    return locked(str(tmp_path / name), python)


def test_a_requirements_file_as_tools_write_it(tmp_path):
    text = (
        f"# made by a tool\nidna==3.7 \\\n    --hash=sha256:{SHA} \\\n    --hash=sha512:b  # why\n"
        "six==1.16 ; python_version < '4'\n\n    # via idna\n"
    )
    wish = lock(tmp_path, text)
    assert wish.requirements == (
        f"idna==3.7 --hash=sha256:{SHA} --hash=sha512:b\nsix==1.16 ; python_version < '4'\n"
    )
    assert not wish.require_hashes
    assert lock(tmp_path, f"idna==3.7 --hash=sha256:{SHA}\n").require_hashes


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("idna>=3", "is not exact"),
        ("six ; python_version == '3.11'", "is not exact"),
        ("--index-url https://u:secret@host/\nidna==3", "is an option"),
        ("-r other.txt", "is an option"),
        ("x @ https://me:secret@host/x.whl", "has a credential"),
        ("x @ git+https://secret@host/x.git@abc", "has a credential"),
        ("x @ file:///home/me/x.whl", "lies on this machine"),
        ("x @ ../x", "lies on this machine"),
    ],
)
def test_lines_that_cannot_travel(tmp_path, text, told):
    with pytest.raises(ShipError, match=told) as caught:
        lock(tmp_path, text)
    assert "secret" not in str(caught.value)


PYLOCK = f"""
lock-version = "1.0"
created-by = "a tool"
requires-python = "==3.11.*"
extras = ["more"]
[[packages]]
name = "idna"
version = "3.7"
[[packages.wheels]]
url = "https://host/idna-3.7-py3-none-any.whl"
hashes = {{ sha256 = "{SHA}" }}
[[packages]]
name = "only-more"
version = "1"
marker = "'more' in extras"
[[packages.wheels]]
url = "https://host/only_more-1-py3-none-any.whl"
hashes = {{ sha256 = "{SHA}" }}
[[packages]]
name = "elsewhere"
version = "2"
marker = "platform_machine == 'riscv64'"
[[packages.wheels]]
url = "https://host/elsewhere-2-py3-none-any.whl"
hashes = {{ sha256 = "{SHA}" }}
[[packages]]
name = "mine"
version = "1.0"
[[packages.wheels]]
path = "wheels/mine-1.0-py3-none-any.whl"
hashes = {{ sha256 = "{SHA}" }}
"""


def test_a_pylock(tmp_path):
    make_wheel(tmp_path / "wheels", "mine")
    wish = lock(tmp_path, PYLOCK, "pylock.toml", "")
    assert wish.python == "3.11" and wish.require_hashes
    assert wish.requirements.splitlines() == [
        f'elsewhere==2 ; platform_machine == "riscv64" --hash=sha256:{SHA}',
        f"idna==3.7 --hash=sha256:{SHA}",
    ]
    assert [each.name for each in wish.wheels] == ["mine-1.0-py3-none-any.whl"]


DIRECTORY = '[[packages]]\nname = "x"\n[packages.directory]\npath = "x"\n'
VCS = '[[packages]]\nname = "x"\n[packages.vcs]\ntype = "git"\nurl = "https://t:secret@h/x.git"\ncommit-id = "abc"\n'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("lock-version =", "no TOML"),
        ("lock-version = '1.0'", "no lock as PEP 751"),
        (PYLOCK.replace("==3.11.*", ">=3.9"), "for several Pythons"),
        (PYLOCK + DIRECTORY, "lies in a folder of this machine"),
        (PYLOCK + VCS, "has a credential"),
    ],
)
def test_a_pylock_that_cannot_be_used(tmp_path, text, told):
    make_wheel(tmp_path / "wheels", "mine")
    with pytest.raises(ShipError, match=told) as caught:
        lock(tmp_path, text, "pylock.toml", "")
    assert "secret" not in str(caught.value)


def test_what_has_another_hash_is_not_installed(tmp_path):
    digest = make_wheel(tmp_path / "index", "pure")
    host = Host(tmp_path)
    take_from(host.root, tmp_path / "index")
    bad = lock(tmp_path, f"pure==1.0 --hash=sha256:{SHA}\n", python=PYTHON)
    wish = {"name": "e", "python": PYTHON, "requirements": bad.requirements, "hashes": bad.require_hashes}
    assert "ash" in host.refusal("build", wish)
    good = lock(tmp_path, f"pure==1.0 --hash=sha256:{digest}\n", python=PYTHON)
    assert good.name != bad.name
    wish = {**wish, "requirements": good.requirements}
    assert host.ask("build", wish)["reused"] is False
    (module,) = (host.root / "envs" / "e").rglob("pure.py")
    assert module.read_text() == "VERSION = '1.0'\n"
    host.close()


def test_what_an_accelerator_needs_comes_along_and_the_rest_stays_exact(tmp_path):
    """A build for one accelerator needs distributions that the recorded one did not."""
    index = tmp_path / "index"
    make_wheel(index, "thing", requires=("its_cuda", "pure"))
    for name, version in (("its_cuda", "12"), ("pure", "1.0"), ("pure", "2.0")):
        make_wheel(index, name, version)
    host = Host(tmp_path)
    take_from(host.root, index)
    wish = {"name": "e", "python": PYTHON, "requirements": "pure==1.0\n", "accelerated": "thing==1.0\n"}
    host.ask("build", wish)
    found = sorted(path.name for path in (host.root / "envs" / "e").rglob("*.dist-info"))
    assert found == ["its_cuda-12.dist-info", "pure-1.0.dist-info", "thing-1.0.dist-info"]
    host.close()
