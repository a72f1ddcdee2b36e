"""`lazyimp migrate` as it is typed: lists, patches, filters and styles, in place or not."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from small_records import Small

IS_LAZY = sys.version_info >= (3, 15)

PROGRAM = {
    "main.py": "import heavy\nfrom other import value\nimport sys, look\n\ndef late():\n    return heavy.x + value\n\n"
    "if __name__ == '__main__':\n    print(look.at('heavy'), look.at('other'), late(), look.at('heavy'))\n",
    "look.py": "def at(name):\n    import sys\n    return name in sys.modules\n",
    "heavy.py": "x = 1\n",
    "other.py": "value = 2\n",
}


@pytest.fixture
def migrate(run_python):
    """`lazyimp migrate ...` in the test's folder."""

    def run(*words, check=True, **more):
        return run_python("-m", "lazyimp", "migrate", *words, check=check, **more)

    return run


def test_advice_is_written_as_editors_read_it(migrate, write):
    write(PROGRAM)
    done = migrate("--list", "main.py")
    assert done.stdout.splitlines() == [
        "main.py:1:1: LZ502 heavy: used in late alone",
        "main.py:2:1: LZ502 value from other: used in late alone",
        "main.py:3:1: LZ502 sys, look: used in the main block alone",
    ]


@pytest.mark.parametrize("style", ["lazy", "modules"])
def test_what_is_written_runs_and_is_lazy_where_it_can_be(migrate, write, run_python, style):
    main = write(PROGRAM)
    done = migrate("--write", "--style", style, ".")
    assert done.stderr == "written: ./main.py\n"
    if style == "lazy" and not IS_LAZY:
        text = main.read_text()
        assert text.count("lazy import") == 2 and "lazy from other" in text
        ast.parse(text.replace("lazy ", ""))
        return
    assert run_python(main).stdout == ("False False 3 True\n" if IS_LAZY else "True True 3 True\n")
    before = main.read_bytes()
    assert migrate("--write", "--style", style, ".").stderr == ""
    assert main.read_bytes() == before


def test_the_filter_makes_the_same_imports_lazy(migrate, write, run_python, tmp_path):
    main = write(PROGRAM)
    done = migrate("--emit-filter", "main.py")
    (tmp_path / "lazy_filter.py").write_text(done.stdout)
    main.write_text("import lazy_filter\nlazy_filter.install()\n" + main.read_text())
    assert run_python(main).stdout == ("False False 3 True\n" if IS_LAZY else "True True 3 True\n")


def test_ruff_takes_the_configuration(migrate, write, tmp_path):
    ruff = Path(sys.executable).with_name("ruff")
    if not ruff.exists():
        pytest.skip("ruff is not installed here")
    write(PROGRAM)
    (tmp_path / "ruff.toml").write_text(
        'target-version = "py315"\n' + migrate("--emit-ruff", ".").stdout.replace("[tool.ruff.lint", "[lint")
    )

    def found():
        done = subprocess.run(
            [ruff, "check", "--output-format", "concise", "."], cwd=tmp_path, capture_output=True, text=True
        )
        return [line for line in done.stdout.splitlines() if "TID25" in line]

    assert len(found()) == 3 and all("TID254" in line for line in found())
    migrate("--write", "--style", "lazy", ".")
    assert found() == []


def test_the_patch_can_be_applied(migrate, write, tmp_path):
    main = write({**PROGRAM, "last.py": "import heavy\ndef f(): return heavy"})
    (tmp_path / "last.py").write_bytes(b"import heavy\r\ndef f(): return heavy")
    done = subprocess.run(
        [sys.executable, "-m", "lazyimp", "migrate", "--diff", "."],
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    (tmp_path / "x.patch").write_bytes(done.stdout)
    subprocess.run(
        ["git", "apply", "--whitespace=nowarn", "x.patch"], cwd=tmp_path, check=True, capture_output=True
    )
    assert main.read_text().startswith("__lazy_modules__ = ")
    assert (tmp_path / "last.py").read_bytes() == (
        b'__lazy_modules__ = ["heavy"]\r\n\r\nimport heavy\r\ndef f(): return heavy'
    )


def test_the_projects_python_chooses_the_style(migrate, write):
    write({**PROGRAM, "pyproject.toml": "[project]\nrequires-python = '>=3.15'\n"})
    assert "LZ501" in migrate("--list", ".").stdout
    write({"pyproject.toml": "[project]\nrequires-python = '>=3.10'\n"})
    assert "LZ502" in migrate("--list", ".").stdout


def test_everything_at_once_and_json(migrate, write):
    write(PROGRAM)
    text = migrate(".").stdout
    assert "--- a/main.py\n+++ b/main.py\n" in text
    assert "3 can be lazy" in text and "by the code alone" in text
    whole = json.loads(migrate("--json", ".").stdout)
    (advice, *_) = next(each for each in whole["files"] if each["module"] == "main")["advice"]
    assert (whole["schema"], advice["code"], advice["targets"]) == ("lazyimp-migrate/1", "LZ502", ["heavy"])


def test_mode_bits_and_links_survive(migrate, write, tmp_path):
    main = write(PROGRAM)
    main.chmod(0o750)
    (tmp_path / "sub").mkdir()
    os.symlink(main, tmp_path / "sub" / "link.py")
    migrate("--write", "sub/link.py")
    assert (tmp_path / "sub" / "link.py").is_symlink()
    assert main.stat().st_mode & 0o777 == 0o750 and "__lazy_modules__" in main.read_text()
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere"], "no file or folder 'nowhere'; check the path"),
        (["--style", "lzy", "."], "unknown style 'lzy'; did you mean 'lazy'?"),
        ([], "the following arguments are required: PATH"),
        (["--record", "x", ".", "--", "main.py"], "a record or a program behind --, not both"),
        (["--record", "eager.jsonl", "."], "the record is of an eager run"),
    ],
)
def test_mistakes(migrate, write, tmp_path, words, said):
    write(PROGRAM)
    Small().write(tmp_path / "eager.jsonl")
    done = migrate(*words, check=False)
    assert (done.returncode, done.stdout) == (2, "") and said in done.stderr


def test_an_unreadable_file_does_not_stop_the_others(migrate, write):
    write({**PROGRAM, "broken.py": "def (:\n"})
    done = migrate("--list", ".")
    assert "lazyimp: ./broken.py: line 1: " in done.stderr
    assert "main.py:1:1: LZ502" in done.stdout
