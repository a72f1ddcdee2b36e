"""Cases about files: what of local code travels, what stays behind and is told, and what is bound to a platform."""

import importlib.util
import os
import struct
import zipfile
from dataclasses import replace

import pytest
from installed import found, install, manifest_of, ran
from test_manifest_kinds import editable

from lazyimp.manifest.files import Collector
from lazyimp.manifest.target import of_record


@pytest.fixture
def site(tmp_path):
    folder = tmp_path / "venv" / "lib" / "site-packages"
    folder.mkdir(parents=True)
    return folder


def names(manifest, distribution=""):
    """The files of local code, or of one distribution."""
    return [file.name for part in manifest.local if part.distribution == distribution for file in part.files]


def test_many_distributions_say_nothing_of_top_levels(tmp_path, site):
    """Case 2."""
    info = install(site, "numpy", "2.4.6", ["numpy/__init__.py"])
    assert not (info / "top_level.txt").exists()
    assert (
        found(manifest_of(ran(tmp_path, site, {"numpy": site / "numpy/__init__.py"})))["numpy"].kind
        == "index"
    )


def test_modules_without_their_source(tmp_path, site):
    """Case 15: of a distribution by RECORD; of local code as bytecode, where the target's is the same."""
    install(site, "bare", "1.0", ["bare.pyc"])
    local = tmp_path / "mine.pyc"
    local.write_bytes(importlib.util.MAGIC_NUMBER + b"\0" * 12)
    record = ran(tmp_path, site, {"bare": site / "bare.pyc", "mine": local}, header={"python": here()})
    same = manifest_of(record)
    assert found(same)["bare"].kind == "index"
    assert "mine.pyc" in names(same) and not same.undecided
    other = manifest_of(record, target=replace(of_record(record), python="3.99.0"))
    assert [each.blocks for each in other.undecided if each.what == "mine.pyc"] == [True]


def here():
    import platform

    return platform.python_version()


def test_a_namespace_half_local_half_installed(tmp_path, site):
    """Case 20: both halves are there; a regular package of an installed one would hide the local half."""
    install(site, "google-auth", "1", ["google/auth/__init__.py"])
    local = tmp_path / "extra" / "google" / "mine.py"
    local.parent.mkdir(parents=True)
    local.write_text("")
    modules = {"google": "", "google.mine": local, "google.auth": site / "google/auth/__init__.py"}
    record = ran(tmp_path, [tmp_path / "extra", site], modules)
    manifest = manifest_of(record)
    assert set(found(manifest)) == {"google-auth"} and not manifest.undecided
    (part,) = [part for part in manifest.local if part.root == str(tmp_path / "extra")]
    assert [file.name for file in part.files] == ["google/mine.py"]
    install(site, "google-old", "1", ["google/__init__.py"])
    (hidden,) = manifest_of(record).undecided
    assert hidden.blocks and "google-old" in hidden.why


def test_a_folder_in_place_of_an_editable(tmp_path, site):
    """Case 21."""
    finder = "MAPPING: dict[str, str] = {%r: %r}\n"
    place = str(tmp_path / "proj" / "ed_flat")
    helpers = {"__editable___proj_0_1_finder.py": finder % ("ed_flat", place)}
    editable(tmp_path, site, {"ed_flat/__init__.py": ""}, helpers)
    (told,) = manifest_of(ran(tmp_path, site, {"ed_flat": ""})).undecided
    assert told.blocks and told.what == "ed_flat" and "proj" in told.why


