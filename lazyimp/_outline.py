"""What the body of an installed module does to other modules while it runs, told from its code and theirs.

HOT, loaded with the first import inside a distribution without a recipe whose code was not looked at before.
A decorator, a call, a base class or a metaclass counts when what it runs alters something that another module
holds; one that only marks what it is given does not. What cannot be told counts where its result is thrown
away.
"""

from lazyimp_c import outline

MUTATORS = frozenset(
    (
        *("add", "append", "appendleft", "clear", "connect", "discard", "extend", "insert", "pop", "popitem"),
        *("register", "remove", "setdefault", "subscribe", "update"),
    )
)
# Calls to other distributions and the standard library whose result is thrown away, and that change nothing.
INERT = frozenset(("logging", "typing", "typing_extensions", "builtins", "gettext"))
# What the last part of a foreign decorator's name says when it keeps what it decorates.
WORDS = ("register", "implements", "overload", "dispatch", "hook", "plugin", "subscribe", "listen", "route")
NO_WORDS = ("singledispatch", "singledispatchmethod")
# Distributions whose classes keep a table of those derived from them.
KEEPING = frozenset(
    ("django", "google", "luigi", "marshmallow", "mongoengine", "peewee", "sqlalchemy", "sqlmodel")
)
DEPTH = 8  # calls followed from a module's body
OUTSIDE, SELF = (
    "",
    "self",
)  # whose state changes: another distribution's, that of the object a method belongs to


class Module:
    """The names a module binds, and the events of its body; see lazyimp_c/outline.c."""

    def __init__(self, name, is_package, code):
        self.name = name
        self.package = name if is_package else name.rpartition(".")[0]
        self.code = code
        self.imports = {}  # bound name -> (module, attribute or None)
        self.stars = []
        self.statements = []  # (module, attributes or None, bound names)
        self.bound = {}  # name -> code, chain or None
        self.classes = {}  # code of a class -> (bases, metaclass or None)
        self.events = []
        self.reads = set()
        self._read(code, True)
        self.walks = mentions(code, "__subclasses__")

    def _read(self, code, top):
        events, reads = outline(code)
        self.reads |= reads
        made = None
        for event in events:
            kind, one, two, three = event
            if kind == "import" and top:
                self._note_import(one, two, three)
            elif kind == "bind" and top:
                if made is not None and made.co_name == one:
                    two = made  # decorated
                if self.bound.get(one) is None or two is not None:
                    self.bound[one] = two
            elif kind == "call" and one == "<class>" and type(two[0]) is type(code):
                metaclass = None
                bases = two[2:]
                if three and "metaclass" in three:
                    metaclass = two[len(two) - len(three) + three.index("metaclass")]
                self.classes[two[0]] = ([b for b in bases if type(b) is str], metaclass)
                self._read(two[0], False)
            if kind == "call":
                made = two[0] if len(two) == 1 and type(two[0]) is type(code) else made
            elif kind == "bind":
                made = None
        self.events += events

    def _note_import(self, where, attributes, names):
        level, is_from, written = where
        target = written
        if level:
            base = self.package.rsplit(".", level - 1)[0]
            target = f"{base}.{written}" if written else base
        if is_from is True:
            self.stars.append(target)
            self.statements.append((target, ("*",), ()))
        elif is_from is None:
            self.statements.append((target, None, names))
            for attribute, name in zip(attributes, names, strict=False):
                self.imports[name] = (target if attribute else target.partition(".")[0], None)
        else:
            self.statements.append((target, attributes, names))
            for attribute, name in zip(attributes, names, strict=False):
                self.imports[name] = (target, attribute)


def mentions(code, name):
    """The code, or code inside it, has the name of a variable or an attribute."""
    return name in code.co_names or any(mentions(c, name) for c in code.co_consts if type(c) is type(code))


def functions_in(code):
    return [each for each in code.co_consts if type(each) is type(code)]


def _binds(module, name):
    return name in module.bound or name in module.imports or bool(module.stars)


def split(chain):
    """The first name of a chain, and the rest."""
    for at, letter in enumerate(chain):
        if letter in ".([":
            return chain[:at], chain[at:]
    return chain, ""


