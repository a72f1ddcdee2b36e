"""Stand-ins for tools of a host (nvidia-smi, conda, docker), as small programs in a folder of their own."""

from __future__ import annotations

import sys
from pathlib import Path

NVIDIA = """
import sys
assert sys.argv[1:] == ["--query-gpu=uuid,name,memory.total,driver_version", "--format=csv,noheader,nounits"]
for number in range({count}):
    print(f"GPU-{{number}}0000000-aaaa, NVIDIA A100-SXM4-80GB, 81920, 550.54.15")
"""

BROKEN_NVIDIA = """
print("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.")
raise SystemExit(9)
"""

CONDA = """
import os, subprocess, sys
words = sys.argv[1:]
text = open(words[words.index("--file") + 1]).read()
open({log!r}, "a").write(repr(words[:2]) + text)
if "no-such" in text:
    print("PackagesNotFoundError: no-such")
    raise SystemExit(1)
prefix = words[words.index("--prefix") + 1]
subprocess.run([{python!r}, "-m", "venv", "--without-pip", prefix], check=True)
os.mkdir(prefix + "/conda-meta")
site = prefix + "/lib/python%d.%d/site-packages" % sys.version_info[:2]
open(site + "/fromconda.py", "w").write("WHERE = " + repr(prefix))
"""

DOCKER = """
import json, os, subprocess, sys
words = sys.argv[1:]
with open({log!r}, "a") as file:
    file.write(json.dumps(words) + "\\n")
if words[0] == "info":
    raise SystemExit({info})
if words[:2] == ["image", "inspect"]:
    raise SystemExit(0 if os.path.exists({log!r} + ".pulled") else 1)
if words[0] == "pull":
    if "no-such" in words[-1]:
        print("pull access denied")
        raise SystemExit(1)
    open({log!r} + ".pulled", "w").close()
if words[0] == "run":
    names = [words[at + 1] for at, word in enumerate(words) if word == "--env"]
    env = dict(each.split("=", 1) if "=" in each else (each, os.environ[each]) for each in names)
    where = words[words.index("--workdir") + 1]
    command = words[words.index("an/image:1") + 1 :]
    os.chdir(where)
    os.execve({python!r}, [{python!r}, *command[1:]], {{**env, "IN_CONTAINER": "1"}})
"""


def tool(folder: Path, name: str, code: str, **values: object) -> Path:
    """A program called `name`, written in Python."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    base = getattr(sys, "_base_executable", sys.executable)
    path.write_text(f"#!{base} -I\n" + code.format(python=base, **values))
    path.chmod(0o755)
    return path
