"""Wheels that installers here take from a folder travel; which ones is decided by version, tags and accelerator."""

import zipfile
from types import SimpleNamespace

import pytest

from lazyimp.manifest.values import LocalPart, Manifest, Requirement, Target
from lazyimp.ship.at_hand import wheel_at_hand
from lazyimp.ship.planning import environment_of
from lazyimp.ship.settling import settled
from lazyimp.ship.values import JobWish, Plan

TARGET = Target("3.11.7")
NAME = "big_thing-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl"


def requirement(version="2.13.0+cpu", kind="index", name="big-thing"):
    return Requirement(name, version, kind, True, (), "")


def names(blobs):
    return [each.name for each in blobs]


def on_host(wish, gpus=(), driver=""):
    """The environment once a host told what it has."""
    facts = {
        "gpus": list(gpus),
        "driver": driver,
        "gpu_trouble": "",
        "cpus": 1,
        "memory_bytes": 1,
        "conda": None,
    }
    channel = SimpleNamespace(ask=lambda command, **_: facts)
    return settled(Plan("local:x", JobWish(("x",)), wish), channel).environment


@pytest.fixture
def wheels(tmp_path):
    folder = tmp_path / "whe els"
    folder.mkdir()
    for name in (
        NAME,
        "big_thing-2.13.0+cu126-cp311-cp311-manylinux_2_28_x86_64.whl",
        "big_thing-2.13.0-cp312-cp312-manylinux_2_28_x86_64.whl",
        "other-1.0-py3-none-any.whl",
        "not-a-wheel.whl",
        "note.txt",
    ):
        with zipfile.ZipFile(folder / name, "w") as file:
            file.writestr("x", "x")
    return folder


@pytest.mark.parametrize("way", ["{}", "file://{}"])
def test_the_very_version_for_the_very_target(wheels, way):
    link = way.format(str(wheels).replace(" ", "%20") if ":" in way else wheels)
    links = ("https://index/simple", "/nowhere", link)
    assert wheel_at_hand(requirement(), TARGET, links) == str(wheels / NAME)
    assert wheel_at_hand(requirement("1.0", name="other"), TARGET, links) == str(
        wheels / "other-1.0-py3-none-any.whl"
    )


@pytest.mark.parametrize(
    "wanted",
    [
        requirement("2.13.0"),  # there for another Python
        requirement("2.13.0+cu126"),  # there, and the target has no such device
        requirement("2.13.1+cpu"),
        requirement(kind="conda"),
        requirement("not a version"),
    ],
)
def test_no_other(wheels, wanted):
    assert wheel_at_hand(wanted, TARGET, (str(wheels),)) == ""


def test_it_is_sent_and_no_index_is_asked_for_it_or_its_accelerator(wheels, tmp_path):
    manifest = Manifest(
        {"kind": "script", "name": "x.py"},
        TARGET,
        (requirement(), requirement("1.4", name="more")),
        (LocalPart("p", str(tmp_path), "local", ()),),
    )
    wish, refused = environment_of(manifest, str(tmp_path / "cache"), find_links=(str(wheels),))
    assert (names(wish.exact_wheels), wish.accelerated, refused) == ([NAME], "big-thing==2.13.0\n", [])
    assert wish.accelerator == "auto" and NAME not in names(wish.wheels)
    found = on_host(wish)
    assert NAME in names(found.wheels)
    assert (found.requirements, found.accelerated, found.arguments) == ("more==1.4\n", "", ())
    assert found.name not in ("", wish.name)
    wish, _ = environment_of(manifest, str(tmp_path / "cache"))
    found = on_host(wish)
    assert NAME not in names(found.wheels)
    assert (found.requirements, found.arguments) == (
        "big-thing==2.13.0\nmore==1.4\n",
        ("--torch-backend", "cpu"),
    )


def test_a_host_with_another_accelerator_gets_its_own_build(wheels, tmp_path):
    manifest = Manifest({"kind": "script", "name": "x.py"}, TARGET, (requirement(),))
    wish, _ = environment_of(manifest, str(tmp_path / "cache"), find_links=(str(wheels),))
    found = on_host(wish, gpus=[{"name": "A100"}], driver="550.54")
    assert NAME not in names([*found.wheels, *found.exact_wheels])
    assert (found.accelerated, found.arguments) == ("big-thing==2.13.0\n", ("--torch-backend", "auto"))


def test_a_build_that_names_no_accelerator_is_sent_unless_one_is_chosen(tmp_path):
    name = "torch-2.13.0-cp311-cp311-manylinux_2_28_x86_64.whl"
    (tmp_path / name).write_bytes(b"x")
    manifest = Manifest({"kind": "script", "name": "x.py"}, TARGET, (requirement("2.13.0", name="torch"),))
    wish, _ = environment_of(manifest, str(tmp_path / "cache"), find_links=(str(tmp_path),))
    assert name in names(wish.wheels) and (wish.accelerated, wish.accelerator) == ("", "")
    wish, _ = environment_of(
        manifest, str(tmp_path / "cache"), accelerator="cu126", find_links=(str(tmp_path),)
    )
    assert name not in names(wish.wheels) and (wish.accelerated, wish.accelerator) == (
        "torch==2.13.0\n",
        "cu126",
    )


def test_a_wheel_for_another_python_than_the_one_there_stays_here(wheels, tmp_path):
    manifest = Manifest({"kind": "script", "name": "x.py"}, TARGET, (requirement("1.0", name="other"),))
    wish, _ = environment_of(manifest, str(tmp_path / "cache"), "3.12.1", find_links=(str(wheels),))
    assert wish.requirements == "other==1.0\n" and "other" not in str(names(wish.wheels))
