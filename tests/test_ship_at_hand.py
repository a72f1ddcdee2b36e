"""Wheels that installers here take from a folder travel; which ones is decided by version, tags and accelerator."""

import zipfile

import pytest

from lazyimp.manifest.values import LocalPart, Manifest, Requirement, Target
from lazyimp.ship.at_hand import wheel_at_hand
from lazyimp.ship.planning import environment_of

TARGET = Target("3.11.7")
NAME = "big_thing-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl"


def requirement(version="2.13.0+cpu", kind="index", name="big-thing"):
    return Requirement(name, version, kind, True, (), "")


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
    assert NAME in [each.name for each in wish.wheels]
    assert (wish.requirements, wish.arguments, refused) == ("more==1.4\n", (), [])
    wish, _ = environment_of(manifest, str(tmp_path / "cache"))
    assert (wish.requirements, wish.arguments) == (
        "big-thing==2.13.0\nmore==1.4\n",
        ("--torch-backend", "cpu"),
    )
