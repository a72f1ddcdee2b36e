"""What an index gives is checked by hash wherever one is known: from provenance, or where an index was asked."""

import json
import os
import sys
from dataclasses import replace

import pytest
from installed import install, manifest_of, ran
from shipping import PYTHON
from small_wheels import make_wheel, take_from

from lazyimp.manifest.index import Answer, IndexFile
from lazyimp.manifest.indexed import with_answers
from lazyimp.ship.carrying import Carrier
from lazyimp.ship.channels import Access, open_channel
from lazyimp.ship.errors import ShipError
from lazyimp.ship.planning import environment_of
from lazyimp.ship.values import JobWish, Plan


def manifest(tmp_path, provenance=""):
    """Of a program that used pure 1.0."""
    site = tmp_path / "venv" / "lib" / "site-packages"
    site.mkdir(parents=True)
    url = {
        "url": "https://host/pure-1.0-py3-none-any.whl",
        "archive_info": {"hashes": {"sha256": provenance}},
    }
    extra = {"provenance_url.json": json.dumps(url)} if provenance else {}
    install(site, "pure", "1.0", ["pure.py"], extra=extra)
    header = {"python": ".".join(map(str, sys.version_info[:3])), "executable": sys.executable}
    return manifest_of(ran(tmp_path, site, {"pure": site / "pure.py"}, header=header))


def carry(tmp_path, made):
    take_from(tmp_path / "there", tmp_path / "index")
    environment, refused = environment_of(made, str(tmp_path / "cache"), PYTHON)
    wish = JobWish(("{python}", "-c", "import pure"))
    plan = Plan(f"local:{tmp_path / 'there'}", wish, environment, (), tuple(refused))
    channel = open_channel(plan.destination, Access())
    try:
        Carrier(channel).carry(plan, "j", {}, 0)
        return environment
    finally:
        channel.close()


def test_a_recorded_hash_is_asked_for(tmp_path):
    digest = make_wheel(tmp_path / "index", "pure")
    environment = carry(tmp_path, manifest(tmp_path, digest))
    assert environment.requirements == f"pure==1.0 --hash=sha256:{digest}\n" and environment.require_hashes


def test_hashes_are_those_of_the_recorded_python(tmp_path):
    """Another Python may need another file."""
    made = manifest(tmp_path, "ab")
    other = f"3.{sys.version_info[1] + 1}"
    lines = [environment_of(made, str(tmp_path / "cache"), each)[0].requirements for each in (PYTHON, other)]
    assert lines == ["pure==1.0 --hash=sha256:ab\n", "pure==1.0\n"]


def test_the_accelerator_of_a_manifest_counts(tmp_path):
    made = manifest(tmp_path)
    torch = replace(made.requirements[0], name="torch", display="torch", version="2.0+cpu")
    made = replace(made, requirements=(torch,))
    wishes = [
        environment_of(each, str(tmp_path / "cache"), PYTHON, accelerator=word)[0]
        for each in (made, replace(made, target=replace(made.target, accelerator="cu126")))
        for word in ("", "cpu")
    ]
    assert [each.accelerator for each in wishes] == ["auto", "cpu", "cu126", "cpu"]
    assert {(each.accelerated, each.exact_for, each.requirements) for each in wishes} == {
        ("torch==2.0\n", "cpu", "")
    }


def test_another_file_of_that_name_and_version_is_not_installed(tmp_path):
    digest = make_wheel(tmp_path / "index", "pure")
    (tmp_path / "index").rename(tmp_path / "honest")
    make_wheel(tmp_path / "index", "pure", requires=("evil",))
    with pytest.raises(ShipError, match=r"(?i)hash mismatch"):
        carry(tmp_path, manifest(tmp_path, digest))
    assert os.listdir(tmp_path / "there" / "envs") == os.listdir(tmp_path / "there" / "jobs") == []


def test_hashes_that_an_index_told_are_asked_for(tmp_path):
    digest = make_wheel(tmp_path / "index", "pure")
    made = manifest(tmp_path)
    assert environment_of(made, str(tmp_path / "cache"), PYTHON)[0].requirements == "pure==1.0\n"
    file = IndexFile(
        "pure-1.0-py3-none-any.whl", "https://host/pure-1.0-py3-none-any.whl", (f"sha256:{digest}",)
    )
    answers = {
        "pure": Answer((replace(file, index="https://host/simple"),), {"https://host/simple": "found"})
    }
    environment = carry(tmp_path, with_answers(made, answers))
    assert environment.requirements == f"pure==1.0 --hash=sha256:{digest}\n"
