"""Each output is taken by who it is for: uv, pip, packaging, conda, Docker, CycloneDX, Ray, SkyPilot, Modal."""

import ast
import json
import runpy
import subprocess
import sys
from dataclasses import replace

import pytest
from installed import install, manifest_of, ran

from lazyimp.manifest.index import Answer, IndexFile
from lazyimp.manifest.indexed import with_answers
from lazyimp.manifest.outputs import bundle, clouds, conda, docker, own, pylock, requirements, sbom

GIT = {"url": "https://host/r.git", "vcs_info": {"vcs": "git", "commit_id": "6c2e52" * 6 + "abcd"}}
ARCHIVE = {
    "url": "https://host/boxed-1.0-py3-none-any.whl",
    "archive_info": {"hashes": {"sha256": "cd" * 32}},
}


@pytest.fixture
def manifest(tmp_path):
    """Index, git, archive, local folder, a local script; torch for the CPU."""
    site = tmp_path / "venv" / "lib" / "site-packages"
    install(site, "Some.Thing", "1.0", ["thing.py"], requires=["torch", "extra[fast]"])
    install(site, "extra", "2.0", ["extra.py"], requires=["quick; extra == 'fast'"])
    install(site, "quick", "3.0", ["quick.py"])
    install(site, "torch", "2.13.0+cpu", ["torch/__init__.py"])
    install(site, "forked", "4.9.0", ["forked.py"], direct_url=GIT)
    install(site, "boxed", "1.0", ["boxed.py"], direct_url=ARCHIVE)
    install(site, "own", "0.1", ["own.py"], direct_url={"url": f"file://{tmp_path}/own", "dir_info": {}})
    modules = {name: site / f"{name}.py" for name in ("thing", "forked", "boxed", "own")}
    made = manifest_of(ran(tmp_path, site, modules))
    return replace(
        made, target=replace(made.target, python="3.11.7", abi="cp311", libc="glibc", libc_version="2.36")
    )


def files_of(manifest):
    """What an index could have said, for those that came from one."""
    known = {}
    for each in manifest.requirements:
        if each.kind == "index":
            version = each.version.partition("+")[0]
            name = f"{each.name.replace('-', '_')}-{version}-py3-none-any.whl"
            known[each.name] = [IndexFile(name, f"https://files/{name}", ("sha256:" + "ab" * 32,), 10)]
    return known


def test_requirements_are_parsed_by_packaging(manifest):
    from packaging.requirements import Requirement

    lines = [line for line in requirements.render(manifest).splitlines() if not line.startswith("#")]
    parsed = {Requirement(line).name.lower() for line in lines}
    assert parsed == {"some.thing", "extra", "quick", "torch", "forked", "boxed"}
    assert "torch==2.13.0" in lines
    assert any(line.startswith("boxed @ https://host/boxed-1.0") for line in lines)
    assert "# own 0.1: it travels as the files it was installed as" in requirements.render(manifest)
    short = requirements.render(manifest, roots_only=True)
    assert "Some.Thing==1.0" in short and "torch==" not in short


def test_pylock_is_taken_by_packaging(manifest):
    from packaging.pylock import Pylock

    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    text = pylock.render(manifest, files_of(manifest))
    lock = Pylock.from_dict(tomllib.loads(text))
    kinds = {package.name: package for package in lock.packages}
    assert set(kinds) == {"some-thing", "extra", "quick", "torch", "forked", "boxed", "own"}
    assert kinds["forked"].vcs.commit_id == GIT["vcs_info"]["commit_id"]
    assert kinds["own"].directory.path.endswith("/own")
    assert kinds["boxed"].archive.hashes == {"sha256": "cd" * 32}
    assert kinds["torch"].wheels[0].hashes == {"sha256": "ab" * 32}
    missing = pylock.unlocked(manifest, {})
    assert {each.name for each in missing} == {"some-thing", "extra", "quick", "torch"}


