"""The exception tree: what lazyimp raises on its own behalf; each kind's slug names its README paragraph."""


class LazyimpError(Exception):
    """Something lazyimp was asked to do cannot be done; `slug` names the README paragraph about it."""

    slug = "error"

    def __init__(self, message: str, *, slug: str | None = None) -> None:
        super().__init__(message)
        if slug is not None:
            self.slug = slug


class UsageError(LazyimpError):
    """A wrong mode, command, option or script name."""

    slug = "usage"


class ConfigError(LazyimpError):
    """A `[tool.lazyimp]` table that cannot be followed."""

    slug = "config"


class UnsupportedError(LazyimpError):
    """An interpreter, or a kind of interpreter, that lazyimp does not work in."""

    slug = "unsupported"


def unknown_word(kind: str, word: object, known: tuple[str, ...]) -> str:
    """A message for a word we do not know, with a suggestion where one is close."""
    import difflib  # only ever needed on the way to an error

    close = difflib.get_close_matches(str(word), known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"use {_listed(known)}"
    return f"unknown {kind} {word!r}; {hint}"


def _listed(words: tuple[str, ...]) -> str:
    """`a, b or c`."""
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))
