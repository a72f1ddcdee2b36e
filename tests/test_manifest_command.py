"""`lazyimp manifest`: what it prints and writes, its statuses, its mistakes in one line."""

import json
import subprocess
import sys

import pytest
from installed import install
from run import clean_environment

import lazyimp.manifest
from lazyimp.manifest.outputs import own


@pytest.fixture
def record(tmp_path, write, run_python):
    """The record of a program that uses one distribution and names another one."""
    site = tmp_path / "site-packages"
    install(site, "thing", "1.0", {"thing.py": "import base\nx = base.x\n"}, requires=["base"])
    install(site, "base", "2.0", {"base.py": "x = 1\n"})
    install(site, "later", "3.0", {"later.py": ""})
    write({"main.py": "import thing\nprint(thing.x)\ndef f():\n    import later\n"})
    path = tmp_path / "run.jsonl"
    run_python(
        tmp_path / "main.py", env={"LAZYIMP": "off", "LAZYIMP_RECORD": str(path), "LAZYIMP_RECORD_FILES": "1"}
    )
    return path


@pytest.fixture
def command(tmp_path):
    """Run `lazyimp manifest` with some words."""

    def run(*words, status=0):
        done = subprocess.run(
            [sys.executable, "-m", "lazyimp", "manifest", *map(str, words)],
            cwd=tmp_path,
            env={**clean_environment(), "COLUMNS": "80", "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == status, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    return run


def test_what_people_see(record, command):
    said = command(record).stdout
    assert said.splitlines()[0].startswith("2 of ")
    assert "thing " in said and "base " not in said.split("Local code")[0]
    assert "and 1 other that" in said or "and 1 others" not in said
    assert "later: main.py:4 imports later, but the run did not come by" in " ".join(said.split())
    assert all(len(line) <= 80 for line in said.splitlines())
    assert "base" in command(record, "-v").stdout


def test_strictness(record, command):
    assert "1 undecided" in command(record, "--strict", status=1).stderr
    command(record, "--strict", "--include-static")


def test_explained(record, command):
    said = command(record, "--explain", "Base").stdout
    assert "base 2.0" in said and "required by thing" in said and "thing.py:1" in said
    assert "in the lock, as a requirement of others" in said and "1 module of it was loaded" in said
    assert "did you mean 'thing'" in command(record, "--explain", "thingy", status=2).stderr


def test_written_and_compared(record, command, tmp_path):
    command(record, "-o", "m.toml")
    assert "is there already; --force writes over it" in command(record, "-o", "m.toml", status=2).stderr
    command(record, "-o", "m.toml", "--force")
    assert command("m.toml").stdout == command(record).stdout
    assert command(record, "--diff", "m.toml").stdout == "no difference\n"
    command(record, "--exclude", "base", "-o", "old.json")
    said = command(record, "--diff", "old.json", status=1).stdout
    assert said.split()[-5:] and "+ base" in " ".join(said.split())
    assert json.loads((tmp_path / "old.json").read_text())["format"] == own.FORMAT


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("requirements.txt", "# made by"),
        ("environment.yml", "name: main"),
        ("Dockerfile", "# syntax"),
        ("x.cdx.json", "{"),
    ],
)
def test_the_format_is_told_by_the_files_name(record, command, tmp_path, name, first):
    command(record, "-o", name)
    assert (tmp_path / name).read_text().startswith(first)


def test_a_bundle(record, command, tmp_path):
    command(record, "--bundle", "out")
    assert (tmp_path / "out" / "requirements.txt").read_text().count("==") == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["absent.jsonl"], "no file 'absent.jsonl'"),
        (["RECORD", "--format", "tomml"], "did you mean 'toml'"),
        (["RECORD", "--python", "three"], "'three' is no version"),
        (["RECORD", "--accelerator", "gpu"], "use cpu, auto, cu126"),
        (["RECORD", "--glibc", "2.31", "--musl", "1.2"], "name either --glibc or --musl"),
        (["RECORD", "--format", "docker", "--base", "a\nRUN b"], "'a\\nRUN b' is no image's name"),
        (["RECORD", "--include", "absent.txt"], "--include names no file 'absent.txt'"),
        (["."], "cannot read '.': Is a directory"),
        (["RECORD", "--extra-requirement", "nothing", "--bundle", "main.py"], "'main.py' is there already"),
    ],
)
def test_mistakes_are_one_line(record, command, words, said):
    done = command(*[str(record) if word == "RECORD" else word for word in words], status=2)
    assert said in done.stderr and done.stderr.count("\n") == 1


def test_compared_with_a_record(record, command):
    said = command(record, "--diff", record, status=1).stderr
    assert f"is a record, and no manifest; `lazyimp manifest {record} -o FILE` makes one" in said


def test_a_manifest_takes_no_options_of_its_making(record, command):
    command(record, "-o", "m.toml")
    words = ["--python", "3.12", "--minimal", "--exclude", "base"]
    said = command("m.toml", *words, status=2).stderr
    assert said.count("\n") == 1
    assert "'m.toml' is a manifest, made already; --exclude, --minimal, --python need the record" in said
    command("m.toml", "-v", "--format", "roots")


def test_what_a_word_did_not_do_is_said(record, command):
    assert (
        "--exclude bsae: nothing of that name is listed; did you mean 'base'?"
        in command(record, "--exclude", "bsae").stderr
    )
    assert not command(record, "--exclude", "Base").stderr
    said = command(record, "--format", "requirements", "--hashes").stderr
    assert "no hash is known of 2 (base, thing); --index asks for them" in said


def test_what_looks_like_a_secret_is_named_as_it_was_told(record, command, tmp_path):
    package = tmp_path / "pkg"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / ".env").write_text("A=1\n")
    (tmp_path / "main.py").write_text("import pkg\n")
    words = [sys.executable, "-m", "lazyimp", "profile", "main.py"]
    subprocess.run(words, cwd=tmp_path, env={**clean_environment(), "HOME": str(tmp_path)}, check=True)
    run = next((tmp_path / ".cache").rglob("record.jsonl"))
    told = command(run).stdout
    assert "pkg/.env: it looks like a secret" in told and "1 of them stops shipping" in told
    for name in ("pkg/.env", package / ".env"):
        assert "like a secret (" not in command(run, "--include", name).stdout
    command(run, "--include", "pkg/.env", "--bundle", "out")
    assert list((tmp_path / "out").rglob(".env"))


def test_what_is_no_record(command, tmp_path):
    (tmp_path / "odd.jsonl").write_text("odd\n")
    done = subprocess.run(
        [sys.executable, "-m", "lazyimp", "manifest", "odd.jsonl"],
        cwd=tmp_path, env=clean_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode in (1, 2) and "Traceback" not in done.stderr and "odd.jsonl" in done.stderr


def test_from_python(record):
    manifest = lazyimp.manifest.of(record, minimal=True)
    assert [each.name for each in manifest.roots()] == ["thing"]
    assert lazyimp.manifest.of(str(record), static=True).requirements != manifest.requirements


def test_another_target(record, command):
    said = command(record, "--python", "3.12", "--glibc", "2.31", "--accelerator", "cu126").stdout
    assert "Python 3.12" in said and "glibc 2.31" in said and "cu126" in said
    said = command(record, "--system", "windows").stdout
    assert "· windows x86_64 · cpu" in said or "· windows aarch64 · cpu" in said