def test_hashes_are_written_where_an_index_told_them(manifest):
    answers = {name: Answer(tuple(files), {"i": "found"}) for name, files in files_of(manifest).items()}
    text = requirements.render(with_answers(manifest, answers), hashes=True)
    assert text.count("--hash=sha256:" + "ab" * 32) == 4


def test_own_format_comes_back_as_it_was(manifest, tmp_path):
    for name, text in (("m.toml", own.as_toml(manifest)), ("m.json", own.as_json(manifest))):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        assert own.read_manifest(str(path)) == manifest


def test_dockerfile(manifest):
    parse = pytest.importorskip("dockerfile_parse")
    from io import BytesIO

    parser = parse.DockerfileParser(fileobj=BytesIO())
    parser.content = docker.render(manifest, base="example/base:1")
    words = [each["instruction"] for each in parser.structure if each["instruction"] != "COMMENT"]
    assert words[:2] == ["ARG", "FROM"] and words[-1] == "CMD"
    assert parser.baseimage == "example/base:1"
    # what changes least comes first: the list is copied and installed before any code
    text = parser.content
    assert text.index("COPY requirements.txt") < text.index("uv pip install") < text.index('COPY ["code/')
    command = json.loads(parser.structure[-1]["value"])
    assert command[0] == "python" and command[1].startswith("/app/code/") and command[1].endswith("/main.py")


def test_conda_specs(manifest):
    rattler = pytest.importorskip("rattler")
    text = conda.render(manifest)
    lines = [line.strip()[2:].strip('"') for line in text.splitlines() if line.startswith("  - ")]
    specs = [line for line in lines if line and line != "pip:"]
    channels, packages = specs[:2], specs[2:]
    assert channels == ["conda-forge", "nodefaults"]
    assert [str(rattler.MatchSpec(each).name.normalized) for each in packages] == ["python", "pip"]
    assert '      - "Some.Thing==1.0"' in text.splitlines()


def test_conda_packages_with_builds(tmp_path):
    """A package of conda's is one of conda's there, too."""
    rattler = pytest.importorskip("rattler")
    from lazyimp.manifest.values import Requirement, Source

    site = tmp_path / "site-packages"
    install(site, "other", "1", ["other.py"])
    made = manifest_of(ran(tmp_path, site, {"other": site / "other.py"}))
    source = Source(channel="https://conda.anaconda.org/conda-forge/linux-64", build="py311h_0")
    one = Requirement("numpy", "2.0", "conda", True, ("observed",), "", source)
    text = conda.render(replace(made, requirements=(one, *made.requirements)), builds=True)
    (line,) = [line.strip()[2:].strip('"') for line in text.splitlines() if "numpy" in line]
    assert str(rattler.MatchSpec(line).build) in ("py311h_0", "Exact(py311h_0)")
    assert '  - "https://conda.anaconda.org/conda-forge"' in text.splitlines()


def test_bill_of_materials(manifest):
    pytest.importorskip("jsonschema")
    validation = pytest.importorskip("cyclonedx.validation.json")
    from cyclonedx.schema import SchemaVersion

    text = sbom.render(manifest)
    assert validation.JsonStrictValidator(SchemaVersion.V1_5).validate_str(text) is None
    assert text == sbom.render(manifest)
    data = json.loads(text)
    purls = {each["name"]: each["purl"] for each in data["components"]}
    assert purls["torch"] == "pkg:pypi/torch@2.13.0%2Bcpu"


def test_ray_runtime_env(manifest):
    """The keys and types that Ray's own check takes (ray.runtime_env.RuntimeEnv)."""
    value = json.loads(clouds.ray(manifest))
    assert set(value) <= {"uv", "working_dir", "py_modules", "env_vars", "config"}
    assert set(value["uv"]) <= {"packages", "uv_version", "uv_check", "uv_pip_install_options"}
    assert all(isinstance(each, str) for each in value["uv"]["packages"])
    assert all(isinstance(each, str) for pair in value["env_vars"].items() for each in pair)
    assert value["working_dir"] == "code"


