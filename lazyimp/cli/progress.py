"""What a command that runs a program many times shows meanwhile: one line that changes, or plain lines."""

import sys


class Progress:
    """Tells on stderr what is going on; on a terminal each line takes the place of the last."""

    def __init__(self, command: str, only_on_terminal: bool = False) -> None:
        self._command = command
        self._is_silent = only_on_terminal and not sys.stderr.isatty()
        self._is_terminal = sys.stderr.isatty()
        self._last = ""

    def __call__(self, text: str) -> None:
        """Show the text."""
        if text == self._last or self._is_silent:
            return
        self._last = text
        if self._is_terminal:
            print(f"\r\x1b[K{self._command}: {text}"[:200], end="", file=sys.stderr, flush=True)
        else:
            print(f"{self._command}: {text}", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Leave a clean line for what follows."""
        if self._is_terminal and self._last:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def split_options(words: list[str], with_value: tuple[str, ...]) -> int:
    """How many words are options in front of the program's own; `--` is one of ours."""
    place = 0
    while place < len(words):
        word = words[place]
        if word == "--":
            return place
        if not word.startswith("-") or word.startswith(("-m", "-c")) or word == "-":
            break
        place += 2 if word in with_value else 1
    return min(place, len(words))


def program_words(rest: list[str]) -> list[str]:
    """The program's words, without the `--` in front of them."""
    return rest[1:] if rest[:1] == ["--"] else rest