@pytest.mark.parametrize("backend", ["meson-python", "scikit-build-core"])
def test_editables_that_rebuild_on_import(tmp_path, site, backend):
    """Case 26: the hook that both leave behind; the extension is in the build folder of the project."""
    helpers = {
        "meson-python": {"proj-editable.pth": "import _proj_editable_loader\n", "_proj_editable_loader.py": ""},
        "scikit-build-core": {"_proj_editable.pth": "import _editable_skbc_proj\n", "_editable_skbc_proj.py": ""},
    }  # fmt: skip
    root = editable(tmp_path, site, {"proj/__init__.py": "", "build/proj/_c.so": "x"}, helpers[backend])
    modules = {"proj": root / "proj/__init__.py", "proj._c": root / "build/proj/_c.so"}
    manifest = manifest_of(ran(tmp_path, site, modules))
    proj = found(manifest)["proj"]
    assert (proj.kind, proj.flags) == ("editable", ("rebuilds",))
    assert {"proj/__init__.py"} <= set(names(manifest, "proj"))
    (part,) = [part for part in manifest.local if part.distribution == "proj"]
    assert part.tags  # it holds compiled files: bound to a platform


def elf(needed=(), runpath="", machine=0x3E):
    """The bytes of a shared library that needs others."""
    strings = b"\0"
    entries = []
    for tag, text in [*((1, each) for each in needed), *([(29, runpath)] if runpath else [])]:
        entries.append((tag, len(strings)))
        strings += text.encode() + b"\0"
    at = 64 + 56 * 2
    dynamic = b"".join(struct.pack("<qQ", *each) for each in [*entries, (5, at), (10, len(strings)), (0, 0)])
    where = at + len(strings)
    size = where + len(dynamic)
    head = b"\x7fELF\x02\x01\x01" + b"\0" * 9
    head += struct.pack("<HHIQQQIHHHHHH", 3, machine, 1, 0, 64, 0, 0, 64, 56, 2, 64, 0, 0)
    load = struct.pack("<IIQQQQQQ", 1, 5, 0, 0, 0, size, size, 4096)
    dyn = struct.pack("<IIQQQQQQ", 2, 6, where, where, where, len(dynamic), len(dynamic), 8)
    return head + load + dyn + strings + dynamic


COMPILED = [
    ("_c.cpython-311-x86_64-linux-gnu.so", 0x3E, {}, ""),
    ("_c.abi3.so", 0x3E, {"python": "3.13.0", "abi": "cp313"}, ""),
    ("libplain.so", 0x3E, {"python": "3.13.0", "abi": "cp313"}, ""),
    ("_c.cpython-311-x86_64-linux-gnu.so", 0x3E, {"python": "3.12.0", "abi": "cp312"}, "cp311"),
    ("_c.abi3.so", 0x3E, {"abi": "cp313t"}, "free-threaded"),
    ("libplain.so", 0xB7, {}, "aarch64"),
    ("libplain.so", 0x3E, {"system": "macos"}, "macos"),
]


@pytest.mark.parametrize(("name", "machine", "target", "why"), COMPILED)
def test_compiled_local_code_is_bound_to_its_target(tmp_path, site, name, machine, target, why):
    """Cases 47, 48, 70: an extension, or a library that ctypes opens, of the user's own."""
    package = tmp_path / "cextpkg"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / name).write_bytes(elf(["libc.so.6"], machine=machine))
    record = ran(tmp_path, site, {"cextpkg": package / "__init__.py"})
    manifest = manifest_of(record, target=replace(of_record(record), architecture="x86_64", **target))
    (part,) = manifest.local
    assert part.kind == "local-binary" and part.tags
    assert [each.blocks for each in manifest.undecided] == ([True] if why else [])
    assert all(why in each.why for each in manifest.undecided)


def test_libraries_that_compiled_code_needs_are_looked_for(tmp_path, site):
    """Case 70: one that lies beside it travels; one of this machine's alone is told."""
    package = tmp_path / "cextpkg"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "libbeside.so").write_bytes(elf())
    (package / "_c.so").write_bytes(
        elf(["libbeside.so", "libcuda.so.1", "libodd.so.7", "libm.so.6"], "$ORIGIN")
    )
    manifest = manifest_of(ran(tmp_path, site, {"cextpkg": package / "__init__.py"}))
    (told,) = manifest.undecided
    assert told.what == "cextpkg/_c.so" and "libodd.so.7" in told.why and not told.blocks
    assert "libbeside" not in told.why and "libm" not in told.why


