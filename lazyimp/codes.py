"""Message codes: what each means and what to do about it; `lazyimp explain LZ203` prints these.

LZ1xx: lazyimp is on, off, or cannot be. LZ2xx: an import runs where it stands, because. LZ3xx: something came
late. LZ4xx: a start-up budget. LZ5xx: what `lazyimp migrate` advises. A code keeps its meaning for good.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

PATTERN = re.compile(r"LZ[1-9]\d\d", re.IGNORECASE)


@dataclass(frozen=True)
class Code:
    """One code: a title, a paragraph that says why, and what to do; `slug` is the error's, where it has one."""

    code: str
    title: str
    text: str
    way_out: str
    slug: str = ""


def find(word: str) -> Code | None:
    """The code that `word` names, as a code in any case or as a slug; None where there is none."""
    return BY_CODE.get(word.upper()) or next((each for each in CODES if word and each.slug == word), None)


def looks_like_code(word: str) -> bool:
    """Whether `word` means a code and no module: LZ203."""
    return PATTERN.fullmatch(word) is not None


def of_reason(reason: str) -> str:
    """The code of a reason the policy gave for an eager import; "" for one it does not know."""
    return next((code for pattern, code in REASONS if pattern.search(reason)), "")


CODES = (
    Code(
        "LZ101",
        "a mode that is none of ours",
        "Modes are safe, deep, all, and 0 for off. The program runs eagerly.",
        'Write -X lazyimp=safe (or deep, all, 0), LAZYIMP=safe, or mode = "safe" under [tool.lazyimp].',
        "unknown-mode",
    ),
    Code(
        "LZ102",
        "an unknown command, option or core, or a program that is not there",
        "The line that came with it names the word and the nearest known one.",
        "`lazyimp --help` lists the commands, `lazyimp COMMAND --help` the options.",
        "usage",
    ),
    Code(
        "LZ103",
        "[tool.lazyimp] cannot be followed",
        "The table has an unknown key, a value of the wrong kind, or its file is not TOML. All faults are named "
        "together, with the nearest known key. The program runs eagerly meanwhile.",
        "Mend the line that is named; `lazyimp status --config` shows what is in force and from where.",
        "config",
    ),
    Code(
        "LZ104",
        "a tuned profile is not used",
        "NAME.lazyimp.toml was made with other versions of Python, lazyimp or a distribution than the ones here, "
        "or it is damaged. What was verified then is not known to hold now, so the program runs in mode safe.",
        "`lazyimp tune PROGRAM` makes it anew; LAZYIMP_PROFILE=0 goes without.",
        "profile",
    ),
    Code(
        "LZ105",
        "this interpreter is not supported",
        "lazyimp works in CPython 3.10 to 3.15 with the GIL, in the main interpreter. Elsewhere imports stay eager.",
        "Use the ordinary build of CPython; in a subinterpreter nothing has to be done.",
        "unsupported",
    ),
    Code(
        "LZ106",
        "the start-up file is not read",
        "-X lazyimp and LAZYIMP work through lazyimp.pth in site-packages, which the interpreter reads when it "
        "starts. It is missing, outdated, or this interpreter skips it (-S; with -E or -I it ignores LAZYIMP).",
        "Install lazyimp into this environment, or start programs with `lazyimp run`, which needs no such file.",
    ),
    Code(
        "LZ107",
        "the extension is missing",
        "Without lazyimp_c only core py is left: it defers plain `import x`, while `from x import y` loads x.",
        "Install again where a C compiler is found, or a wheel for this Python; unset LAZYIMP_NO_EXTENSION.",
    ),
    Code(
        "LZ108",
        "imports are not deferred although lazyimp is on",
        "A child interpreter was asked to defer an import and ran it at once, so something in this environment "
        "undoes it: another import hook, a configuration that keeps everything eager, or a fault of ours.",
        "`LAZYIMP_DEBUG=1 python -X lazyimp -c pass` prints faults of ours; see the hooks that doctor lists.",
    ),
    Code(
        "LZ109",
        "the recipes were never built",
        "Mode deep opens a distribution by its recipe, and this checkout has no compiled recipes.",
        "python build_backend/recipes.py, or install lazyimp.",
    ),
    Code(
        "LZ201",
        "inside a function or class",
        "Only statements of a module's own body are deferred. In a function they run when it is called, which is "
        "as late as can be; in a class body they run at once.",
        "Nothing, for a function. Move an import out of a class body to the top of the module.",
    ),
    Code(
        "LZ202",
        "import *",
        "Which names it binds is known only when the module has run.",
        "Name what you need: from x import a, b.",
    ),
    Code(
        "LZ203",
        "inside try or with",
        "Somebody waits for the outcome of the import, so whether it fails has to be known there. PEP 810 refuses "
        "`lazy` inside try for the same reason. A plain `import x` of an installed distribution still gets a "
        "proxy: x was found, and runs at its first use.",
        "Where the module is always there, drop the try. `lazyimp tune` opens the ones it saw succeed.",
    ),
    Code(
        "LZ204",
        "[tool.lazyimp] eager names it",
        "A pattern of yours keeps the import where it stands, against every rule of ours.",
        "`lazyimp include PATTERN` takes the pattern out.",
    ),
    Code(
        "LZ205",
        "the tuned profile keeps it",
        "`lazyimp tune` saw the program come to something else when this import was late.",
        "`lazyimp tune` again after a change of the program or its distributions.",
    ),
    Code(
        "LZ206",
        "the recipe of its distribution keeps it",
        "The recipe has a row for this import, with its reason: a registry, a patch, an order that matters.",
        "Nothing; docs/recipes.md says how rows were verified.",
    ),
    Code(
        "LZ207",
        "its distribution is closed",
        "The recipe says that the modules inside need their author's order, or it does not cover the installed "
        "version, so nothing inside is deferred.",
        "`lazyimp tune PROGRAM` opens the parts that this program never needs.",
    ),
    Code(
        "LZ208",
        "own code that does something while it is imported",
        "The module's body calls, decorates, stores into other objects, or reads the environment: the moment it "
        "runs matters, and nobody has verified that later is as good. Its code was looked at, not run.",
        "If later is fine, name it in `lazy` under [tool.lazyimp] and check with `lazyimp verify`.",
    ),
    Code(
        "LZ209",
        "never named: imported for its effect",
        "Nothing in the module reads the bound name, so the import is there for what it does: it registers "
        "something. Deferred, it would never run.",
        "Delete the import if it does nothing; else leave it, or mark it with a comment for those who read it.",
    ),
    Code(
        "LZ210",
        "the import sets global state",
        "The module patches others, starts a runtime or registers a device, and when it does so matters.",
        "Nothing.",
    ),
    Code(
        "LZ211",
        "inside one distribution",
        "In mode safe the order that a distribution's author tested stands.",
        "--mode deep opens distributions as their recipes say.",
    ),
    Code(
        "LZ212",
        "inside the standard library",
        "Before 3.15, C code and the interpreter's shutdown rely on what its modules import.",
        "Nothing.",
    ),
    Code(
        "LZ213",
        "the importing module stays eager",
        "It looks at modules and not at names (pytest and its test modules, setuptools, a debugger), or it takes "
        "its namespace as a whole: globals(), vars(), sys.modules.",
        "A pattern 'importer -> target' in `lazy` opens it all the same.",
    ),
    Code(
        "LZ214",
        "the process would not run without it",
        "Codecs, the import system, compiler directives and lazyimp itself cannot wait.",
        "Nothing.",
    ),
    Code(
        "LZ215",
        "no such module",
        "No finder knows the name, so the import raises where it stands, as it would without lazyimp.",
        "Install the distribution, or mend the name.",
    ),
    Code(
        "LZ216",
        "the code around it changes what the import sees",
        "It stands between two changes of sys.path or of the working folder, or before os.environ is set for a "
        "library that reads it; or a __del__ reads the name, which runs when it is too late to import.",
        "Nothing.",
    ),
    Code(
        "LZ217",
        "importing it changes other modules",
        "The distribution has no recipe, and its code shows that the module registers something elsewhere or is "
        "part of a cycle that its author's order resolves.",
        "`lazyimp tune PROGRAM` finds out whether this program needs it.",
    ),
    Code(
        "LZ218",
        "used at once",
        "The module that imports it reads the name while it is itself being imported: as a base class, decorator, "
        "default value or constant. Deferred, it would load a few lines later.",
        "Move the use into a function if the import is dear.",
    ),
    Code(
        "LZ219",
        "who imports it is imported inside try",
        "What fails while it loads has to fail inside that try.",
        "As for LZ203.",
    ),
    Code(
        "LZ220",
        "loaded with the interpreter",
        "Every interpreter has loaded the module when a program's first line runs, so there is nothing to put off.",
        "Nothing.",
    ),
    Code(
        "LZ221",
        "no gain in the recorded run",
        "The name was first used before the first batch, so the import would come a little later and cost the same. "
        "Another program that imports the same module may gain.",
        "lazyimp migrate --all makes it lazy all the same.",
    ),
    Code(
        "LZ222",
        "named like its submodule",
        "`from .train import train` in a package binds a function under its submodule's name. Deferred, it would be "
        "lost: whoever loads the submodule first has it put in the name's place.",
        "Give one of them another name.",
    ),
    Code(
        "LZ301",
        "an import failed at its first use",
        "It raised what it would have raised early. The exception's __cause__ and its note name the statement "
        "(file, line, name). The name stays pending, so the next use tries again.",
        "Mend the import; if the program expects it to fail, `lazyimp exclude MODULE --reason ...`.",
    ),
    Code(
        "LZ302",
        "an except clause around an import did not catch it",
        "The import was put off past the try that expects it to fail. lazyimp keeps such imports eager; PEP 810's "
        "own `all` mode and hand-written laziness may not.",
        "`lazyimp bisect -- PROGRAM` names it; `lazyimp exclude MODULE` keeps it eager.",
    ),
    Code(
        "LZ303",
        "a registry is not filled",
        "A module that registers something when it is imported was never loaded, because nobody reads its name.",
        "`lazyimp bisect -- PROGRAM` names it; `lazyimp exclude MODULE` keeps it eager.",
    ),
    Code(
        "LZ304",
        "the program comes to something else",
        "Status, output, warnings, first batch or random numbers differ between eager and lazy runs.",
        "`lazyimp verify -- PROGRAM` says what and by which module; `lazyimp bisect` writes the rule.",
    ),
    Code(
        "LZ401",
        "more modules than the budget allows",
        "The program loads more modules until its first batch (its end, without one) than max_modules.",
        "`lazyimp why MODULE` tells who loads what; raise max_modules in [[tool.lazyimp.budget]] if it must be.",
    ),
    Code(
        "LZ402",
        "a forbidden module is loaded",
        "A module that `forbid` names was loaded until the first batch. The chain of imports is printed.",
        "Import it where it is used, run lazily, or take it out of `forbid`.",
    ),
    Code(
        "LZ403",
        "a new package",
        "A top-level package was loaded that lazyimp.lock does not list. The chain that brought it is printed.",
        "Cut the chain, or accept it: lazyimp check --update.",
    ),
    Code(
        "LZ404",
        "a new module of the project's own",
        "A module of the project itself was loaded that lazyimp.lock does not list.",
        "Import it where it is used, or accept it: lazyimp check --update.",
    ),
    Code(
        "LZ405",
        "less than the lock lists",
        "Packages or modules of lazyimp.lock are no longer loaded. That is no fault.",
        "lazyimp check --update, so that they cannot come back unseen.",
    ),
    Code(
        "LZ406",
        "more processor time than the budget allows",
        "Processor time until the first batch is above max_cpu_ms: the least of several runs. Advisory, unless "
        "the budget says strict = true, because times vary between machines.",
        "`lazyimp profile PROGRAM` shows where it goes.",
    ),
    Code(
        "LZ407",
        "the lock has nothing to compare with",
        "lazyimp.lock has no entry for this target with this Python, platform and mode.",
        "Run `lazyimp check --update` there once and commit the file.",
    ),
    Code(
        "LZ408",
        "the program did not end well",
        "It failed, was killed or hung, so what it loaded tells nothing.",
        "Run it by hand; --timeout gives it more time.",
    ),
    Code(
        "LZ409",
        "a new import statement",
        "The project's own code names a package at module level that the lock does not list. Nothing was run: "
        "whether the program loads it is known after `lazyimp check`.",
        "Import it where it is used, or accept it: lazyimp check --update.",
    ),
    Code(
        "LZ501",
        "can be a lazy import",
        "The name is not used while the module loads. On 3.15 `lazy import x` defers the import to its first "
        "use (PEP 810); older versions refuse the syntax.",
        "lazyimp migrate --style lazy --write",
    ),
    Code(
        "LZ502",
        "can be named in __lazy_modules__",
        "The name is not used while the module loads. 3.15 defers the imports that the module's __lazy_modules__ "
        "names; older versions ignore it, so it is right for code that runs on both.",
        "lazyimp migrate --style modules --write",
    ),
    Code(
        "LZ503",
        "can move into the function",
        "One function alone uses the name, and before 3.15 an import in there is the only way to put it off.",
        "Move the statement to the function's first line.",
    ),
    Code(
        "LZ504",
        "can move under TYPE_CHECKING",
        "Only annotations use the name, and they are not evaluated.",
        "if TYPE_CHECKING: import x",
    ),
)

