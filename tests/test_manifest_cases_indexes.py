"""Cases about versions, indexes and platforms: asked of a small server that fails in the ways real ones do."""

import base64
import http.server
import json
import threading
import time
from dataclasses import replace
from typing import ClassVar

import pytest
from installed import found, install, manifest_of, ran

from lazyimp.manifest.index import Answer, IndexFile, ask
from lazyimp.manifest.index_config import IndexConfig, read_config
from lazyimp.manifest.indexed import with_answers
from lazyimp.manifest.outputs.lines import pinned, version_of
from lazyimp.manifest.target import accepts, changed, of_record

WHEEL = "thing-1.0-py3-none-any.whl"
PAGE = {"files": [{"filename": WHEEL, "url": f"../../files/{WHEEL}", "hashes": {"sha256": "ab"}}]}
HTML = f'<html><a href="../../files/{WHEEL}#sha256=ab" data-yanked="bad">{WHEEL}</a></html>'
JSON = "application/vnd.pypi.simple.v1+json"


class Index(http.server.BaseHTTPRequestHandler):
    """Answers by the first folder of the path; `seen` is the number of requests for each path."""

    seen: ClassVar = {}
    authorised: ClassVar = []

    def do_GET(self):
        how = self.path.split("/")[1]
        self.seen[self.path] = self.seen.get(self.path, 0) + 1
        self.authorised.append(self.headers.get("Authorization"))
        if how == "busy" and self.seen[self.path] < 3:
            return self.say(503, "text/plain", "busy")
        if how == "down":
            return self.say(503, "text/plain", "busy")
        if how == "absent":
            return self.say(404, "text/plain", "no")
        if how == "hang":
            time.sleep(1.5)
        if how == "portal":
            return self.say(200, "text/html", "<html><a href='/login'>log in</a></html>")
        if how == "broken":
            return self.say(200, JSON, "{")
        if how == "old":
            return self.say(200, "text/html; charset=utf-8", HTML)
        if how == "moved":
            self.send_response(301)
            self.send_header("Location", self.path.replace("moved", "good"))
            return self.end_headers()
        return self.say(200, JSON, json.dumps(PAGE))

    def say(self, code, kind, text):
        try:
            self.send_response(code)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(text.encode())
        except OSError:  # the one who asked did not wait
            pass

    def log_message(self, *words):
        pass


@pytest.fixture(scope="module")
def server():
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Index)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{made.server_port}"
    made.shutdown()
    made.server_close()


def asked(server, *hows, version="1.0", **options):
    """The answer of indexes that behave in these ways, for thing 1.0."""
    config = IndexConfig(tuple(f"http://{server}/{how}/simple" for how in hows))
    return ask({"thing": version}, config, **{"timeout_s": 5.0, **options})["thing"]


@pytest.mark.parametrize("how", ["good", "busy", "moved", "old"])
def test_an_index_that_answers_in_the_end(server, how):
    """Case 50: 503 twice then 200, a redirect, HTML of an index without PEP 691."""
    answer = asked(server, how)
    (file,) = answer.files
    assert (file.name, file.hashes) == (WHEEL, ("sha256:ab",))
    assert file.url.endswith(f"/files/{WHEEL}")
    assert file.yanked == ("bad" if how == "old" else "")


@pytest.mark.parametrize(
    ("how", "said"),
    [("down", "it answered 503"), ("hang", "timed out"), ("portal", "no index"), ("broken", "no index")],
)
def test_an_index_that_does_not_answer(server, how, said):
    """Cases 36, 50: 503, a time-out, HTML or half of a JSON where an index should be is no proof of absence."""
    answer = asked(server, how, timeout_s=0.3, tries=1)
    assert answer.failed and not answer.files
    assert said in "".join(answer.asked.values())


def test_absence_is_told_from_failure(server):
    """Case 36: 404."""
    answer = asked(server, "absent")
    assert list(answer.asked.values()) == ["not there"] and not answer.failed


def test_the_first_index_that_has_it_counts_and_is_noted(server):
    """Case 49."""
    answer = asked(server, "absent", "good", "old")
    assert [file.index for file in answer.files] == [f"http://{server}/good/simple"]
    assert len(answer.asked) == 2


