"""A plan is a value: saved here, carried out later and from elsewhere, and not at all once its files have changed."""

import json
import os
import shutil

import pytest
import shipping
from shipping import PYTHON, record_program

lazyimp = shipping.lazyimp
MAIN = 'import helper, sys\nprint(helper.VALUE, sys.argv[1:], open("data.txt").read())\n'


@pytest.fixture
def recorded(tmp_path, run_python):
    """A program that was recorded."""
    files = {"main.py": MAIN, "helper.py": "VALUE = 41\n", "data.txt": "data"}
    return record_program(tmp_path, run_python, files, LAZYIMP_RECORD_FILES="1")


@pytest.fixture
def way(recorded):
    return ["ship", "--to", "local:../there", "--record", recorded, "--python", PYTHON, "--quiet"]


def test_a_saved_plan_runs_from_another_folder_and_nothing_is_left_to_say(lazyimp, way, tmp_path):
    words = [
        "--dry-run",
        "--secret",
        "TOKEN",
        "--save-plan",
        "../plan.json",
        "main.py",
        "{code}",
        "a b",
        "${X}",
    ]
    shown = lazyimp(*way, *words, TOKEN="hunter2")
    assert shown.returncode == 0, shown.stderr
    assert "secret TOKEN" in shown.stdout and "by hash" in shown.stdout
    assert "main.py '{code}' 'a b' '${X}'" in shown.stdout
    assert "hunter2" not in (tmp_path / "plan.json").read_text() + shown.stdout
    (tmp_path / "elsewhere").mkdir()
    done = lazyimp(
        "ship", "--plan", tmp_path / "plan.json", "--quiet", cwd=tmp_path / "elsewhere", TOKEN="hunter2"
    )
    assert (done.returncode, done.stdout) == (0, "41 ['{code}', 'a b', '${X}'] data\n"), done.stderr
    assert os.listdir(tmp_path / "elsewhere") == []
    (job,) = os.listdir(tmp_path / "there" / "jobs")
    again = lazyimp("job", "logs", job, cwd=tmp_path / "elsewhere")  # which host it is on is known there, too
    assert again.stdout == done.stdout, again.stderr
    other = lazyimp(
        "ship", "--plan", tmp_path / "plan.json", "--quiet", "--to", "local:../other", TOKEN="hunter2"
    )
    assert other.stdout == done.stdout and (tmp_path / "other" / "jobs").is_dir()


@pytest.mark.parametrize("change", ["another content", "gone"])
def test_a_plan_whose_files_changed_does_not_run(lazyimp, way, tmp_path, change):
    assert lazyimp(*way, "--dry-run", "--save-plan", "../plan.json", "main.py").returncode == 0
    helper = tmp_path / "project" / "helper.py"
    helper.unlink() if change == "gone" else helper.write_text("VALUE = 42\n")
    done = lazyimp("ship", "--plan", "../plan.json")
    assert done.returncode == 1 and "helper.py' is not what it was when the plan was made" in done.stderr
    assert os.listdir(tmp_path / "there" / "jobs") == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["ship", "--plan", "p", "main.py"], "a saved plan has its program; leave out 'main.py'"),
        (["ship", "--plan", "main.py"], "is no plan"),
        (["ship", "--plan", "p", "--env", "A=1"], "make it again with --env"),
        (["job", "run", "--to", "local:x", "--set", "A=1", "--", "true"], "name the file"),
        (["ship", "--to", "local:x", "--record", "r", "--manifest", "m", "main.py"], "keep one"),
        (["ship", "--to", "local:x", "--record", "none", "main.py"], "no file 'none'"),
        (["ship", "--to", "local:x", "--gpus", "-1", "main.py"], "from 0 on"),
        (["ship", "--to", "local:x", "--memory", "big", "main.py"], "--memory 'big' is no amount"),
        (["ship", "--to", "local:x", "--accelerator", "tpu", "main.py"], "unknown accelerator 'tpu'"),
        (["job", "run", "--to", "local:x", "--image", "x", "--lock", "l", "--", "true"], "keep one"),
    ],
)
def test_mistakes_are_one_line(lazyimp, tmp_path, words, told):
    (tmp_path / "project" / "main.py").write_text("")
    done = lazyimp(*words)
    assert done.returncode in (1, 2) and told in done.stderr and len(done.stderr.splitlines()) == 1, (
        done.stderr
    )


