"""Packs what runs on the host into one zip file: the same sources give the same bytes."""

from __future__ import annotations

import hashlib
import io
import zipfile
from functools import cache
from importlib.resources import files

START = b"from lazyimp.ship.host.__main__ import main\nimport sys\nraise SystemExit(main(sys.argv[1:]))\n"


@cache
def host_zip() -> tuple[str, bytes]:
    """Its name, which changes with its content, and the bytes."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in ("lazyimp/__init__.py", "lazyimp/ship/__init__.py"):
            packed.writestr(zipfile.ZipInfo(name), b"")
        packed.writestr(zipfile.ZipInfo("__main__.py"), START)
        folder = files("lazyimp.ship.host")
        for each in sorted(folder.iterdir(), key=lambda each: each.name):
            if each.name.endswith(".py"):
                packed.writestr(zipfile.ZipInfo(f"lazyimp/ship/host/{each.name}"), each.read_bytes())
    data = made.getvalue()
    return f"host-{hashlib.sha256(data).hexdigest()[:16]}.pyz", data