def test_credentials_are_used_and_never_written(server):
    """Case 49: not in the answer, and not carried to another host."""
    Index.authorised.clear()
    config = IndexConfig((f"http://me:s3cret@{server}/good/simple",))
    answer = ask({"thing": "1.0"}, config)["thing"]
    assert Index.authorised == ["Basic " + base64.b64encode(b"me:s3cret").decode()]
    assert "s3cret" not in repr(answer)


def test_a_folder_of_files_and_a_local_index(tmp_path):
    """Case 49: find-links, and an index by file: URL."""
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / WHEEL).write_text("")
    (tmp_path / "simple" / "thing").mkdir(parents=True)
    (tmp_path / "simple" / "thing" / "index.html").write_text(HTML)
    links = ask({"thing": "1.0"}, IndexConfig((), (str(tmp_path / "links"),)))["thing"]
    # nobody tells the hash of a file in a folder, and no lock goes without
    assert [(file.name, file.hashes) for file in links.files] == [(WHEEL, (f"sha256:{EMPTY}",))]
    local = ask({"thing": "1.0"}, IndexConfig((f"file://{tmp_path}/simple",)))["thing"]
    assert [file.hashes for file in local.files] == [("sha256:ab",)]


EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
SAME = [
    ("1.0-1", "1.0.post1"), ("2024.01.05", "2024.1.5"), ("1!2.0", "1!2.0"), ("v1.0", "1.0"),
    ("1.0.0.post1", "1.0.0.post1"), ("2.0rc1", "2.0rc1"), ("1.0+mine", "1.0"),
]  # fmt: skip


@pytest.mark.parametrize(("installed", "published"), SAME)
def test_versions_are_compared_as_installers_do(tmp_path, installed, published):
    """Case 40."""
    (tmp_path / f"thing-{published}-py3-none-any.whl").write_text("")
    answer = ask({"thing": installed}, IndexConfig((), (str(tmp_path),)))["thing"]
    assert len(answer.files) == 1


def test_nothing_is_asked_unless_told(tmp_path):
    """Case 50: without --index a manifest is made from what is installed alone."""
    import socket

    def refuse(*words):
        raise AssertionError("a manifest opened a socket")

    real, socket.socket.connect = socket.socket.connect, refuse
    try:
        assert thing(tmp_path).kind == "index"
    finally:
        socket.socket.connect = real


# -- configuration ------------------------------------------------------------------------------------------


def config_of(tmp_path, files, **environ):
    """The configuration that these files (below a home folder) and variables give."""
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    home = {"HOME": str(tmp_path), "XDG_CONFIG_DIRS": str(tmp_path / "xdg")}
    return read_config({**home, **environ}, str(tmp_path / "prefix"), str(tmp_path / "work"))


UV = 'index-url = "http://u/simple"\n'
PIP = "[global]\nindex-url = http://a/simple\nextra-index-url = http://b/simple\n    http://c/simple\n"


@pytest.mark.parametrize(
    ("files", "environ", "urls"),
    [
        ({".config/pip/pip.conf": PIP}, {}, "abc"),
        ({".config/pip/pip.conf": PIP}, {"PIP_INDEX_URL": "http://e/simple"}, "ebc"),
        ({"prefix/pip.conf": "[install]\nindex-url = http://p/simple\n", ".config/pip/pip.conf": PIP}, {}, "pbc"),
        ({".config/pip/pip.conf": PIP.replace("global", "install"), "prefix/pip.conf": PIP}, {}, "abc"),
        ({".config/pip/pip.conf": PIP}, {"PIP_NO_INDEX": "1"}, ""),
        ({".config/pip/pip.conf": PIP, "work/uv.toml": UV}, {}, "u"),
        ({"work/pyproject.toml": '[[tool.uv.index]]\nurl = "http://v/simple"\ndefault = true\n'}, {}, "v"),
        ({"work/uv.toml": UV}, {"UV_DEFAULT_INDEX": "http://w/simple"}, "w"),
        ({"work/uv.toml": UV}, {"UV_INDEX": "x=http://x/simple"}, "xu"),
        ({"work/uv.toml": 'index-url = "http://u/simple"\nno-index = true\n'}, {}, ""),
        ({"work/uv.toml": UV, ".config/pip/pip.conf": PIP}, {"UV_NO_CONFIG": "1"}, "abc"),
    ],
)  # fmt: skip
def test_whose_configuration_counts(tmp_path, files, environ, urls):
    """Case 51: pip's files and variables, uv's before pip's."""
    config = config_of(tmp_path, files, **environ)
    assert [url.split("/")[2] for url in config.urls] == list(urls)
    assert config.offline is (urls == "")


