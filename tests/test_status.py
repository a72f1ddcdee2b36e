"""`lazyimp status`: what is active, and each setting with where its value comes from."""

import json

import pytest

TABLE = """
[tool.lazyimp]
mode = "deep"
eager = ["plugins"]
"""


@pytest.fixture
def status(run_python):
    """`lazyimp status ...` in the test's folder."""

    def run(*words, check=True, **more):
        return run_python("-m", "lazyimp", "status", *words, check=check, **more)

    return run


def settings(done):
    return {name: (row["value"], row["from"]) for name, row in json.loads(done.stdout)["settings"].items()}


def test_without_a_configuration_everything_is_the_default(status):
    found = settings(status("--json"))
    assert found["mode"] == ("safe", "default")
    assert found["on"] == (False, "default")
    assert {source for _, source in found.values()} == {"default"}


def test_the_file_comes_before_the_default_and_a_variable_before_the_file(status, write):
    write({"pyproject.toml": TABLE})
    found = settings(status("--json"))
    assert found["mode"] == ("deep", "pyproject.toml")
    assert found["eager"] == (["plugins"], "pyproject.toml")
    assert found["rare_gc"] == (True, "default")
    found = settings(status("--json", env={"LAZYIMP": "all", "LAZYIMP_STUBS": "torch._dynamo"}))
    assert found["mode"] == ("all", "LAZYIMP")
    assert found["stubs"] == (["torch._dynamo"], "LAZYIMP_STUBS")


def test_an_option_comes_before_a_variable(run_python):
    words = ("-X", "lazyimp=deep", "-m", "lazyimp", "status", "--json")
    done = run_python(*words, env={"LAZYIMP": "all"})
    assert settings(done)["mode"] == ("deep", "-X lazyimp")
    assert json.loads(done.stdout)["mode"] == "deep"


def test_a_programs_own_configuration_and_profile(status, write):
    write(
        {
            "pyproject.toml": TABLE,
            "app/main.py": "",
            "app/pyproject.toml": '[tool.lazyimp]\nmode = "safe"\n',
            "app/main.lazyimp.toml": '[profile]\nformat = "1"\npython = "2.7"\n',
            "app/other.lazyimp.toml": '[profile]\nformat = "1"\n',
        }
    )
    done = status("--json", "app/main.py")
    found = settings(done)
    assert found["mode"] == ("deep, and what the profile adds", "main.lazyimp.toml")
    assert found["profile"] == ("app/main.lazyimp.toml", "beside the program")
    assert found["configuration"] == ("app/pyproject.toml", "nearest")
    facts = json.loads(done.stdout)
    assert list(facts["profiles"]) == ["main.lazyimp.toml"]
    assert "was made with Python 2.7" in facts["profiles"]["main.lazyimp.toml"]


def test_budgets_alone_are_no_configuration_of_a_start(status, write):
    write({"pyproject.toml": '[[tool.lazyimp.budget]]\ntarget = "x"\n'})
    assert json.loads(status("--json").stdout)["configuration"] is None


def test_a_faulty_configuration_is_told_after_the_facts(status, write):
    write({"pyproject.toml": "[tool.lazyimp]\nmoed = 'deep'\n"})
    done = status(check=False)
    assert done.returncode == 1
    assert "configuration   ./pyproject.toml" in done.stdout
    assert "unknown key 'moed'; did you mean 'mode'?" in done.stderr
    done = status("--json", check=False)
    assert json.loads(done.stdout)["exit_code"] == 1


def test_a_configuration_that_is_not_there_is_one_line(status):
    done = status("--config", env={"LAZYIMP_CONFIG": "/nowhere/pyproject.toml"}, check=False)
    assert (done.returncode, done.stderr) == (
        1,
        "lazyimp: /nowhere/pyproject.toml: No such file or directory\n",
    )


def test_a_forced_core_is_said_to_be_forced(status, core):
    facts = json.loads(status("--json", env={"LAZYIMP_CORE": core}).stdout)
    assert (facts["core"], facts["core_reason"]) == (core, "as LAZYIMP_CORE says")


def test_text_fits_into_80_columns_without_colours(status, write):
    long = ", ".join(f'"a.very.long.name.of.module_{number}"' for number in range(9))
    write({"pyproject.toml": f"[tool.lazyimp]\neager = [{long}]\n"})
    for words in ((), ("--config",)):
        text = status(*words).stdout
        # a path is printed whole, so that it can be copied
        assert max(len(line) for line in text.splitlines() if ".pth" not in line) <= 80
        assert "\x1b" not in text
    assert "\x1b[1m" in status(env={"FORCE_COLOR": "1"}).stdout
    assert "\x1b" not in status(env={"FORCE_COLOR": "1", "NO_COLOR": "1"}).stdout


def test_a_program_that_is_not_there(status):
    done = status("nowhere.py", check=False)
    assert (done.returncode, done.stderr) == (2, "lazyimp: no script 'nowhere.py'; check the path\n")