@pytest.mark.slow
def test_a_plan_of_an_older_lazyimp_is_read(lazyimp, way, tmp_path):
    plan = tmp_path / "plan.json"
    assert lazyimp(*way, "--dry-run", "--save-plan", plan, "main.py").returncode == 0
    data = json.loads(plan.read_text())
    data["version"] = 1
    del data["notes"]
    for name in ("arguments", "image", "resources", "output_limit_bytes"):
        del data["job"][name]
    for name in (
        "conda",
        "accelerated",
        "require_hashes",
        "accelerator",
        "exact_for",
        "exact_wheels",
        "platform",
    ):
        del data["environment"][name]
    plan.write_text(json.dumps(data))
    done = lazyimp("ship", "--plan", plan, "--quiet")
    assert (done.returncode, done.stdout) == (0, "41 [] data\n"), done.stderr
    plan.write_text(json.dumps({**data, "version": 3}))
    assert "has version 3" in lazyimp("ship", "--plan", plan).stderr


def test_job_runs_are_planned_too_and_flags_go_before_the_file(lazyimp, tmp_path):
    code = "import os, sys; print(sys.argv[1:], os.environ['A'], os.environ['B'], sorted(os.listdir('d')))"
    (tmp_path / "project" / "d").mkdir()
    (tmp_path / "project" / "d" / "x").write_text("1")
    (tmp_path / "project" / "job.toml").write_text(
        f"command = [{json.dumps(PYTHON)}, '-c', {json.dumps(code)}, '${{E}}', '{{work}}']\n"
        "to = 'local:there'\nvariables = {E = '1'}\nenv = {A = 'a', B = '${E}'}\ninputs = {d = 'd'}\n"
    )
    words = ["job", "run", "project/job.toml", "--set", "E=2", "--env", "A=z"]
    shown = lazyimp(*words, "--dry-run", "--save-plan", "plan.json", cwd=tmp_path)
    assert shown.returncode == 0 and "send   input d/x (1 B)" in shown.stdout, shown.stderr
    (tmp_path / "r.txt").write_text("idna>=3")
    other = lazyimp(*words, "--lock", "r.txt", "--python", "3.11", "--dry-run", cwd=tmp_path)
    assert "'idna>=3' is not exact" in other.stderr  # the flag's environment is the one that counts
    first = lazyimp(*words, "--quiet", cwd=tmp_path)
    for done in (first, lazyimp("ship", "--plan", tmp_path / "plan.json", "--quiet")):
        assert done.returncode == 0, done.stderr
        jobs = tmp_path / "project" / "there" / "jobs"
        assert done.stdout.startswith(f"['2', '{jobs}/") and done.stdout.endswith("/work'] z 2 ['x']\n")


@pytest.mark.slow
def test_a_job_takes_a_recorded_programs_environment_code_and_data(lazyimp, recorded, tmp_path):
    command = ["{python}", "-X", "lazyimp", "{code}/main.py", "${WORD}"]
    (tmp_path / "project" / "job.toml").write_text(
        f"command = {json.dumps(command)}\npython = {json.dumps(PYTHON)}\n"
        "to = 'local:../there'\nmanifest = '../record'\n"
        "variables = { WORD = 'a' }\nresources = { cpus = 1 }\n"
    )
    done = lazyimp("job", "run", "job.toml", "--quiet", "--set", "WORD=b c")
    assert (done.returncode, done.stdout) == (0, "41 ['b c'] data\n"), done.stderr
    text = (tmp_path / "project" / "job.toml").read_text()
    (tmp_path / "project" / "job.toml").write_text(text.replace('"-X", "lazyimp", ', ""))
    for more, is_on in (
        ((), True),
        (("--env", "LAZYIMP=0"), False),
    ):  # on in all its processes, unless it says no
        done = lazyimp("job", "run", "job.toml", *more)
        assert ("modules, in the program's process" in done.stderr, done.returncode) == (is_on, 0), (
            done.stderr
        )
    shutil.rmtree(tmp_path / "there" / "jobs")
    lazyimp("job", "run", "job.toml", "--detach")
    refused = lazyimp("job", "run", "job.toml", "--quiet", "--cpus", "100000")
    assert refused.returncode == 1 and "100000 processors cannot be had there" in refused.stderr
    assert len(os.listdir(tmp_path / "there" / "jobs")) == 1
