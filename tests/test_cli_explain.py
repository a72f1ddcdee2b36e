"""`lazyimp explain`: what a code means, which codes there are, and modules as `lazyimp why` tells of them."""

from __future__ import annotations

import json

import pytest

from lazyimp import codes


@pytest.mark.parametrize("word", ["LZ203", "lz203"])
def test_a_code(command_here, word):
    done = command_here("explain", word)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("LZ203  inside try or with\n")
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_the_name_of_a_message(command_here):
    assert command_here("explain", "unknown-mode").stdout == command_here("explain", "LZ101").stdout


def test_all_codes(command_here):
    lines = command_here("explain").stdout.splitlines()
    assert [line.split()[0] for line in lines] == [each.code for each in codes.CODES]


def test_json(command_here):
    found = json.loads(command_here("explain", "--json", "LZ203").stdout)
    assert (found["schema"], found["exit_code"]) == ("lazyimp-explain/1", 0)
    assert found["codes"][0]["code"] == "LZ203"
    assert len(json.loads(command_here("explain", "--json").stdout)["codes"]) == len(codes.CODES)


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (["LZ999"], 2, "unknown code 'LZ999'; "),
        (["pandas"], 1, "no run was recorded in this folder; `lazyimp profile SCRIPT` records one\n"),
    ],
)
def test_mistakes(command_here, words, status, told):
    done = command_here("explain", *words)
    assert (done.returncode, done.stdout) == (status, "") and done.stderr.startswith(f"lazyimp: {told}")