# -- what the answers do ------------------------------------------------------------------------------------


def made(tmp_path, name="thing", version="1.0", **options):
    site = tmp_path / "venv" / "lib" / "site-packages"
    install(site, name, version, [f"{name}.py"], **options)
    return manifest_of(ran(tmp_path, site, {name: site / f"{name}.py"}))


def thing(tmp_path, **options):
    return found(made(tmp_path, **options))["thing"]


def answered(tmp_path, *files, asked=None, target=None, environment=None, **options):
    """(requirement or None, undecided) after an index told of these files."""
    manifest = made(tmp_path, **options)
    if target is not None:
        manifest = replace(manifest, target=target)
    answer = Answer(tuple(files), asked or {"http://i/simple": "found"})
    after = with_answers(manifest, {manifest.requirements[0].name: answer}, environment)
    return next(iter(after.requirements), None), after.undecided


def file(name=WHEEL, **values):
    return IndexFile(name, f"http://i/{name}", ("sha256:ab",), index="http://i/simple", **values)


def test_the_index_is_recorded(tmp_path):
    """Case 49."""
    each, undecided = answered(tmp_path, file())
    assert (each.source.url, each.source.hashes) == ("http://i/simple", ("sha256:ab",))
    assert not undecided


def test_on_no_index(tmp_path):
    """Cases 36, 42: private, or deleted from the index: the indexes asked are named."""
    each, (undecided,) = answered(tmp_path, asked={"http://i/simple": "not there"})
    assert each.kind == "unresolved" and undecided.blocks
    assert "http://i/simple" in undecided.why and "ship it as files" in undecided.way_out


def test_an_index_that_is_down_decides_nothing(tmp_path):
    """Case 36."""
    each, (undecided,) = answered(tmp_path, asked={"http://i/simple": "it answered 503"})
    assert each.kind == "index" and not undecided.blocks and "could not be asked" in undecided.why


def test_another_distribution_of_the_same_name_and_version(tmp_path):
    """Case 37: the metadata of the index's file are not those that were installed."""
    from lazyimp.distributions import scan

    site = tmp_path / "venv" / "lib" / "site-packages"
    made(tmp_path)
    environment = scan([str(site)])
    manifest = manifest_of(ran(tmp_path, site, {"thing": site / "thing.py"}))
    answer = {"thing": Answer((file(metadata_sha256="00"),), {"http://i/simple": "found"})}
    after = with_answers(manifest, answer, environment)
    assert after.requirements[0].kind == "unresolved" and after.undecided[0].blocks
    assert "another one" in after.undecided[0].why


def test_yanked(tmp_path):
    """Case 41: allowed for an exact version, and told."""
    each, (undecided,) = answered(tmp_path, file(yanked="it lost data"))
    assert "yanked" in each.flags and not undecided.blocks and "it lost data" in undecided.why


def test_only_a_source(tmp_path):
    """Case 43."""
    each, (undecided,) = answered(tmp_path, file("thing-1.0.tar.gz"))
    assert "needs-build" in each.flags and not undecided.blocks


def linux(tmp_path, **changes):
    return changed(of_record(ran(tmp_path, tmp_path, {})), python="3.11.7", **changes)


def test_a_wheel_that_is_too_new_for_the_target(tmp_path):
    """Case 45: the C library is named."""
    target = linux(tmp_path, glibc="2.31")
    _, (undecided,) = answered(
        tmp_path, file("thing-1.0-cp311-cp311-manylinux_2_34_x86_64.whl"), target=target
    )
    assert undecided.blocks and "glibc 2.34" in undecided.why and "2.31" in undecided.why


