"""Checks the recipes, lazyimp/recipes/*.toml, and compiles them into the two tables beside them.

The build calls it; `python build_backend/recipes.py` does the same by hand, with `--check` without writing.
"""

import json
import os
import re
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "lazyimp" / "recipes"
MADE = '"""Made by build_backend/recipes.py of the recipes beside it; not to be edited."""\n\n'
FORMAT = 1
_COMPARISON = re.compile(r"\s*(>=|<=|==|!=|>|<)\s*([\d.]+)\s*")


class RecipeError(Exception):
    """Faults in recipes, one a line, each with its file and key."""


def read_recipe(path):
    """The file's table, not checked yet."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise RecipeError(f"{path.name}: not a TOML file: {error}") from None


def validator(folder=FOLDER):
    """A function that raises for a table that is not of the schema."""
    import fastjsonschema

    schema = json.loads((folder / "schema.json").read_text(encoding="utf-8"))
    return fastjsonschema.compile(schema)


def faults_in(name, recipe, check, folder=FOLDER):
    """What is wrong with one recipe, as lines that start with the file and the key."""
    import fastjsonschema

    try:
        check(recipe)
    except fastjsonschema.JsonSchemaValueException as error:
        return [f"{name}: {in_words(error)}"]
    return [f"{name}: {fault}" for fault in contradictions(recipe, folder)]


def in_words(error):
    """The fault, beginning with its key as TOML writes it."""
    key = error.name.removeprefix("data").lstrip(".") or "the recipe"
    hint = error.definition.get("description", "").partition(". ")[0].rstrip(".")
    if error.rule == "anyOf":
        return f"{key} names neither an importer nor a target"
    if error.rule == "pattern":
        return f"{key} is {error.value!r}" + (f" ({hint})" if hint else f", not {error.rule_definition}")
    what = error.message.removeprefix(error.name).strip()
    return f"{key} {what}, and is {error.value!r}" if isinstance(error.value, str) else f"{key} {what}"


def contradictions(recipe, folder):
    """Faults that the schema cannot see."""
    modules = recipe["modules"]
    seen = set()
    for kind in ("eager", "lazy"):
        for number, row in enumerate(recipe.get(kind, [])):
            importer, target = row.get("importer", ""), row.get("target", "")
            place = f"{kind}[{number}]"
            if importer and top_of(importer) not in modules:
                yield f"{place}.importer {importer!r} is of another distribution, whose recipe has to say it"
            if not importer and top_of(target) not in modules:
                yield f"{place}.target {target!r} is of another distribution; name the importer, too"
            if row.get("also_safe") and importer:
                yield f"{place}.also_safe is for rows without importer"
            if (importer, plain(target)) in seen:
                yield f"{place} has the importer and target of an earlier row"
            seen.add((importer, plain(target)))
    for number, row in enumerate(recipe.get("plain", [])):
        if top_of(row["importer"]) not in modules:
            yield f"plain[{number}].importer {row['importer']!r} is of another distribution"
    for number, row in enumerate(recipe.get("stub", [])):
        if top_of(row["module"]) not in modules:
            yield f"stub[{number}].module {row['module']!r} is of another distribution"
        if not (folder / "stubs" / f"{row['file']}.py").is_file():
            yield f"stub[{number}].file: there is no stubs/{row['file']}.py"


def top_of(name):
    """The first part of a dotted name."""
    return re.split("[.:]", name)[0]


def plain(target):
    """`a.b:name` as `a.b.name`: a name in a from-list is matched like a submodule."""
    return target.replace(":", ".")


def bounds(text):
    """`>=1.5,<4` as ((">=", (1, 5)), ("<", (4,))), zeros at the end left out."""
    found = []
    for part in text.split(","):
        operator, number = _COMPARISON.fullmatch(part).groups()
        release = [int(each) for each in number.split(".")]
        while release and release[-1] == 0:
            release.pop()
        found.append((operator, tuple(release)))
    return tuple(found)


def read_all(folder=FOLDER):
    """All recipes, checked, by file name; every fault in them is in the one error that is raised."""
    check = validator(folder)
    recipes, faults, owners = {}, [], {}
    for path in sorted(folder.glob("*.toml")):
        try:
            recipe = read_recipe(path)
        except RecipeError as error:
            faults.append(str(error))
            continue
        wrong = faults_in(path.name, recipe, check, folder)
        faults += wrong
        if wrong:
            continue
        for module in recipe["modules"]:
            if owners.setdefault(module, path.name) != path.name:
                faults.append(f"{path.name}: modules: {owners[module]} names {module!r}, too")
        recipes[path.name] = recipe
    if faults:
        raise RecipeError("\n".join(faults))
    return recipes


def compiled(recipe):
    """One recipe as a tuple, its rows as one text, which loads faster; lazyimp/_recipes.py unpacks it."""
    rows = [
        (
            row.get("importer", ""),
            plain(row.get("target", "")),
            kind,
            " ".join(row["reason"].split()),
            row.get("when", ""),
        )
        for kind in ("eager", "lazy", "plain")
        for row in recipe.get(kind, [])
    ]
    names = [recipe["distribution"], *recipe.get("other_names", [])]
    return (
        tuple(names),
        tuple(sorted(recipe["modules"])),
        recipe["versions"],
        bounds(recipe["versions"]),
        recipe.get("reason", "") if recipe["inside"] == "eager" else "",
        "\n".join("\t".join(row) for row in sorted(rows)),
        recipe.get("inside_try") == "lazy",
    )


def tables(recipes):
    """The sources of the two tables: by file name."""
    rows, modules, stubs, safe = [], {}, {}, {}
    for recipe in sorted(recipes.values(), key=lambda each: each["distribution"].lower()):
        modules.update(dict.fromkeys(recipe["modules"], len(rows)))
        rows.append(compiled(recipe))
        stubs.update({row["module"]: stub_of(row) for row in recipe.get("stub", [])})
        for row in recipe.get("eager", []):
            if row.get("also_safe"):
                when = row.get("when")
                safe[plain(row["target"])] = (when, row["reason"]) if when else row["reason"]
    names = {"FORMAT": FORMAT, "MODULES": in_order(modules), "STUBS": in_order(stubs)}
    table = MADE + "".join(f"{name} = {value!r}\n" for name, value in names.items())
    table += "RECIPES = (\n" + "".join(f"    {row!r},\n" for row in rows) + ")\n"
    return {"_table.py": table, "_safe.py": f"{MADE}FORMAT = {FORMAT}\nSAFE = {in_order(safe)!r}\n"}


def stub_of(row):
    """A stub's file, reason and bounds."""
    return row["file"], row["reason"], bounds(row["versions"]) if "versions" in row else ()


def in_order(table):
    """The same, sorted by key: the same recipes give the same bytes."""
    return dict(sorted(table.items()))


def build(folder=FOLDER):
    """Compile what is in `folder`; returns the number of recipes. Leaves a table that is right as it is."""
    recipes = read_all(folder)
    for name, source in tables(recipes).items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != source:
            draft = path.with_suffix(f".{os.getpid()}.draft")
            draft.write_text(source, encoding="utf-8")
            os.replace(draft, path)
    return len(recipes)


def main(arguments):
    """Compile, or with `--check` only look; faults are lines on stderr."""
    try:
        count = len(read_all()) if "--check" in arguments else build()
    except RecipeError as error:
        print(error, file=sys.stderr)
        return 1
    except ImportError as error:
        print(f"{error.name} is missing; pip install {error.name}", file=sys.stderr)
        return 1
    print(f"{count} recipes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
