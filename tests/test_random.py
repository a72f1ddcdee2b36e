"""What a module draws while it is loaded late does not move the program's own random numbers."""

import pytest
from conftest import INSTALLED, cores

DRAWS = {
    "random": ("import random\n", "random.seed(1)\n", "[random.random(), random.gauss(0, 1)]"),
    "numpy": ("import numpy as np\n", "np.random.seed(1)\n", "[np.random.rand(), *np.random.randn(3)]"),
}


def program(imports, seed, draw):
    """Seeds, draws, loads `late`, draws again."""
    return f"{imports}import late\n{seed}print({draw})\nprint(late.x)\nprint({draw})\nprint({draw})\n"


@pytest.mark.parametrize("kind", DRAWS)
def test_numbers_stay_where_they_are(run_python, write, kind):
    if kind == "numpy":
        pytest.importorskip("numpy")
    imports, seed, draw = DRAWS[kind]
    main = write(
        {
            "main.py": program(imports, seed, draw),
            f"{INSTALLED}/late.py": f"{imports}{draw}\nx = 1\n",
            f"{INSTALLED}/late-1.0.dist-info/RECORD": "late.py,,\n",
        }
    )
    assert run_python(main, mode="safe").stdout == run_python(main).stdout


def test_memory_of_numpy_generator_is_read_only_when_it_is_what_we_think(run_python):
    pytest.importorskip("numpy")
    code = """
        import numpy as np, numpy.random
        from lazyimp import _random
        legacy = np.random.mtrand._rand
        np.random.seed(5)
        kept = _random.keep()
        first = np.random.rand(5), np.random.randn(3)
        _random.put_back(kept)
        again = np.random.rand(5), np.random.randn(3)
        assert all((a == b).all() for a, b in zip(first, again))
        np.random.set_state(np.random.RandomState(7).get_state())  # the program's own change is seen
        want = np.random.RandomState(7).rand(4)
        _random.put_back(_random.keep())
        assert (np.random.rand(4) == want).all()
        np.random.mtrand._rand = np.random.RandomState(np.random.PCG64(3))  # another kind of generator
        kept = _random.keep()
        one = np.random.mtrand._rand.rand()
        _random.put_back(kept)
        assert np.random.mtrand._rand.rand() == one
        print("same")
    """
    assert run_python(code).stdout == "same\n"


def test_memory_of_pythons_generator_is_read_only_when_it_is_what_we_think(run_python):
    code = """
        import random
        from lazyimp import _random
        def draws(): return [random.random(), random.gauss(0, 1), random.getrandbits(7), random.gauss(0, 1)]
        random.seed(5)
        for _ in range(700):  # past the end of the words that are drawn at once
            kept = _random.keep()
            first = draws()
            _random.put_back(kept)
            assert draws() == first
        random.gauss(0, 1)
        kept = _random.keep()
        one = random.gauss(0, 1)  # changes nothing but the number kept for the next call
        _random.put_back(kept)
        assert random.gauss(0, 1) == one
        random.setstate(random.Random(7).getstate())  # the program's own change is seen
        _random.put_back(_random.keep())
        assert random.random() == random.Random(7).random()
        class Other(random.Random):
            def getstate(self): return "state"
            def setstate(self, state): print("set", state)
        other = Other()
        random.getstate, random.setstate = other.getstate, other.setstate  # another kind of generator
        kept = _random.keep()
        _random.put_back(kept)
        print("same")
    """
    assert run_python(code).stdout == "same\n"


def test_a_generator_that_refuses_does_not_stop_the_others(run_python):
    code = """
        import random, sys, types
        from lazyimp import _random
        class Refuses:
            @property
            def default_generator(self):
                raise RuntimeError("in the middle of something")
        sys.modules["torch"] = Refuses()
        random.seed(2)
        kept = _random.keep()
        one = random.random()
        _random.put_back(kept)
        print(random.random() == one)
    """
    assert run_python(code).stdout == "True\n"


@pytest.mark.parametrize("function", ["keep_random", "put_back_random"])
def test_an_interrupt_in_our_own_code_reaches_the_program(run_python, write, function):
    """Ctrl-C while the states are kept or put back is not taken for a failure of ours."""
    program = f"""
        import late
        import lazyimp._armed as armed
        original = armed.{function}
        def interrupted(*args):
            armed.{function} = original
            raise KeyboardInterrupt
        armed.{function} = interrupted
        try:
            late.x
        except KeyboardInterrupt:
            print("interrupted")
        print(late.x)
    """
    main = write(
        {
            "main.py": program,
            f"{INSTALLED}/late.py": "x = 1\n",
            f"{INSTALLED}/late-1.0.dist-info/RECORD": "late.py,,\n",
        }
    )
    if cores()[0] != "c":
        pytest.skip("only core c asks these functions")
    assert run_python(main, mode="safe").stdout == "interrupted\n1\n"
