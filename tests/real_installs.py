"""A virtual environment with projects that uv really built and installed, and recorded runs in it."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import textwrap
from collections.abc import Mapping
from pathlib import Path

import lazyimp
from lazyimp.manifest.build import Builder
from lazyimp.manifest.values import Manifest
from lazyimp.record import Record, read_record

SETUPTOOLS = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "{name}"
version = "{version}"
{more}
"""
HATCHLING = SETUPTOOLS.replace('"setuptools"', '"hatchling"').replace(
    "setuptools.build_meta", "hatchling.build"
)
FLIT = SETUPTOOLS.replace('"setuptools"', '"flit_core"').replace(
    "setuptools.build_meta", "flit_core.buildapi"
)
FLIT += 'description = "a test"\n'


class Lab:
    """One environment in `folder`; the build backends are those of the interpreter that runs the tests."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.venv = folder / "venv"
        _run(sys.executable, "-m", "venv", "--without-pip", str(self.venv))
        self.python = self.venv / "bin" / "python"
        short = f"python{sys.version_info[0]}.{sys.version_info[1]}"
        self.site = self.venv / "lib" / short / "site-packages"
        ours = Path(lazyimp.__file__).parent.parent
        start = "import lazyimp._startup; lazyimp._startup.start()"
        (self.site / "zz_tests.pth").write_text(f"{ours}\n{sysconfig.get_path('purelib')}\n{start}\n")

    def project(
        self,
        name: str,
        files: Mapping[str, str],
        build: str = SETUPTOOLS,
        more: str = "",
        version: str = "1.0",
    ) -> Path:
        """A source tree beside the environment."""
        root = self.folder / "src" / name
        texts = {"pyproject.toml": build.format(name=name, version=version, more=more), **files}
        for each, text in texts.items():
            path = root / each
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return root

    def install(self, *words: str | Path) -> None:
        """`uv pip install`, with nothing from outside."""
        options = ["--no-build-isolation", "--no-deps", "--offline", "--python", str(self.python)]
        cache = ["--cache-dir", str(self.folder / "uv-cache")]
        _run("uv", "pip", "install", "-q", *options, *cache, *map(str, words))

    def wheel(self, root: Path) -> Path:
        """The wheel of a project."""
        out = self.folder / "wheels" / root.name
        options = [
            "--no-build-isolation",
            "--wheel",
            "--offline",
            "--cache-dir",
            str(self.folder / "uv-cache"),
        ]
        _run("uv", "build", "-q", *options, "--python", str(self.python), "-o", str(out), str(root))
        return next(out.glob("*.whl"))

    def run(self, files: Mapping[str, str], **variables: str) -> Record:
        """The record of a run of main.py among `files`."""
        work = self.folder / "work"
        for each, text in files.items():
            path = work / each
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))
        path = self.folder / f"record-{len(list(self.folder.glob('record-*')))}.jsonl"
        settings = {"LAZYIMP": "off", "LAZYIMP_RECORD": str(path), "LAZYIMP_RECORD_FILES": "1", **variables}
        _run(str(self.python), "main.py", cwd=work, env={**os.environ, **settings})
        return read_record(path)

    def manifest(self, files: Mapping[str, str], **variables: str) -> Manifest:
        """What such a run needs."""
        return Builder(self.run(files, **variables)).build()


def _run(*words: str, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> None:
    program = [sys.executable, "-m", "uv"] if words[0] == "uv" else [words[0]]
    done = subprocess.run(
        [*program, *words[1:]], cwd=cwd, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
