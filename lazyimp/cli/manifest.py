"""`lazyimp manifest`: the smallest set of dependencies that runs a recorded program elsewhere."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from lazyimp.errors import LazyimpError, UsageError, unknown_word

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lazyimp.distributions import Environment
    from lazyimp.manifest import Manifest, Requirement
    from lazyimp.manifest.index import IndexFile
    from lazyimp.record import Record

FORMATS = {
    "text": "for people",
    "toml": "the manifest itself",
    "json": "the same as JSON",
    "requirements": "requirements.txt, the whole lock",
    "roots": "requirements.txt, the short list",
    "pylock": "pylock.toml (PEP 751)",
    "conda": "environment.yml",
    "docker": "a Dockerfile",
    "ray": "a runtime_env",
    "skypilot": "a task",
    "modal": "an app's image",
    "script": "the header of a script (PEP 723)",
    "sbom": "a CycloneDX bill of materials",
}
ENDINGS = {
    ".toml": "toml",
    ".json": "json",
    "requirements.txt": "requirements",
    "pylock.toml": "pylock",
    ".cdx.json": "sbom",
    "environment.yml": "conda",
    "environment.yaml": "conda",
    "Dockerfile": "docker",
}


# options that say how a manifest is made of a record
MAKING = (
    "extra_requirement", "exclude", "include", "minimal", "include_static",
    "python", "system", "architecture", "glibc", "musl", "accelerator",
)  # fmt: skip


class MakeManifest:
    """List what a recorded run really needs, classified and pinned, for an environment elsewhere."""

    name = "manifest"

    def split(self, words: list[str]) -> int:
        """All words are ours."""
        return len(words)

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("file", nargs="?", help="a record or a manifest; the last run here without one")
        parser.add_argument(
            "--pid", type=int, metavar="N", help="not a file: a process that runs, as far as it has come"
        )
        shown = ", ".join(f"{name} ({what})" for name, what in FORMATS.items())
        parser.add_argument("--format", metavar="NAME", help=f"one of: {shown}; else what -o says")
        parser.add_argument(
            "-o", "--output", metavar="FILE", help="write there, whole or not at all; - for stdout"
        )
        parser.add_argument(
            "--bundle", metavar="FOLDER", help="write lists, Dockerfile and local code into a new folder"
        )
        parser.add_argument("--force", action="store_true", help="write over a file that is there")
        parser.add_argument(
            "-v", "--verbose", action="store_true", help="the whole lock, not the short list alone"
        )
        parser.add_argument(
            "--diff", metavar="OLD", help="what differs from another manifest; 1 if anything does"
        )
        parser.add_argument("--explain", metavar="NAME", help="why a distribution is listed")
        parser.add_argument("--strict", action="store_true", help="anything undecided is an error")
        _selection(parser)
        _target(parser)

    def run(self, options: argparse.Namespace, rest: list[str]) -> int:
        """Make it, show or write it."""
        return self.show(options, *_made(options))

    def show(self, options: argparse.Namespace, manifest: Manifest, environment: Environment | None) -> int:
        """Show or write one that is made, as the options say."""
        if any(letter.isspace() for letter in options.base):
            raise UsageError(f"--base {options.base!r} is no image's name")
        files: dict[str, list[IndexFile]] = {}
        if options.index:
            manifest, files = _asked(manifest, environment)
        if options.diff is not None:
            return _show_changes(options.diff, manifest)
        if options.explain is not None:
            return _explain(options.explain, manifest)
        if options.bundle is not None:
            from lazyimp.manifest.outputs import bundle

            bundle.write(manifest, options.bundle, base=options.base)
            return _verdict(manifest, options)
        name = options.format or _by_ending(options.output) or "text"
        if name not in FORMATS:
            raise UsageError(unknown_word("format", name, tuple(FORMATS)))
        text = rendered(manifest, name, options, files)
        if options.output in (None, "-"):
            sys.stdout.write(text)
        else:
            write_whole(options.output, text, options.force)
        return _verdict(manifest, options)


def _selection(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--extra-requirement", action="append", default=[], metavar="NAME", help="add a distribution"
    )
    parser.add_argument(
        "--exclude", action="append", default=[], metavar="NAME", help="leave a distribution out"
    )
    parser.add_argument(
        "--minimal", action="store_true", help="leave out what loads only because it is installed"
    )
    parser.add_argument(
        "--include-static", action="store_true", help="what imports name that did not run, too"
    )
    parser.add_argument(
        "--include",
        action="append",
        default=[],
        metavar="FILE",
        help="a file that travels whatever it looks like",
    )
    parser.add_argument("--hashes", action="store_true", help="write hashes where they are known")
    parser.add_argument(
        "--index", action="store_true", help="ask the indexes that pip or uv would ask for files and hashes"
    )
    parser.add_argument("--base", default="", metavar="IMAGE", help="the Dockerfile's base image")


def _target(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--python", metavar="X.Y.Z", help="the target's Python")
    parser.add_argument("--system", metavar="NAME", help="linux, macos or windows")
    parser.add_argument("--architecture", metavar="NAME", help="x86_64, aarch64, ...")
    parser.add_argument("--glibc", metavar="X.Y", help="the target's C library")
    parser.add_argument("--musl", metavar="X.Y", help="the same where it is musl")
    parser.add_argument("--accelerator", metavar="NAME", help="cpu, auto, cu126, rocm6.2, ...")


def made(options: argparse.Namespace) -> Manifest:
    """The manifest of the record (or in the file) that the options name, with what indexes say if they are asked."""
    manifest, environment = _made(options)
    return _asked(manifest, environment)[0] if options.index else manifest


def _made(options: argparse.Namespace) -> tuple[Manifest, Environment | None]:
    """The same with the environment that it was made from; none for one read from a file."""
    from lazyimp.record import read_record

    if options.pid is not None:
        from lazyimp.manifest.running import of_process

        if options.file:
            raise UsageError(f"name either a file ({options.file}) or a process (--pid {options.pid})")
        record = of_process(options.pid)
    else:
        path = options.file or last_record()
        if not os.path.exists(path):
            raise UsageError(f"no file {path!r}; `lazyimp profile SCRIPT` records a run")
        if is_manifest(path):
            from lazyimp.manifest.outputs import own

            _refuse_making(options, path)
            return own.read_manifest(path), None
        record = read_record(path)
    return made_of(record, options)


def made_of(record: Record, options: argparse.Namespace) -> tuple[Manifest, Environment]:
    """The manifest of a record as the options want it, and the environment that it was made from."""
    from lazyimp.manifest import target as targets
    from lazyimp.manifest.build import Builder

    names = ("python", "system", "architecture", "glibc", "musl", "accelerator")
    target = targets.changed(targets.of_record(record), **{name: getattr(options, name) for name in names})
    builder = Builder(
        record,
        target=target,
        extra=options.extra_requirement,
        exclude=options.exclude,
        include=options.include,
        minimal=options.minimal,
        # what still runs may come to the rest of its imports, and may not have written down the last of them
        static=options.include_static or options.pid is not None,
    )
    manifest = builder.build()
    _hold_to_words(options, manifest, builder.gathered)
    return manifest, builder.environment


def _refuse_making(options: argparse.Namespace, path: str) -> None:
    """A manifest in a file is what it was made as; raises UsageError for options that would have it made otherwise."""
    given = sorted(f"--{name.replace('_', '-')}" for name in MAKING if getattr(options, name, None))
    if given:
        verb = "need" if len(given) > 1 else "needs"
        raise UsageError(
            f"{path!r} is a manifest, made already; {', '.join(given)} {verb} the record that it was made of"
        )


def _hold_to_words(options: argparse.Namespace, manifest: Manifest, gathered: Iterable[str]) -> None:
    """Tell of words that nothing was done for; raises UsageError for a file that is not there."""
    held = {file.name for part in manifest.local for file in part.files}
    for each in options.include:
        if not os.path.exists(each) and each not in held:
            raise UsageError(f"--include names no file {each!r}, neither here nor of the local code")
    known = {*gathered, *(name for one in manifest.requirements for name in (one.name, *one.requires))}
    for each in options.exclude:
        from difflib import get_close_matches  # few leave something out

        from lazyimp.distributions import canonical

        if canonical(each) in known:
            continue
        close = get_close_matches(canonical(each), known, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        print(f"lazyimp: --exclude {each}: nothing of that name is listed{hint}", file=sys.stderr)


def last_record() -> str:
    """The record of the last run here."""
    from lazyimp.running import store

    return str(store.last_run().record)


def is_manifest(path: str) -> bool:
    """A manifest of ours, in either form; a record's first line is an object, too, but another."""
    from lazyimp.manifest.values import FORMAT

    try:
        with open(path, "rb") as file:
            return FORMAT.encode() in file.read(4096) or path.endswith(".toml")
    except OSError as error:
        raise UsageError(f"cannot read {path!r}: {error.strerror}") from None