def test_ray_takes_its_runtime_env(manifest, tmp_path, monkeypatch):
    """Ray's own validation, in the bundle's folder, which is where the working folder is."""
    ray = pytest.importorskip("ray.runtime_env")
    bundle.write(manifest, str(tmp_path / "bundle"))
    monkeypatch.chdir(tmp_path / "bundle")
    value = json.loads(clouds.ray(manifest))
    assert ray.RuntimeEnv(**value)["working_dir"] == value["working_dir"] == "code"
    assert all((tmp_path / "bundle" / "code" / each).is_dir() for each in paths_of(value["env_vars"]))


def paths_of(variables):
    return variables["PYTHONPATH"].split(":")


def test_modal_and_skypilot(manifest):
    tree = ast.parse(clouds.modal(manifest))
    assert [type(node).__name__ for node in tree.body] == ["Import", "Assign", "Assign"]
    text = clouds.skypilot(manifest)
    assert text.startswith("name: main\n") and "uv pip install --no-deps --torch-backend=cpu" in text
    shell = [line[2:] for line in text.split("setup: |\n")[1].split("run: |\n")[0].splitlines()]
    checked = subprocess.run(
        ["sh", "-n"], input="\n".join(shell), text=True, capture_output=True, check=False
    )
    assert checked.returncode == 0, checked.stderr


def test_modal_takes_its_app(manifest, tmp_path, monkeypatch):
    pytest.importorskip("modal")
    bundle.write(manifest, str(tmp_path / "bundle"), more={"app.py": clouds.modal(manifest)})
    monkeypatch.chdir(tmp_path / "bundle")
    assert runpy.run_path("app.py")["app"].name == "main"


def test_skypilot_s_task_is_yaml(manifest):
    """The keys and types of SkyPilot's task; nothing else is in it."""
    yaml = pytest.importorskip("yaml")
    task = yaml.safe_load(clouds.skypilot(manifest))
    assert set(task) == {"name", "workdir", "resources", "setup", "run"}
    assert all(isinstance(task[key], str) for key in ("name", "workdir", "setup", "run"))
    assert task["resources"] == {"cpus": "4+"}
    assert "torch==2.13.0\n" in task["setup"]


def test_programs_run_where_they_ran(manifest, tmp_path):
    """In the part that held the current folder, so that names relative to it mean the same there."""
    (part,) = [each for each in manifest.local if any(file.name == "main.py" for file in each.files)]
    made = replace(manifest, program={**manifest.program, "folder": part.root})
    assert f"WORKDIR /app/code/{part.name}\nCMD" in docker.render(made)
    assert f'.workdir("/root/{part.name}")\n    .add_local_dir' in clouds.modal(made)
    assert f"cd code/{part.name}\n  python main.py\n" in clouds.skypilot(made)
    away = replace(made, program={**made.program, "folder": str(tmp_path.parent)})
    assert docker.render(away).count("WORKDIR") == 1
    assert f"python code/{part.name}/main.py\n" in clouds.skypilot(away)
    tool = replace(made, program={"kind": "command", "name": "trl", "folder": ""})
    assert docker.render(tool).endswith('CMD ["trl"]\n') and clouds.skypilot(tool).endswith("\n  trl\n")
    empty = replace(made, program={**made.program, "folder": f"{part.root}/nothing/in/it"})
    assert docker.render(empty).count("WORKDIR") == 1


def test_bundle(manifest, tmp_path):
    from lazyimp.errors import UsageError

    folder = tmp_path / "bundle"
    bundle.write(manifest, str(folder))
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert {"manifest.toml", "requirements.txt", "Dockerfile", ".dockerignore"} < names
    assert "code/own/own.py" in names and any(name.endswith("/main.py") for name in names)
    assert own.read_manifest(str(folder / "manifest.toml")) == manifest
    with pytest.raises(UsageError, match="is there already"):
        bundle.write(manifest, str(folder))
    assert not list(tmp_path.glob(".lazyimp-*"))


