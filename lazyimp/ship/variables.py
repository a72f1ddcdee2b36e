"""Variables of a job file: `${NAME}` in commands, paths, patterns and environment values; `$$` is a dollar sign."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from lazyimp.errors import unknown_word
from lazyimp.ship.errors import ShipError

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
USE = re.compile(r"\$\$|\$\{([^}]*)\}?")
DEEPEST = 10  # variables that name variables


def expand(text: str, variables: Mapping[str, str], secrets: Collection[str] = (), depth: int = 0) -> str:
    """`text` with every `${NAME}` replaced; raises ShipError for a name that is none, or a secret's."""
    if depth > DEEPEST:
        raise ShipError(f"{text!r}: its variables name each other in a circle")

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name is None:
            return "$"
        if not found[0].endswith("}"):
            raise ShipError(f"{text!r}: ${{ has no end; $${{ stands for itself")
        if name in secrets:
            raise ShipError(
                f"{text!r}: {name} is a secret, and command lines and paths can be seen; "
                "the job finds it in its environment"
            )
        if name not in variables:
            why = (
                unknown_word("variable", name, tuple(sorted(variables)))
                if variables
                else "there are no variables"
            )
            raise ShipError(f"{text!r}: {why}; $${{{name}}} is left to a shell there")
        return expand(variables[name], variables, secrets, depth + 1)

    return USE.sub(value, text)


def check_names(names: Collection[str], where: str) -> None:
    """Raise ShipError for a name that no variable can have."""
    for name in names:
        if "=" in name:  # what follows may be a secret
            raise ShipError(
                f"{where}: {name.partition('=')[0]!r} comes with a value; name it without its value"
            )
        if not NAME.fullmatch(name):
            raise ShipError(f"{where}: {name!r} is no name of a variable")
