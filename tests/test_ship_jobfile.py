"""What a job file may say: variables, environments, resources, inputs; what it may not, and how that is told."""

import os
import re
import textwrap
from pathlib import Path

import pytest

from lazyimp.ship.amounts import bytes_of, shown
from lazyimp.ship.errors import ShipError
from lazyimp.ship.inputs import inputs_of
from lazyimp.ship.jobfile import KEYS, read_job_file
from lazyimp.ship.values import Resources

WHOLE = """
version = 1
name = "train-${EPOCHS}"
to = "local:there"
command = ["{python}", "train.py", "${DATA}", "--epochs=${EPOCHS}", "$HOME", "$${HOME}"]
manifest = "train.toml"
accelerator = "cuda"
resources = { gpus = 1, cpus = 2.5, memory = "1.5 GiB" }
variables = { DATA = "data/${NAME}.csv", EPOCHS = "3", NAME = "x" }
inputs = { "${DATA}" = "raw/${NAME}.csv" }
outputs = ["model-${EPOCHS}/**"]
output_limit = "2 MB"
env = { OUT = "model-${EPOCHS}" }
secrets = ["TOKEN"]
"""


def read(tmp_path, text, **chosen):
    (tmp_path / "job.toml").write_text(text)
    return read_job_file(str(tmp_path / "job.toml"), chosen)


def test_variables_stand_in_commands_paths_patterns_and_values(tmp_path):
    job = read(tmp_path, WHOLE, EPOCHS="9")
    assert job.command == ["{python}", "train.py", "data/x.csv", "--epochs=9", "$HOME", "${HOME}"]
    assert job.inputs == {"data/x.csv": f"{tmp_path}/raw/x.csv"}
    assert (job.outputs, job.env, job.name) == (["model-9/**"], {"OUT": "model-9"}, "train-9")
    assert job.resources == Resources(1, 2.5, 3 << 29) and job.output_limit_bytes == 2_000_000
    assert (job.environment, job.manifest, job.to) == (
        "auto",
        f"{tmp_path}/train.toml",
        f"local:{tmp_path}/there",
    )


COMMAND = "command = ['true']\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("command = ['${DTA}']\nvariables = {DATA = 'x'}", "did you mean 'DATA'?"),
        ("command = ['${DATA}']", "there are no variables"),
        ("command = ['${DATA']\nvariables = {DATA = 'x'}", "no end"),
        ("command = ['${A}']\nvariables = {A = '${B}', B = '${A}'}", "circle"),
        ("command = ['--token=${TOKEN}']\nsecrets = ['TOKEN']", "TOKEN is a secret"),
        (COMMAND + "outputs = ['${TOKEN}']\nsecrets = ['TOKEN']", "TOKEN is a secret"),
        (COMMAND + "variables = {'a-b' = 'x'}", "no name of a variable"),
        (COMMAND + "secrets = ['a=b']", "name it without its value"),
        (COMMAND + "resources = {gpu = 1}", "unknown key of resources 'gpu'; did you mean 'gpus'?"),
        (COMMAND + "resources = {gpus = true}", "gpus has to be a number"),
        (COMMAND + "resources = {gpus = -1}", "from 0 on"),
        (COMMAND + "resources = {memory = 'much'}", "memory 'much' is no amount"),
        (COMMAND + "resources = {gpus = 1}\nenv = {CUDA_VISIBLE_DEVICES = '0'}", "keep one"),
        (COMMAND + "environment = 'atuo'", "did you mean 'auto'?"),
        (COMMAND + "environment = 'lock'", "needs lock"),
        (COMMAND + "environment = 'host'\nimage = 'x'", "image is named, too"),
        (COMMAND + "image = 'x'\nlock = 'r.txt'\npython = '3.11'", "image and lock both name"),
        (COMMAND + "image = '--privileged'", "no name of an image"),
        (COMMAND + "image = 'x'\npython = '3.11'", "python is chosen by the image"),
        (COMMAND + "manifest = 'm'\naccelerator = 'gpu'", "unknown accelerator 'gpu'"),
        (COMMAND + "limit_s = -1", "from 0 on"),
        (COMMAND + "limit_s = nan", "from 0 on"),
        (COMMAND + "limit_s = inf", "from 0 on"),
        (COMMAND + "grace_s = nan", "from 0 on"),
        (COMMAND + "resources = {cpus = nan}", "from 0 on"),
        (COMMAND + f"resources = {{memory = '{'9' * 400}'}}", "no amount"),
        (COMMAND + "inputs = {x = ''}", "input 'x' names no file"),
        (COMMAND + "inputs = {x = '${A}'}\nvariables = {A = ''}", "input 'x' names no file"),
        (COMMAND + "output_limit = 'all'", "output_limit 'all' is no amount"),
        (COMMAND + "imge = 'x'", "did you mean 'image'?"),
    ],
)
def test_what_makes_no_sense_is_told_with_the_way_out(tmp_path, text, told):
    with pytest.raises(ShipError) as caught:
        read(tmp_path, text)
    assert told in str(caught.value) and "job.toml: " in str(caught.value)