# -- installers ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    """A folder of two wheels, one of which requires the other, and the environment they are installed in."""
    from real_installs import Lab

    lab = Lab(tmp_path_factory.mktemp("index"))
    low = lab.wheel(lab.project("low", {"low.py": "x = 1\n"}))
    high = lab.wheel(
        lab.project("high", {"high.py": "import low\nx = low.x\n"}, more='dependencies = ["low>=1"]')
    )
    links = lab.folder / "links"
    links.mkdir()
    for each in (low, high):
        each.rename(links / each.name)
    lab.install("--find-links", links, "high", "low")
    lab.made = lab.manifest({"main.py": "import high\nprint(high.x)\n"})
    lab.links = links
    return lab


def uv(*words, **options):
    done = subprocess.run(
        [sys.executable, "-m", "uv", *map(str, words)], capture_output=True, text=True, check=False, **options
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.mark.slow
def test_uv_takes_requirements(index, tmp_path):
    path = tmp_path / "requirements.txt"
    path.write_text(requirements.render(index.made))
    offline = ["--offline", "--no-index", "--find-links", index.links]
    said = uv(
        "pip", "compile", "-q", *offline, "--no-header", "--no-annotate", path, "--python", index.python
    )
    assert said.split() == ["high==1.0", "low==1.0"]
    said = uv(
        "pip", "sync", "--dry-run", *offline, path, "--target", tmp_path / "t", "--python", index.python
    )
    assert "+ high==1.0" in said and "+ low==1.0" in said


@pytest.mark.slow
def test_pip_takes_requirements_with_hashes(index, tmp_path):
    import hashlib

    files = {
        path.name.partition("-")[0]: IndexFile(
            path.name, path.as_uri(), ("sha256:" + hashlib.sha256(path.read_bytes()).hexdigest(),)
        )
        for path in index.links.iterdir()
    }
    known = with_answers(index.made, {name: Answer((file,), {"i": "found"}) for name, file in files.items()})
    path = tmp_path / "requirements.txt"
    path.write_text(requirements.render(known, hashes=True))
    words = ["install", "--dry-run", "--no-index", "--find-links", str(index.links), "--require-hashes"]
    words += ["--ignore-installed", "--target", str(tmp_path / "t"), "-r", str(path)]
    report = tmp_path / "report.json"
    words += ["--report", str(report)]  # what it prints depends on the user's settings
    done = subprocess.run([sys.executable, "-m", "pip", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    names = {each["metadata"]["name"] for each in json.loads(report.read_text())["install"]}
    assert names == {"high", "low"}


@pytest.mark.slow
def test_uv_takes_the_lock_and_installs_it(index, tmp_path):
    import hashlib

    files = {
        path.name.partition("-")[0]: [
            IndexFile(path.name, path.as_uri(), ("sha256:" + hashlib.sha256(path.read_bytes()).hexdigest(),))
        ]
        for path in index.links.iterdir()
    }
    path = tmp_path / "pylock.toml"
    path.write_text(pylock.render(index.made, files))
    uv("pip", "sync", "--offline", path, "--target", tmp_path / "t", "--python", index.python)
    assert {each.name for each in (tmp_path / "t").glob("*.py")} == {"high.py", "low.py"}


@pytest.mark.slow
def test_uv_takes_the_script_header(index, tmp_path):
    path = tmp_path / "program.py"
    path.write_text(clouds.script_header(index.made) + "import high\nprint('ran', high.x)\n")
    words = ["--offline", "--no-index", "--find-links", index.links, "--python", index.python]
    assert "ran 1" in uv("run", "-q", *words, path, cwd=tmp_path)