def test_code_in_an_archive_travels_as_the_archive(tmp_path, site):
    """Case 71: zipimport, an egg, a pex."""
    path = tmp_path / "bundle.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("zipped.py", "")
    manifest = manifest_of(ran(tmp_path, [path, site], {"zipped": f"{path}/zipped.py"}))
    assert ["bundle.zip"] in [[file.name for file in part.files] for part in manifest.local]


def test_strange_files_in_a_package(tmp_path, site):
    """Case 71: loops, links out of the project, FIFOs, empty files, odd and long names, caches."""
    package = tmp_path / "pkg"
    package.mkdir()
    for name in ("__init__.py", "empty.txt", "a" * 200 + ".txt", "__pycache__"):
        (package / name).mkdir() if name == "__pycache__" else (package / name).write_text("")
    (package / "__pycache__" / "x.pyc").write_text("")
    (package / "loop").symlink_to(package)
    (package / "out").symlink_to("/etc")
    (package / "dead").symlink_to("nowhere")
    (package / "inside.txt").symlink_to("empty.txt")
    (package / "new\nline.txt").write_text("")
    os.mkfifo(package / "fifo")
    manifest = manifest_of(ran(tmp_path, site, {"pkg": package / "__init__.py"}))
    travelling = {name.removeprefix("pkg/") for name in names(manifest) if name.startswith("pkg/")}
    assert travelling == {"__init__.py", "empty.txt", "a" * 200 + ".txt", "inside.txt"}
    told = {each.what.removeprefix("pkg/"): each.blocks for each in manifest.undecided}
    assert told == {"out": False, "dead": False, "fifo": False, "new\nline.txt": True}


SECRETS = {
    ".env": "A=1", "id_rsa": "x", "cert.pem": "-----BEGIN RSA PRIVATE KEY-----\n", ".netrc": "x",
    "conf.py": "KEY = 'AKIAABCDEFGHIJKLMNOP'\n",
}  # fmt: skip


@pytest.mark.parametrize("name", SECRETS)
def test_secrets_stay_behind_unless_named(tmp_path, site, name):
    """Case 71."""
    package = tmp_path / "pkg"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / name).write_text(SECRETS[name])
    record = ran(tmp_path, site, {"pkg": package / "__init__.py"})
    manifest = manifest_of(record)
    (told,) = manifest.undecided
    assert told.what == f"pkg/{name}" and told.blocks and "secret" in told.why
    assert f"pkg/{name}" not in names(manifest)
    named = manifest_of(record, include=[str(package / name)])
    assert f"pkg/{name}" in names(named) and not named.undecided


def test_a_checkpoint_in_a_package_stays_behind(tmp_path, site):
    """Case 71: 6 GB, of which nothing is read."""
    package = tmp_path / "pkg"
    package.mkdir()
    (package / "__init__.py").write_text("")
    with (package / "model.ckpt").open("wb") as file:
        file.truncate(6 << 30)
    manifest = manifest_of(ran(tmp_path, site, {"pkg": package / "__init__.py"}))
    (told,) = manifest.undecided
    assert "6144 MB" in told.why and "--include" in told.way_out and not told.blocks
    assert "pkg/model.ckpt" not in names(manifest)


def test_the_digest_depends_on_contents_alone(tmp_path):
    """Case 71: not on times, write permission, the order of folders, nor where the project lies."""
    from lazyimp.manifest.archive import write_archive
    from lazyimp.manifest.local import _make

    def packed(where, order):
        for name in order:
            (where / name).parent.mkdir(parents=True, exist_ok=True)
            (where / name).write_text(name)
        collector = Collector(str(where))
        collector.add(str(where / "p"))
        part = _make("p", str(where), "local", collector.finish().files, "")
        with open(write_archive(part, str(where / "out")), "rb") as file:
            return part.digest, file.read()

    one = packed(tmp_path / "one", ["p/a.py", "p/b.py"])
    os.utime(tmp_path / "one" / "p" / "a.py", (1, 1))
    (tmp_path / "one" / "p" / "b.py").chmod(0o444)
    assert packed_again(tmp_path / "one") == one[0]
    assert packed(tmp_path / "two", ["p/b.py", "p/a.py"]) == one


