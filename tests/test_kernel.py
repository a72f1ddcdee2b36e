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


def test_kernels_are_timed_side_by_side(tmp_path, monkeypatch, capfd):
    """Neither what the kernels say at their start nor their number disturbs the table."""
    for needed in ("jupyter_client", "ipykernel"):
        pytest.importorskip(needed, reason=f"{needed} is not installed")
    from lazyimp.cli import main

    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "share" / "jupyter"))
    for name, mode in (("plain", None), ("lazy", "deep")):
        place = kernel.install(name, mode, name, str(tmp_path))
        if mode is None:  # the same without the switch
            path = f"{place}/kernel.json"
            with open(path, encoding="utf-8") as file:
                made = json.load(file)
            made["argv"][1:3] = []
            with open(path, "w", encoding="utf-8") as file:
                json.dump(made, file)
    assert main(["kernel", "time", "-n", "1", "--name", "lazy", "--against", "plain"]) == 0
    shown = capfd.readouterr()
    lines = shown.out.splitlines()
    assert [line.split()[0] for line in lines[:3]] == ["kernel", "plain", "lazy"]
    assert lines[1].split()[-1] == "1.00" and float(lines[2].split()[-1]) > 0
    assert shown.err == ""
