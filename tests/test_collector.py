"""Garbage is collected rarely while modules are imported; the program's own settings stay what they were."""

import pytest

RARE = 10_000


SHOW = "import gc; print('inside', gc.get_threshold()[0])\n"
USUAL = "import gc; print('usual', gc.get_threshold()[0])\n"


def lines(done):
    return done.stdout.split("\n")[:-1]


@pytest.fixture
def usual(run_python):
    """The threshold of an interpreter that nobody touched."""
    return int(run_python(USUAL).stdout.split()[1])


def test_only_while_a_module_is_imported(run_python, write, core, usual):
    main = write({"main.py": USUAL + "import inner\nprint(inner.x)\n" + USUAL, "inner.py": SHOW + "x = 1\n"})
    done = run_python(main, mode="safe", core=core)
    assert lines(done) == [f"usual {usual}", f"inside {RARE}", "1", f"usual {usual}"]


def test_late_and_nested_imports_too(run_python, write, core, usual):
    main = write(
        {
            "main.py": "def f():\n    import a\n    return a.x\nprint(f())\n" + USUAL,
            "a.py": "import b\n" + SHOW + "x = b.x\n",
            "b.py": SHOW + "x = 1\n",
        }
    )
    done = run_python(main, mode="safe", core=core)
    assert lines(done) == [f"inside {RARE}", f"inside {RARE}", "1", f"usual {usual}"]


@pytest.mark.parametrize(
    ("setting", "inside", "after"),
    [
        ("gc.set_threshold(50)", 50, 50),
        ("gc.set_threshold(0)", 0, 0),
        ("gc.set_threshold(123456)", 123456, 123456),
    ],
)
def test_a_setting_made_while_importing_stays(run_python, write, setting, inside, after):
    main = write(
        {"main.py": "import inner\ninner.x\n" + USUAL, "inner.py": f"import gc\n{setting}\n{SHOW}x = 1\n"}
    )
    done = run_python(main, mode="safe")
    assert lines(done) == [f"inside {inside}", f"usual {after}"]


@pytest.mark.parametrize("wish", [0, 20_000])
def test_who_turned_collections_off_or_made_them_rarer_is_left_alone(run_python, write, wish):
    program = f"import gc\ngc.set_threshold({wish})\nimport inner\ninner.x\n" + USUAL
    main = write({"main.py": program, "inner.py": SHOW + "x = 1\n"})
    assert lines(run_python(main, mode="safe")) == [f"inside {wish}", f"usual {wish}"]


def test_a_failing_import_puts_it_back(run_python, write, usual):
    program = "try:\n    import inner\nexcept ValueError as error:\n    print(error)\n" + USUAL
    main = write({"main.py": program, "inner.py": "raise ValueError('no')\n"})
    assert lines(run_python(main, mode="safe")) == ["no", f"usual {usual}"]


def test_a_failing_import_looks_as_it_does_eagerly(run_python, write, compare):
    main = write(
        {
            "main.py": "def f():\n    import inner\nf()\n",
            "inner.py": "import deeper\n",
            "deeper.py": "1 / 0\n",
        }
    )
    compare(run_python(main, check=False), run_python(main, mode="safe", check=False))


def test_not_in_mode_all_nor_where_configured_nor_after_disable(run_python, write, usual):
    main = write({"main.py": "import inner\ninner.x\n", "inner.py": SHOW + "x = 1\n"})
    assert lines(run_python(main, mode="all")) == [f"inside {usual}"]
    write({"pyproject.toml": "[tool.lazyimp]\nrare_gc = false\n"})
    assert lines(run_python(main, mode="safe")) == [f"inside {usual}"]
    (main.parent / "pyproject.toml").unlink()
    main.write_text("import lazyimp\nlazyimp.disable()\nimport inner\ninner.x\n")
    assert lines(run_python(main, mode="safe")) == [f"inside {usual}"]


def test_the_import_system_is_whole_again_after_disable(run_python):
    program = """
        import _frozen_importlib, lazyimp
        function = _frozen_importlib._find_and_load
        for _ in range(3):
            lazyimp.enable()
            assert _frozen_importlib._find_and_load is not function
            lazyimp.disable()
            assert _frozen_importlib._find_and_load is function
        print("whole")
    """
    assert lines(run_python(program)) == ["whole"]


def test_somebodys_wrapper_stays_and_works(run_python):
    program = """
        import _frozen_importlib, lazyimp
        lazyimp.enable()
        ours = _frozen_importlib._find_and_load
        calls = []
        def wrapper(*args, **kwargs):
            calls.append(args[0])
            return ours(*args, **kwargs)
        _frozen_importlib._find_and_load = wrapper
        lazyimp.disable()
        lazyimp.enable()
        assert _frozen_importlib._find_and_load is wrapper
        def load():
            import colorsys
        load()
        lazyimp.disable()
        print(calls.count("colorsys"))
    """
    assert lines(run_python(program)) == ["1"]
