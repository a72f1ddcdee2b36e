"""What core `py` reads from bytecode: an import statement's names, whether it stands in a try, who reads what it binds.

HOT, loaded with the first import that core `py` has to decide.
"""

_OPEN_BLOCK_310 = (122, 143)  # SETUP_FINALLY, SETUP_WITH
_JUMP_FORWARD_310 = 110


def _operations(source):
    return set(compile(source, "?", "exec", dont_inherit=True).co_code[::2])


class Bytecode:
    """The few opcodes that tell import statements apart, found by compiling small programs."""

    def __init__(self):
        rest = _operations("a = 0")
        self.load = min(_operations("a = b") - rest, default=-1)
        plain = compile("import a", "?", "exec", dont_inherit=True).co_code
        self.imports = min(_operations("import a") - rest, default=-1)
        self.stores = plain[plain[::2].index(self.imports) * 2 + 2] if self.imports >= 0 else -1
        named = compile("from a import b", "?", "exec", dont_inherit=True)
        at = named.co_code[::2].index(self.imports) * 2
        self.names = named.co_code[at - 2]
        self.takes = named.co_code[at + 2]
        wide = compile("\n".join(f"a{i}" for i in range(300)), "?", "exec", dont_inherit=True)
        more = set(wide.co_code[::2]) - _operations("a\nb")
        self.extended = min(more, default=-1)

    def argument(self, code, at):
        """Return the argument of the instruction at `at`, with its extensions."""
        value, shift = code[at + 1], 8
        while at >= 2 and code[at - 2] == self.extended:
            at -= 2
            value |= code[at + 1] << shift
            shift += 8
        return value, at

    def statement(self, code, at):
        """Return (from-names or None, bound name or None) of the IMPORT_NAME at `at`, or None."""
        raw = code.co_code
        if at < 2 or raw[at] != self.imports:
            return None
        names = bound = None
        _, start = self.argument(raw, at)
        if raw[start - 2] == self.names:
            index, _ = self.argument(raw, start - 2)
            names = code.co_consts[index] if index < len(code.co_consts) else None
        follow = self._behind(raw, at)
        if raw[follow] == self.stores:
            bound = code.co_names[self.argument(raw, follow)[0]]
        return names, bound

    def bound_by_from(self, code, at, attribute):
        """Return what the `from` at `at` binds `attribute` to, or None."""
        raw, last = code.co_code, None
        follow = self._behind(raw, at)
        while raw[follow] == self.takes or raw[follow] == self.stores:
            word = code.co_names[self.argument(raw, follow)[0]]
            if raw[follow] == self.stores and last == attribute:
                return word
            last = word
            follow = self._behind(raw, follow)
        return None

    def _behind(self, raw, at):
        """Where the instruction behind the one at `at` is, past its caches and the next one's extensions."""
        follow = at + 2
        while raw[follow] == self.extended or (raw[follow] == 0 and follow + 2 < len(raw)):
            follow += 2
        return follow

    def protected(self, code, at):
        """Whether the instruction at `at` stands in a try or with statement."""
        table = getattr(code, "co_exceptiontable", None)
        if table is None:
            return self._in_block(code.co_code, at)
        numbers, value = [], 0
        for byte in table:
            value = (value << 6) | (byte & 63)
            if not byte & 64:
                numbers.append(value)
                value = 0
        spans = zip(numbers[::4], numbers[1::4])  # noqa: B905  3.11 to 3.15 always write four numbers
        return any(start * 2 <= at < (start + length) * 2 for start, length in spans)

    def _in_block(self, raw, at):
        """The same for 3.10, from the instructions that open blocks."""
        for i in range(0, at, 2):
            if raw[i] in _OPEN_BLOCK_310:
                handler = i + 2 + 2 * self.argument(raw, i)[0]
                end = handler
                if raw[handler - 2] == _JUMP_FORWARD_310:
                    end += 2 * self.argument(raw, handler - 2)[0]
                if at < end:
                    return True
        return False

    def reads(self, code, name):
        """Whether module code `code`, or code inside it, mentions `name` other than by storing it."""
        for each in code.co_consts:
            if isinstance(each, type(code)) and self._mentions(each, name):
                return True
        index = code.co_names.index(name)
        raw, wanted = code.co_code, bytes((self.load, index & 255))
        at = raw.find(wanted)
        while at >= 0:
            if not at & 1 and self.argument(raw, at)[0] == index:
                return True
            at = raw.find(wanted, at + 1)
        return False

    def finalizer_reads(self, code, name):
        """Whether a `__del__` inside `code` mentions `name`: at shutdown it is too late to import."""
        for each in code.co_consts:
            if isinstance(each, type(code)) and (
                self._mentions(each, name) if each.co_name == "__del__" else self.finalizer_reads(each, name)
            ):
                return True
        return False

    def defines_finder(self, code):
        """Whether `code` defines a meta-path finder: what that uses must not wait for an import."""
        return any(
            isinstance(each, type(code)) and (each.co_name == "find_spec" or self.defines_finder(each))
            for each in code.co_consts
        )

    def _mentions(self, code, name):
        return name in code.co_names or any(
            isinstance(each, type(code)) and self._mentions(each, name) for each in code.co_consts
        )
