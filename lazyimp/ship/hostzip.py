"""Packs what runs on the host into one zip file: the same sources give the same bytes."""

from __future__ import annotations

import hashlib
import io
import zipfile
from functools import cache
from importlib.resources import files

# Modules in a zip file are compiled at each start: the first one unpacks it beside itself, whole or not at all. A link
# to the interpreter spares the next starts the search for it, which shims make long.
START = b"""import os, sys
if sys.version_info < (3, 8):
    here = "{}.{}".format(*sys.version_info)
    print('lazyimp-host {"error": "python3 is Python ' + here + ' here, and 3.8 is needed; name a newer one by a link '
          'python3 in the folder that was named (else ~/.lazyimp), or put one first on the PATH"}')
    raise SystemExit(1)
packed = os.path.abspath(sys.path[0])
folder = packed[: -len(".pyz")]
if not os.path.isdir(folder):
    import shutil, tempfile, zipfile
    try:
        made = tempfile.mkdtemp(dir=os.path.dirname(folder), prefix=".host-")
        try:
            with zipfile.ZipFile(packed) as file:
                file.extractall(made)
            os.rename(made, folder)
            link = os.path.join(os.path.dirname(folder), "python3")
            if not os.path.exists(link):
                os.symlink(os.path.realpath(sys.executable), link)
        finally:
            shutil.rmtree(made, ignore_errors=True)
    except OSError:
        pass
if os.path.isdir(folder):
    sys.path[0] = folder
from lazyimp.ship.host.__main__ import main
raise SystemExit(main(sys.argv[1:]))
"""


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