def rendered(
    manifest: Manifest, name: str, options: argparse.Namespace, files: dict[str, list[IndexFile]]
) -> str:
    """The manifest in one of FORMATS."""
    if name == "text":
        from lazyimp.reports import manifest as report
        from lazyimp.reports.terminal import Style

        return report.render(manifest, Style.of(sys.stdout), verbose=options.verbose)
    from lazyimp.manifest.outputs import clouds, conda, docker, own, pylock, requirements, sbom

    if name == "pylock":
        _tell_lacking("file", pylock.unlocked(manifest, files))
    elif options.hashes and name in ("requirements", "roots"):
        _tell_lacking("hash", requirements.unhashed(manifest, roots_only=name == "roots"))
    known = {
        "toml": lambda: own.as_toml(manifest),
        "json": lambda: own.as_json(manifest),
        "requirements": lambda: requirements.render(manifest, hashes=options.hashes),
        "roots": lambda: requirements.render(manifest, roots_only=True, hashes=options.hashes),
        "pylock": lambda: pylock.render(manifest, files),
        "conda": lambda: conda.render(manifest),
        "docker": lambda: docker.render(manifest, base=options.base),
        "ray": lambda: clouds.ray(manifest),
        "skypilot": lambda: clouds.skypilot(manifest),
        "modal": lambda: clouds.modal(manifest),
        "script": lambda: clouds.script_header(manifest),
        "sbom": lambda: sbom.render(manifest),
    }
    return known[name]()


