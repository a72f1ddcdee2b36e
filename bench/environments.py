"""Fresh environments made of lists of pins, offline, for programs to be run again in."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path


class Environments:
    """Environments made of lists of pins, offline; the last few are kept, since equal lists share one."""

    def __init__(self, place: Path, python: str, find_links: str, most: int = 2) -> None:
        self.place, self.python, self.find_links, self.most = place, python, find_links, most
        self.made: dict[str, Path] = {}

    def of(self, pins: Iterable[str], online: bool = False) -> Path:
        """The environment that has these and nothing else; `online` lets the installer fetch what it has not."""
        text = "\n".join(sorted(pins)) + "\n"
        key = hashlib.sha256(text.encode()).hexdigest()[:12]
        if key not in self.made:
            while len(self.made) >= self.most:
                shutil.rmtree(self.made.pop(next(iter(self.made))))
            self.made[key] = self._make(self.place / f"venv-{key}", text, online)
        return self.made[key]

    def _make(self, venv: Path, text: str, online: bool) -> Path:
        subprocess.run([self.python, "-m", "venv", "--without-pip", str(venv)], check=True)
        listed = venv / "pins.txt"
        listed.write_text(text)
        words = ["uv", "pip", "install", "-q", "--no-deps", "--link-mode", "hardlink"]
        words += ["--python", str(venv / "bin" / "python"), "-r", str(listed)]
        words += [] if online else ["--offline"]
        words += ["--find-links", self.find_links] if self.find_links else []
        done = subprocess.run([sys.executable, "-m", *words], stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            shutil.rmtree(venv)
            raise NotInstallable(" ".join(done.stderr.split())[:300])
        return venv


class NotInstallable(Exception):
    """The installer refuses the list; the text is its reason."""