def packed_again(where):
    """The digest of the same folder, as it is now."""
    from lazyimp.manifest.local import _make

    collector = Collector(str(where))
    collector.add(str(where / "p"))
    return _make("p", str(where), "local", collector.finish().files, "").digest


def test_a_project_behind_a_link(tmp_path, site):
    """Case 71: sys.path names the link, the file is the same."""
    real = tmp_path / "real"
    real.mkdir()
    (real / "mine.py").write_text("")
    (tmp_path / "link").symlink_to(real)
    manifest = manifest_of(ran(tmp_path, [tmp_path / "link", site], {"mine": tmp_path / "link" / "mine.py"}))
    assert "mine.py" in [name.rpartition("/")[2] for name in names(manifest)]


SHADOWS = ["token.py", "code.py", "utils.py", "test/__init__.py", "distutils_like.py"]


@pytest.mark.parametrize("name", SHADOWS)
def test_local_modules_named_like_others(tmp_path, site, name):
    """Case 72: by file, not by name."""
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("")
    module = name.removesuffix(".py").removesuffix("/__init__")
    manifest = manifest_of(ran(tmp_path, site, {module: tmp_path / name}))
    assert name in names(manifest) and not manifest.requirements


def test_distutils_of_setuptools_is_setuptools(tmp_path, site):
    """Case 72: on 3.12 and later."""
    install(site, "setuptools", "80", ["setuptools/_distutils/core.py"])
    origin = site / "setuptools/_distutils/core.py"
    assert "setuptools" in found(manifest_of(ran(tmp_path, site, {"distutils.core": origin})))


def test_files_that_are_only_looked_for(tmp_path, site):
    """Whoever tries to open a file leaves a trace, also where it is not there; a link that leads nowhere is told."""
    (tmp_path / "link.txt").symlink_to(tmp_path / "gone")
    (tmp_path / "there.txt").write_text("")
    looked_for = [tmp_path / name for name in ("settings.ini", "__editable__.x.finder.__path_hook__")]
    opened = [*looked_for, tmp_path / "link.txt", tmp_path / "there.txt"]
    manifest = manifest_of(ran(tmp_path, site, {}, opened=opened))
    assert [[file.name for file in part.files] for part in manifest.local] == [["main.py", "there.txt"]]
    assert [each.what for each in manifest.undecided] == ["link.txt"]


def test_named_files_travel(tmp_path, site):
    """Whether the run opened them or not; what is in no folder of the program's code is told."""
    other = tmp_path / "elsewhere" / "x.bin"
    (tmp_path / "prog" / "data").mkdir(parents=True)
    other.parent.mkdir()
    for path in (other, tmp_path / "prog" / "weights.bin", tmp_path / "prog" / "data" / "a.txt"):
        path.write_text("x")
    record = ran(tmp_path / "prog", site, {})
    include = [str(tmp_path / "prog" / name) for name in ("weights.bin", "data")]
    manifest = manifest_of(record, include=include)
    assert [[file.name for file in part.files] for part in manifest.local] == [
        ["data/a.txt", "main.py", "weights.bin"]
    ]
    assert not manifest.undecided
    (told,) = manifest_of(record, include=[str(other)]).undecided
    assert told.blocks and told.what == str(other)


@pytest.mark.parametrize("name", ["deploy", "data.bin", ".hidden"])
def test_a_secret_in_a_text_of_any_name(tmp_path, site, name):
    """Case 71: a key needs no ending to be one; what is no text is not read as one."""
    package = tmp_path / "pkg"
    package.mkdir()
    (package / "__init__.py").write_text("")
    key = b"-----BEGIN RSA PRIVATE KEY-----\nabc\n"
    (package / name).write_bytes(key)
    (package / "model.bin").write_bytes(b"\0\1" + key)
    manifest = manifest_of(ran(tmp_path, site, {"pkg": package / "__init__.py"}))
    (told,) = manifest.undecided
    assert told.what == f"pkg/{name}" and "a private key" in told.why and told.blocks