def test_only_variables_of_the_file_can_be_chosen(tmp_path):
    with pytest.raises(ShipError, match="did you mean 'EPOCHS'"):
        read(tmp_path, WHOLE, EPOCH="9")


@pytest.mark.parametrize(
    ("text", "count"), [("16GB", 16 * 10**9), ("1.5 KiB", 1536), ("7", 7), (7, 7), ("2 tb", 2 * 10**12)]
)
def test_amounts(text, count):
    assert bytes_of(text, "x") == count


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (999, "999 B"), (999_600, "1.0 MB"), (5e15, "5000.0 TB")]
)
def test_amounts_for_people(count, text):
    assert shown(count) == text


def test_a_folder_is_an_input_with_all_its_files(tmp_path):
    folder = tmp_path / "data"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "b").write_text("b")
    (folder / "a").symlink_to("deep/b")
    names = [(each.name, each.size_bytes) for each in inputs_of({"in/": str(folder), "c": str(folder / "a")})]
    assert names == [("c", 1), ("in/a", 1), ("in/deep/b", 1)]


def _link_out(folder):
    (folder / "l").symlink_to("/etc/hostname")


def _link_to_parent(folder):
    (folder / "l").symlink_to("..")


def _loop(folder):
    (folder / "sub").mkdir()
    (folder / "sub" / "l").symlink_to(folder / "sub")


def _pipe(folder):
    os.mkfifo(folder / "p")


def _two_cases(folder):
    (folder / "A").write_text("")
    (folder / "a").write_text("")


def _key(folder):
    (folder / "id_rsa").write_text("")


def _token(folder):
    (folder / "notes.txt").write_text("hf_" + "a" * 34)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (_link_out, "leads out"),
        (_link_to_parent, "leads out"),
        (_loop, "link to a folder"),
        (_pipe, "no regular file"),
        (_two_cases, "case only"),
        (_key, "looks like a secret"),
        (_token, "a Hugging Face token"),
    ],
)
def test_strange_files_in_a_folder_of_inputs_are_refused(tmp_path, make, told):
    folder = tmp_path / "data"
    folder.mkdir()
    make(folder)
    with pytest.raises(ShipError, match=told):
        inputs_of({"in": str(folder)})


@pytest.mark.parametrize("name", ["/x", "../x", "a//b", ".", "", "a\\b"])
def test_inputs_stay_in_the_working_folder(tmp_path, name):
    (tmp_path / "x").write_text("")
    with pytest.raises(ShipError, match="no path in the working folder"):
        inputs_of({name: str(tmp_path / "x")})


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null"])
def test_a_device_is_no_input(path):
    with pytest.raises(ShipError, match="no regular file"):
        inputs_of({"x": path})


PAGE = Path(__file__).parents[1] / "docs" / "job-files.md"


@pytest.mark.skipif(not PAGE.exists(), reason="the pages are not beside the tests")
def test_the_page_about_job_files_shows_what_can_be_read(tmp_path):
    text = PAGE.read_text()
    example = textwrap.dedent("".join(re.findall(r"(?m)^    .*\n|^\n(?=    )", text.partition("## ")[0])))
    job = read(tmp_path, example)
    assert job.command[3:] == ["data/x.csv", "--epochs", "3"] and job.environment == "auto"
    assert [key for key in KEYS if f"{key} = " not in text and f"`{key}`" not in text] == []
