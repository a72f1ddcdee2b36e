"""Builds for an accelerator: the lock names the build for the target's, or none; what else it needs is not guessed."""

from dataclasses import replace

import pytest
from installed import install, manifest_of, ran

from lazyimp.manifest.index import Answer, IndexFile, ask
from lazyimp.manifest.index_config import IndexConfig
from lazyimp.manifest.indexed import with_answers
from lazyimp.manifest.outputs import clouds, docker, pylock
from lazyimp.manifest.outputs.lines import asked_version

TAIL = "cp311-cp311-manylinux_2_28_x86_64.whl"


@pytest.fixture
def manifest(tmp_path):
    """That of a program that runs with torch's build for CPUs."""
    site = tmp_path / "venv" / "lib" / "site-packages"
    install(site, "torch", "2.13.0+cpu", ["torch.py"])
    return manifest_of(ran(tmp_path, site, {"torch": site / "torch.py"}))


def target_of(manifest, accelerator):
    return replace(manifest, target=replace(manifest.target, accelerator=accelerator))


@pytest.mark.parametrize(
    ("accelerator", "asked"),
    [("cpu", "2.13.0+cpu"), ("cu126", "2.13.0+cu126"), ("mps", "2.13.0"), ("auto", "2.13.0+cpu")],
)
def test_what_an_index_is_asked_for(manifest, accelerator, asked):
    assert asked_version(*target_of(manifest, accelerator).requirements, accelerator) == asked


def test_another_build_of_the_version_is_another_file(tmp_path):
    """An index that has the version for something else does not count, a later one that has it does."""
    for place, name in (("first", f"torch-2.13.0-{TAIL}"), ("second", f"torch-2.13.0+cpu-{TAIL}")):
        (tmp_path / place).mkdir()
        (tmp_path / place / name).write_bytes(b"x")
    config = IndexConfig((), (str(tmp_path / "first"), str(tmp_path / "second")))
    answer = ask({"torch": "2.13.0+cpu"}, config)["torch"]
    assert [file.name for file in answer.files] == [f"torch-2.13.0+cpu-{TAIL}"]
    assert not ask({"torch": "2.13.0+cu126"}, config)["torch"].files
    assert [file.name for file in ask({"torch": "2.13.0+mine"}, config)["torch"].files] == [
        f"torch-2.13.0-{TAIL}"
    ]


def test_no_index_has_the_build(manifest):
    """It stands, since an installer that knows the accelerator finds it; the lock has no other's file."""
    after = with_answers(manifest, {"torch": Answer((), {"http://i/simple": "not there"})})
    (told,) = after.undecided
    assert not told.blocks and "no build of it for cpu" in told.why and "--torch-backend cpu" in told.way_out
    assert after.requirements == manifest.requirements
    assert pylock.unlocked(after, {}) == list(after.requirements)


def test_the_lock_names_the_build(manifest):
    file = IndexFile(
        f"torch-2.13.0+cpu-{TAIL}", f"http://i/torch-2.13.0%2Bcpu-{TAIL}", ("sha256:" + "ab" * 32,)
    )
    after = with_answers(
        manifest, {"torch": Answer((replace(file, index="/opt/wheels"),), {"/opt/wheels": "found"})}
    )
    (package,) = pylock.lock(after, {"torch": [file]}).packages
    assert str(package.version) == "2.13.0+cpu"
    assert package.index is None  # a folder of files is no index


@pytest.mark.parametrize("accelerator", ["cpu", "cu126", "auto"])
def test_another_accelerator_brings_what_it_needs(manifest, accelerator):
    """Its build may need libraries that are not here: the installer has to look."""
    there = target_of(manifest, accelerator)
    texts = (docker.render(there), clouds.skypilot(there), clouds.ray(there), clouds.modal(there))
    assert [("--no-deps" in text) for text in texts] == [accelerator == "cpu"] * 4
    assert all(f"--torch-backend={accelerator}" in text for text in texts[:3])