class Judge:
    """Follows names through the modules of one distribution; `look(name)` gives a Module or None."""

    def __init__(self, look, exists, inside):
        self.look, self.exists, self.inside = look, exists, inside
        self._outlines = {}  # code -> events
        self._defined = {}  # id of a class's code -> its module's name; modules keep the code

    def effect(self, module):
        """What the module's body changes elsewhere, in words, or None."""
        last = module.name.rpartition(".")[2]
        if last.endswith(("_pb2", "_pb2_grpc")):
            return "puts descriptors into a pool"
        for home in self._changes(module, module.events, None, set(), 0):
            if home != module.name and home != SELF:
                return f"changes what {home} holds" if home else "changes what other distributions hold"
        return None

    # -- names -----------------------------------------------------------------------------------------------

    def resolve(self, module, chain, depth=0):
        """(kind, module's name, code or dotted name, rest) of what a chain of names leads to."""
        root, rest = split(chain)
        if not root or root[0] in "%^<" or depth > DEPTH:
            return "local", "", root, rest
        if root in module.imports:
            target, attribute = module.imports[root]
            if not self.inside(target):
                return "outside", "", f"{target}.{attribute}" if attribute else target, rest
            return (
                self._member(target, attribute, rest, depth) if attribute else self._in(target, rest, depth)
            )
        if root in module.bound:
            value = module.bound[root]
            if type(value) is str and split(value)[0] != root:
                found = self.resolve(module, value + rest, depth + 1)
                if "(" in value and found[0] != "outside":
                    return (found[0], module.name, *found[2:])  # an object made here
                if "(" in value and found[2].partition(".")[0] not in INERT:
                    return "instance", module.name, root, rest
                return found
            if value is None or type(value) is str:
                return "instance", module.name, root, rest
            if value not in module.classes:
                return "function", module.name, value, rest
            self._defined[id(value)] = module.name
            return "class", module.name, value, rest
        for star in module.stars:
            other = self.look(star) if self.inside(star) else None
            if other is not None and _binds(other, root):
                found = self.resolve(other, chain, depth + 1)
                if found[0] != "builtin":
                    return found
        return "builtin", "", root, rest

    def _in(self, target, rest, depth):
        if not rest.startswith("."):
            return "module", target, target, rest
        name, rest = split(rest[1:])
        return self._member(target, name, rest, depth)

    def _member(self, target, attribute, rest, depth):
        module = self.look(target)
        itself = module is not None and module.imports.get(attribute) == (target, attribute)
        if module is not None and not itself and _binds(module, attribute):
            found = self.resolve(module, attribute + rest, depth + 1)
            if found[0] != "builtin":
                return found
        if self.exists(f"{target}.{attribute}"):
            return self._in(f"{target}.{attribute}", rest, depth + 1)
        return "instance", target, attribute, rest

    def _home(self, module, chain, me):
        """Whose state a store into `chain` changes; None: nobody's that lasts."""
        if type(chain) is not str or "(" in chain:
            return None
        root = split(chain)[0]
        if root[0] in "%^":
            return SELF if me is not None and root[1:] == me[0] and (me[1] or "." in chain) else None
        kind, home, _, _ = self.resolve(module, chain)
        if kind == "outside":
            return OUTSIDE
        return None if kind in ("builtin", "local") else home

    # -- what events change ----------------------------------------------------------------------------------

    def _changes(self, module, events, me, seen, depth):
        """Homes of the state that events change. `me` is (name of self, whether its own attributes count)."""
        for at, (kind, one, two, three) in enumerate(events):
            home = None
            if kind == "attr" or (
                kind == "item" and not (two == "__name__" and str(one).endswith("modules"))
            ):
                home = self._home(module, one, me)
            elif kind == "global" and depth:
                home = module.name
            elif kind == "call" and type(one) is str:
                after = events[at + 1] if at + 1 < len(events) else ("",)
                dropped = after[0] == "drop" and after[1] == f"{one}()"
                yield from self._called(module, one, two, three, dropped, me, seen, depth)
            if home is not None:
                yield home

    def _called(self, module, callee, args, keywords, dropped, me, seen, depth):
        if callee == "<class>":
            bases, metaclass = module.classes.get(args[0], ((), None))
            for base in bases:
                yield from self._derived(module, base, base == metaclass, seen, depth)
            return
        if callee in ("setattr", "delattr") and args:
            home = self._home(module, args[0], me)
            if home is not None and not (home == SELF and not me[1]):
                yield home
            return
        decorates = any(type(each) is type(module.code) for each in args)
        kind, home, what, rest = self.resolve(module, callee)
        method = rest.rstrip("()").rpartition(".")[2]
        if kind == "local":
            if (
                me is not None
                and what[1:] == me[0]
                and (method in MUTATORS or (dropped and rest.count(".") > 1))
            ):
                yield SELF
        elif kind == "outside":
            name = f"{what}{rest}"
            if dropped and name.partition(".")[0] not in INERT:
                yield OUTSIDE
            elif decorates and not name.startswith(("typing", "functools")):
                last = name.rstrip("()").rpartition(".")[2]
                if last not in NO_WORDS and any(word in last for word in WORDS):
                    yield OUTSIDE
        elif kind == "function":
            if "." in rest or "[" in rest:
                if dropped or decorates:
                    yield home
            else:
                yield from self._runs(home, what, rest.count("()"), None, seen, depth)
        elif kind == "class":
            # an object made on the spot holds nothing that lasts; one that has a name does
            lasts = not rest.startswith("()") or rest.count("()") > callee.count("()")
            yield from self._made_or_asked(home, what, rest, dropped or decorates, seen, depth, lasts)
        elif kind == "instance" and (dropped or decorates or method in MUTATORS):
            yield home

    def _runs(self, name, code, levels, me, seen, depth):
        """What the body of a function changes, and `levels` of the functions it makes and gives back."""
        if depth > DEPTH or (code, levels, me) in seen:
            return
        seen.add((code, levels, me))
        module = self.look(name)
        if module is None:
            return
        events = self._outlines.get(code)
        if events is None:
            events = self._outlines[code] = outline(code)[0]
        yield from self._changes(module, events, me, seen, depth + 1)
        if levels:
            for each in functions_in(code):
                yield from self._runs(name, each, levels - 1, me, seen, depth)

    def _method(self, name, code, method, depth=0):
        """(module's name, code) of a method, looked for in the class and in those it derives from."""
        for each in functions_in(code):
            if each.co_name == method:
                return name, each
        module = self.look(name)
        for base in module.classes.get(code, ((), None))[0] if module is not None and depth < DEPTH else ():
            kind, home, what, rest = self.resolve(module, base)
            if kind == "class" and not rest:
                found = self._method(home, what, method, depth + 1)
                if found is not None:
                    return found
        return None

    def _made_or_asked(self, home, code, rest, matters, seen, depth, lasts):
        """`Class(...)`, `Class.method(...)`, `Class(...).method(...)`, `instance(...)`."""
        defined = self._defined.get(id(code), home)  # an instance's home may be another module
        calls = rest.startswith("()")
        path = rest[2:] if calls else rest
        name = path.strip(".").partition("(")[0]
        if not path and not calls:
            for method in ("__init__", "__new__"):
                yield from self._asked(defined, home, code, method, 0, False, seen, depth, own=False)
        elif "." in name or "[" in name:
            if matters or name.rpartition(".")[2] in MUTATORS:
                yield home
        else:
            levels = path.count("()")
            matters = matters and lasts
            yield from self._asked(
                defined, home, code, name or "__call__", levels, matters, seen, depth, own=lasts
            )

    def _asked(self, defined, home, code, method, levels, matters, seen, depth, own=True):
        found = self._method(defined, code, method)
        if found is None:
            if matters:
                yield home
            return
        where, body = found
        me = (body.co_varnames[0] if body.co_varnames else "", own)
        for change in self._runs(where, body, levels, me, seen, depth):
            if change != SELF:
                yield change
            elif own:
                yield home

    def _derived(self, module, base, is_metaclass, seen, depth):
        """What making a class out of `base`, a class or a metaclass, changes."""
        kind, home, what, rest = self.resolve(module, base)
        if kind == "outside":
            if what.partition(".")[0] in KEEPING:
                yield OUTSIDE
            return
        if kind == "instance" or (rest and kind in ("class", "function")):
            return
        if kind != "class" or depth > DEPTH or (what, is_metaclass, "derived") in seen:
            return
        seen.add((what, is_metaclass, "derived"))
        theirs = self.look(home)
        if theirs is None:
            return
        if theirs.walks and not is_metaclass:
            yield home
        for hook in ("__init__", "__new__") if is_metaclass else ("__init_subclass__",):
            for each in functions_in(what):
                if each.co_name == hook:
                    me = (each.co_varnames[0] if each.co_varnames else "", False)
                    for change in self._runs(home, each, 0, me, seen, depth + 1):
                        yield home if change == SELF else change
        bases, metaclass = theirs.classes.get(what, ((), None))
        for each in bases:
            yield from self._derived(theirs, each, is_metaclass or each == metaclass, seen, depth + 1)