BY_CODE = {each.code: each for each in CODES}

# The policy's reasons (lazyimp/_policy.py and what it asks), as patterns, first match wins.
REASONS = tuple(
    (re.compile(pattern), code)
    for pattern, code in (
        (r"^it stands in a function", "LZ201"),
        (r"^`import \*`", "LZ202"),
        (r"^its module (takes its own namespace|looks into sys\.modules)", "LZ213"),
        (r"^sys\.path or the working folder changes", "LZ216"),
        (r"^\[tool\.lazyimp\] eager", "LZ204"),
        (r"\.lazyimp\.toml, eager", "LZ205"),
        (r"^recipe for .*(is installed, and the recipe|cannot be told)", "LZ207"),
        (r"^recipe for [^:]*: [\w.*]+: ", "LZ206"),
        (r"^recipe for |^the recipes were never built", "LZ207"),
        (r"^own code, and importing it", "LZ208"),
        (r"never named", "LZ209"),
        (r"^no recipe, and importing it", "LZ217"),
        (r"its importer is imported inside try", "LZ219"),
        (r"inside try or with", "LZ203"),
        (r"changes what the import sees", "LZ216"),
        (r"^inside one distribution", "LZ211"),
        (r"inside the standard library", "LZ212"),
        (r"no finder knows it", "LZ215"),
        (
            r"lazyimp is (blind|at work)|codecs are looked up|import system cannot wait|compiler directive",
            "LZ214",
        ),
        (r"copies the namespace of the program|before there is a program|prepares the interpreter", "LZ214"),
        (r"whole module stays eager|collects fixtures|namespaces|it installs a finder", "LZ213"),
        (r"its finder rewrites|it is replaced by|replaces distutils|scans and changes sys\.path", "LZ213"),
        (
            r"takes standard modules out|a debugger must not|what it measures|replaces installed files",
            "LZ213",
        ),
        (r"^[\w.]+: ", "LZ210"),  # a row of the table of targets that set global state
    )
)
