"""The PEP 517 build backend: setuptools, plus the start-up file `lazyimp.pth` at the root of every wheel."""

import base64
import hashlib
import os
import runpy
import zipfile
from pathlib import Path

from setuptools import build_meta
from setuptools.build_meta import (
    build_sdist,
    get_requires_for_build_editable,
    get_requires_for_build_sdist,
    get_requires_for_build_wheel,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]

ROOT = Path(__file__).resolve().parent.parent


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    """Build a wheel with setuptools and add the start-up file; returns the wheel's file name."""
    name = build_meta.build_wheel(wheel_directory, config_settings, metadata_directory)
    add_startup_file(Path(wheel_directory, name))
    return name


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    """Build an editable wheel with setuptools and add the start-up file; returns the wheel's file name."""
    name = build_meta.build_editable(wheel_directory, config_settings, metadata_directory)
    add_startup_file(Path(wheel_directory, name))
    return name


def startup_file():
    """The start-up file's name and bytes, from the one place that writes them."""
    source = runpy.run_path(str(ROOT / "lazyimp" / "_pth.py"))
    return source["FILE"], source["content"]()


def record_row(name, data):
    """The RECORD row of one file."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(data)}\n"


def add_startup_file(wheel):
    """Write `wheel` again with the start-up file in it and in its RECORD."""
    name, data = startup_file()
    draft = wheel.with_suffix(".draft")
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            content = old.read(item)
            if item.filename.endswith(".dist-info/RECORD"):
                pth = zipfile.ZipInfo(name, date_time=item.date_time)
                pth.external_attr = 0o100644 << 16
                pth.compress_type = zipfile.ZIP_DEFLATED
                new.writestr(pth, data)
                content = record_row(name, data).encode() + content
            new.writestr(item, content)
    os.replace(draft, wheel)
