"""What the body of an own module does beyond binding names, told from its code on every version."""

import textwrap

import pytest

lazyimp_c = pytest.importorskip("lazyimp_c")


def effect(source):
    return lazyimp_c.effects(compile(textwrap.dedent(source), "m.py", "exec"))[0]


@pytest.mark.parametrize(
    "decorated",
    [
        "@register\ndef thing(): pass",
        "@register\ndef thing(a=1, *, b: int = 2) -> int: pass",
        "@register('name')\ndef thing(): pass",
        "@registry.register\ndef thing(): pass",
        "@register\nclass Thing: pass",
        "@register\nclass Thing(Base): pass",
        "@register\nclass Thing(Base, metaclass=Meta): pass",
        "@register('name')\nclass Thing(Base):\n    x = f(1)",
        "@dataclass\n@register\nclass Thing: pass",
        "@register\n@dataclass\nclass Thing: pass",
        "@register\nasync def thing(): pass",
    ],
)
def test_a_decorator_may_register(decorated):
    assert effect(f"from x import register, registry, Base, dataclass, Meta\n{decorated}\n") == "decorates"


@pytest.mark.parametrize(
    "source",
    [
        "@dataclass\nclass Thing: pass",
        "@dataclass(frozen=True)\nclass Thing:\n    x: int = 0",
        "@functools.lru_cache(None)\ndef f(): pass",
        "class Thing(Base):\n    @property\n    def x(self): pass",
        "class Thing(make(3)): pass",
        "x = f(1)",
        "x = f(g(1))\ny = [f(g(a)) for a in (1, 2)]",
        "def f(x=g(1)): pass",
        "class A: pass\nx = f(g(1))",
        "if __name__ == '__main__':\n    main()",
    ],
)
def test_binding_names_is_no_effect(source):
    assert effect(source + "\n") is None


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("register(3)", "calls for an effect"),
        ("table['x'] = 1", "stores into other objects"),
        ("module.x = 1", "stores into other objects"),
        ("x = os.environ['HOME']", "reads what a program may change"),
    ],
)
def test_other_effects(source, said):
    assert effect(source + "\n") == said