TAGS = [
    ("46", "cp311-cp311-manylinux_2_17_aarch64", {"architecture": "aarch64", "glibc": "2.31"}, True),
    ("46", "cp311-cp311-manylinux_2_17_x86_64", {"architecture": "aarch64", "glibc": "2.31"}, False),
    ("46", "cp311-cp311-manylinux_2_17_x86_64", {"musl": "1.2"}, False),
    ("46", "cp311-cp311-musllinux_1_2_x86_64", {"musl": "1.2"}, True),
    ("47", "cp38-abi3-manylinux_2_17_x86_64", {"python": "3.12.1", "glibc": "2.31"}, True),
    ("47", "cp311-cp311-manylinux_2_17_x86_64", {"python": "3.12.1", "glibc": "2.31"}, False),
    ("48", "cp313-cp313-manylinux_2_17_x86_64", {"python": "3.13t", "glibc": "2.31"}, False),
    ("48", "cp313-cp313t-manylinux_2_17_x86_64", {"python": "3.13t", "glibc": "2.31"}, True),
    ("39", "cp311-cp311-macosx_11_0_arm64", {"system": "macos", "architecture": "arm64"}, True),
    ("44", "cp311-cp311-win_amd64", {"glibc": "2.31"}, False),
]  # fmt: skip


@pytest.mark.parametrize(("case", "tag", "changes", "fits"), TAGS)
def test_tags_are_those_of_the_target(tmp_path, case, tag, changes, fits):
    """Cases 39, 44, 46, 47, 48."""
    target = changed(linux(tmp_path), **{"architecture": "x86_64", "system": "linux", **changes})
    assert (accepts(target, [tag]) == "") is fits


def test_only_for_another_platform(tmp_path):
    """Case 44: left out with the reason where something else asks for it; the name it is asked for by is kept."""
    site = tmp_path / "venv" / "lib" / "site-packages"
    wheel = {"WHEEL": "Wheel-Version: 1.0\nTag: cp311-cp311-win_amd64\n"}
    install(site, "flow-intel", "2.0", ["flow/__init__.py"], extra=wheel)
    install(site, "flow", "2.0", [], requires=["flow-intel==2.0"])
    manifest = manifest_of(ran(tmp_path, site, {"flow": site / "flow/__init__.py"}), target=linux(tmp_path))
    known = found(manifest)
    assert set(known) == {"flow", "flow-intel"} and "other-platform" in known["flow-intel"].flags
    only = file("flow_intel-2.0-cp311-cp311-win_amd64.whl")
    after = with_answers(manifest, {"flow-intel": Answer((only,), {"http://i/simple": "found"})})
    assert [each.name for each in after.requirements] == ["flow"]
    assert any("left out" in each.why and not each.blocks for each in after.undecided)


@pytest.mark.parametrize("accelerator", ["cu126", "cpu", "mps", "auto"])
def test_the_accelerator_is_the_targets(tmp_path, accelerator):
    """Cases 38, 39: torch +cpu or without a local version is the index's, by its public version."""
    from lazyimp.manifest.outputs.lines import needs_backend

    manifest = made(tmp_path, "torch", "2.13.0+cpu")
    manifest = replace(manifest, target=replace(manifest.target, accelerator=accelerator))
    (torch,) = manifest.requirements
    assert (torch.kind, version_of(torch), pinned(torch)) == ("index", "2.13.0", "torch==2.13.0")
    assert needs_backend(manifest) == accelerator


def test_what_an_index_answered_is_no_question_any_more(tmp_path):
    """Installed for one machine, and the index has it for the target's."""
    wheel = {"WHEEL": "Tag: cp311-cp311-manylinux_2_28_x86_64\n"}
    manifest = made(tmp_path, extra=wheel)
    manifest = replace(manifest, target=changed(manifest.target, architecture="aarch64"))
    site = tmp_path / "venv" / "lib" / "site-packages"
    manifest = manifest_of(ran(tmp_path, site, {"thing": site / "thing.py"}), target=manifest.target)
    assert ["--index asks" in each.way_out for each in manifest.undecided] == [True]
    there = file("thing-1.0-cp311-cp311-manylinux_2_28_aarch64.whl")
    after = with_answers(manifest, {"thing": Answer((there,), {"http://i/simple": "found"})})
    assert not after.undecided and after.requirements[0].source.hashes
