"""The Jupyter kernel: its specification starts the interpreter lazily; without Jupyter, one line says so."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from lazyimp.integrations import kernel


def test_the_specification_starts_lazily():
    made = kernel.specification("deep", "Python (lazyimp)", "/bin/python")
    assert made["argv"][:4] == ["/bin/python", "-X", "lazyimp=deep", "-m"]
    assert made["argv"][-1] == "{connection_file}"
    assert kernel.specification(None, "x")["argv"][2] == "lazyimp"


def test_without_jupyter_it_says_what_to_install(tmp_path):
    (tmp_path / "jupyter_client.py").write_text("raise ImportError('not here')\n")
    done = subprocess.run(
        [sys.executable, "-c", "from lazyimp.cli import main; raise SystemExit(main(['kernel', 'install']))"],
        env={"PYTHONPATH": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == "lazyimp: jupyter_client is not installed here; `pip install ipykernel` brings it\n"


def test_an_unknown_action_is_named():
    from lazyimp.cli import main

    assert main(["kernel", "instal"]) == 2


def test_installed_below_a_prefix(tmp_path):
    pytest.importorskip("jupyter_client", reason="jupyter_client is not installed")
    place = kernel.install("lazy-test", "safe", "Lazy", str(tmp_path))
    with open(f"{place}/kernel.json", encoding="utf-8") as file:
        assert json.load(file)["argv"][2] == "lazyimp=safe"