def _tell_lacking(what: str, missing: list[Requirement]) -> None:
    if missing:
        names = ", ".join([*(each.name for each in missing[:5]), *(["..."] if len(missing) > 5 else [])])
        print(
            f"lazyimp: no {what} is known of {len(missing)} ({names}); --index asks for them", file=sys.stderr
        )


def _asked(
    manifest: Manifest, environment: Environment | None
) -> tuple[Manifest, dict[str, list[IndexFile]]]:
    """The manifest with what indexes say of the distributions that came from one, and the files they have."""
    from lazyimp.manifest.index import ask
    from lazyimp.manifest.index_config import read_config
    from lazyimp.manifest.indexed import fitting_files, with_answers
    from lazyimp.manifest.outputs.lines import asked_version

    config = read_config(os.environ, sys.prefix, os.getcwd())
    accelerator = manifest.target.accelerator
    wanted = {
        each.name: asked_version(each, accelerator) for each in manifest.requirements if each.kind == "index"
    }
    answers = ask(wanted, config)
    files = {name: fitting_files(answer.files, manifest.target)[0] for name, answer in answers.items()}
    return with_answers(manifest, answers, environment), files


def _show_changes(path: str, manifest: Manifest) -> int:
    from lazyimp.manifest.diff import diff
    from lazyimp.manifest.outputs import own
    from lazyimp.reports import manifest as report
    from lazyimp.reports.terminal import Style

    changes = diff(own.read_manifest(path), manifest)
    sys.stdout.write(report.render_changes(changes, Style.of(sys.stdout)))
    return 1 if changes else 0


def _explain(name: str, manifest: Manifest) -> int:
    from lazyimp.distributions import canonical
    from lazyimp.reports import manifest as report
    from lazyimp.reports.terminal import Style

    known = {each.name: each for each in manifest.requirements}
    chosen = known.get(canonical(name))
    if chosen is None:
        raise UsageError(
            unknown_word("distribution", name, tuple(known))
            if known
            else f"nothing is listed, nor is {name!r}"
        )
    above = [each.name for each in manifest.requirements if chosen.name in each.requires]
    sys.stdout.write(report.render_explained(manifest, chosen, above, Style.of(sys.stdout)))
    return 0


def _by_ending(output: str | None) -> str | None:
    if output in (None, "-"):
        return None
    name = os.path.basename(str(output))
    return next(
        (
            kind
            for ending, kind in sorted(ENDINGS.items(), key=lambda row: -len(row[0]))
            if name.endswith(ending)
        ),
        None,
    )


def write_whole(path: str, text: str, force: bool) -> None:
    """Write a file that is there whole or not at all; raises LazyimpError."""
    import tempfile

    if os.path.exists(path) and not force:
        raise UsageError(f"{path!r} is there already; --force writes over it")
    try:
        handle, temporary = tempfile.mkstemp(dir=os.path.dirname(os.path.abspath(path)), prefix=".lazyimp-")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except OSError as error:
        raise LazyimpError(f"cannot write {path!r}: {error.strerror}") from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _verdict(manifest: Manifest, options: argparse.Namespace) -> int:
    """1 where the run was cut short, or where strictness finds something undecided."""
    if options.pid is not None:
        print(
            f"lazyimp: process {options.pid} still runs; this is what it has come to so far", file=sys.stderr
        )
    elif not manifest.complete and manifest.program.get("kind") != "notebook":  # which goes on
        why = "; ".join(["the run did not end by itself", *manifest.notes])
        print(f"lazyimp: {why}; the manifest may lack something", file=sys.stderr)
        return 1
    if options.strict and manifest.undecided:
        print(f"lazyimp: {len(manifest.undecided)} undecided; the list says what to do", file=sys.stderr)
        return 1
    return 0
