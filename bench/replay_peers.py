"""What other tools list for a program: envzy from the names of the running program, pipreqs and pigar from its text.

Each peer lies in an environment of its own. envzy has to look at the program from inside, so its folder is put at
the end of the program's sys.path; pipreqs and pigar read a folder with the program's own files, or with one file of the
import that its command line comes to, and look up versions in the program's environment before they ask an index.
"""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TIME_LIMIT_S = 600
INDEX = (
    "REPLAY_JSON_INDEX"  # the JSON interface that pipreqs is to ask, where its own default does not answer
)

ENVZY = """
import json, logging, os, runpy, sys, time, types
peer, *words = sys.argv[1:]
main = sys.modules["__main__"] = types.ModuleType("__main__")
if words[0] == "-m":
    name, spec, code = runpy._get_module_details(words[1])
    main.__spec__, main.__package__, main.__file__, sys.argv = spec, spec.parent, spec.origin, [spec.origin, *words[2:]]
else:
    sys.argv, main.__file__ = words, words[0]
    sys.path[0] = os.path.dirname(os.path.abspath(words[0]))
    code = compile(open(words[0]).read(), words[0], "exec")
try:
    exec(code, main.__dict__)
except SystemExit:
    pass
sys.path.append(peer)
logging.basicConfig(stream=sys.stderr)
began = time.process_time()
from envzy import AutoExplorer
explorer = AutoExplorer()
packages = explorer.get_pypi_packages(main.__dict__)
local = explorer.get_local_module_paths(main.__dict__)
os.write(1, ("\\n##ENVZY " + json.dumps([packages, local, time.process_time() - began]) + "\\n").encode())
"""
# pipreqs and pigar see the program's environment behind their own, as where they are installed beside it
BESIDE = "import sys; sys.path.append(sys.argv.pop(1)); from {module} import main; sys.exit(main())"


@dataclass
class Listed:
    """What a tool lists: pins, its processor seconds, a remark, or what went wrong."""

    pins: list[str] = field(default_factory=list)
    cpu_s: float = 0.0
    note: str = ""
    fault: str = ""


def _run(
    words: list[str], folder: Path, env: dict[str, str]
) -> tuple[subprocess.CompletedProcess[str], float]:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        words,
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIME_LIMIT_S,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _settings(runner: Any, venv: Path) -> dict[str, str]:
    base = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "LAZYIMP"))}
    return {**base, **runner.BASE_ENV, "PATH": f"{venv}/bin:{base['PATH']}", "VIRTUAL_ENV": str(venv)}


def _site(home: Path) -> Path:
    return next(home.glob("lib/python*/site-packages"))


def _envzy(runner: Any, case: dict[str, Any], work: Path, venv: Path, home: Path) -> Listed:
    """Ask from inside the program, at its end."""
    words = [runner.sub(word, case) for word in case["argv"]]
    python = [str(venv / "bin" / "python"), "-c", ENVZY, str(_site(home))]
    done, _ = _run([*python, *words], work, _settings(runner, venv))
    found = re.search(r"^##ENVZY (.*)$", done.stdout, re.MULTILINE)
    if found is None:
        return Listed(fault=f"no answer: {_last(done)}")
    packages, local, seconds = json.loads(found[1])
    pins = [f"{name}=={version}" for name, version in packages.items()]
    refused = re.findall(r"(?:skipped|remote host)[^\n]*", done.stderr)
    return Listed(pins, seconds, f"{len(local)} local paths{'; warned' if refused else ''}")


def _static(module: str, words: list[str]) -> Callable[..., Listed]:
    """A tool that reads a folder and writes a list of requirements into `{out}`."""

    def ask(runner: Any, case: dict[str, Any], work: Path, venv: Path, home: Path) -> Listed:
        with tempfile.TemporaryDirectory() as place:
            folder, out = Path(place, "program"), Path(place, "out.txt")
            _sources(case, work, venv, folder)
            filled = [each.format(out=out, folder=folder, index=os.environ.get(INDEX, "")) for each in words]
            filled = [each for each in filled if not each.endswith("=")]
            python = [str(home / "bin" / "python"), "-c", BESIDE.format(module=module), str(_site(venv))]
            done, seconds = _run([*python, *filled], folder, _settings(runner, venv))
            if not out.exists():
                return Listed(cpu_s=seconds, fault=f"no list: {_last(done)}")
            lines = [each.partition("#")[0].strip() for each in out.read_text().splitlines()]
        return Listed([each for each in lines if each], seconds)

    return ask


def _sources(case: dict[str, Any], work: Path, venv: Path, folder: Path) -> None:
    """The program's own files; of an installed one, what its command line imports."""
    words = case["argv"]
    if words[0] == "-m":
        folder.mkdir()
        (folder / "main.py").write_text(f"import {words[1]}\n")
    elif words[0].startswith("{bin}"):
        folder.mkdir()
        shutil.copy(words[0].replace("{bin}", f"{venv}/bin"), folder / "main.py")
    else:
        shutil.copytree(work, folder, ignore=shutil.ignore_patterns("__pycache__"))


def _last(done: subprocess.CompletedProcess[str]) -> str:
    """The last line it said."""
    return ((done.stderr or done.stdout).strip().splitlines() or [f"status {done.returncode}"])[-1][:200]


PEERS: dict[str, Callable[..., Listed]] = {
    "envzy": _envzy,
    "pipreqs": _static("pipreqs.pipreqs", ["--savepath", "{out}", "--pypi-server={index}", "{folder}"]),
    "pigar": _static(
        "pigar.__main__", ["generate", "-f", "{out}", "--question-answer", "yes", "--auto-select", "{folder}"]
    ),
}
