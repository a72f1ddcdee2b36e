"""Prints, for real programs, when their first batch truly came, when lazyimp says it came, and by which rule.

python bench/firstbatch.py                          # the programs in bench/firstbatch/
python bench/firstbatch.py --only jax,keras         # those whose name holds one of these
python bench/firstbatch.py --mode deep              # lazily; the default is an eager run that only watches
python bench/firstbatch.py --corpus cases.json --work FOLDER --bin FOLDER    # the programs of a corpus

Each program writes ##TTFB at the true moment; a module that `site` loads notes, in the program's own process and on
its monotonic clock, when that happened. The first line of a program says the rule that should decide; of a corpus,
RULES and ENTERS below do. Run lazily, the line that gives the batch to the model may load what it names, after the
true moment and before the call: the time of these first uses and imports is shown, and taken off; so is what it takes
to stop deferring, where a program notes the moment behind that. Afterwards nothing may be left: no watched function,
no waiting callback, no listener of a framework's.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from harness import conditions, table

from lazyimp import record

HERE = Path(__file__).parent / "firstbatch"
MARK = b"##TTFB"
CLOSE_MS = 5.0
NEEDED = {
    "lightning_old_name": "pytorch_lightning",
    "fabric": "lightning",
    "trainer": "transformers",
    "keras_jax": "jax",
    "keras_tensorflow": "tensorflow",
    "keras_torch": "torch",
    "by": "torch",
}

# Programs of a corpus that print something else than the true moment (an initialisation, a headline, the end of a
# step): the function that is given the first batch.
ENTERS = {
    "flax_linreg": "jax._src.api:value_and_grad",
    "spacy_train": "spacy.pipeline.textcat:TextCategorizer.update",
    "trl_sft_cli": "transformers.models.llama.modeling_llama:LlamaModel.forward",
    "accelerate_test_script": "accelerate.test_utils.training:RegressionModel.forward",
}
# The rules that should decide in them.
RULES = {
    "hf_trainer_text": "transformers: on_step_begin",
    "peft_lora_lm": "torch: first training call after the first fetch",
    "lightning_mlp": "lightning: training_step",
    "tabular_boost": "scikit-learn: outermost fit",
    "optuna_tune": "scikit-learn: outermost fit",
    "hydra_train": "torch: first training call after the first fetch",
    "keras_mlp": "keras: on_train_batch_begin",
    "flax_nnx_mlp": "jax: first compiled function that takes a gradient",
    "mlflow_sklearn": "scikit-learn: outermost fit",
    "predict_cli_train": "scikit-learn: outermost fit",
    "gym_reinforce": "torch: first training call of the first backward pass",
    "notebook_header": "scikit-learn: outermost fit",
    "flax_linreg": "jax: first gradient",
    "spacy_train": "spacy: Language.update",
    "trl_sft_cli": "transformers: on_step_begin",
    "accelerate_test_script": "torch: first training call after the first fetch",
}
NONE = "none"  # the rule of a program that trains no model

SETTINGS = {
    "OMP_NUM_THREADS": "1",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "TQDM_DISABLE": "1",
    "PYTHONUNBUFFERED": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONWARNINGS": "ignore",
    "MPLBACKEND": "Agg",
    "JAX_PLATFORMS": "cpu",
    "CUDA_VISIBLE_DEVICES": "",
    "KERAS_BACKEND": "torch",
    "WANDB_MODE": "offline",
    "WANDB_SILENT": "true",
    "TERM": "dumb",
    "COLUMNS": "120",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "ACCELERATE_USE_CPU": "true",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}

WITNESS = Path(__file__).with_name("witness.py")  # run by `site` in the program's process


@dataclass
class Program:
    """One program: how it is started, and what is known of its first batch."""

    name: str
    command: list[str]
    folder: Path
    rule: str = ""  # the one that should decide
    pattern: bytes = MARK  # what its output says at the true moment, where it cannot say MARK
    env: dict[str, str] = field(default_factory=dict)
    kill: bool = False


@dataclass
class Seen:
    """What came of one run."""

    true_ns: tuple[int, int] | None  # before and after it was written
    loaded_ns: int  # what imports, first uses and the stop took between it and the mark
    stopped_ns: int  # what the stop took of that
    mark: tuple[str, int, int] | None
    confidence: str
    rejected: list[tuple[str, int, str]]
    left: list[str]
    status: int
    output: bytes


def own_programs(python: str) -> Iterator[Program]:
    """Those beside this file whose libraries are there."""
    for path in sorted(HERE.glob("*.py")):
        first = path.name.partition("_")[0]
        needed = NEEDED.get(path.stem) or NEEDED.get(first, first)
        if needed == "no" or has(python, needed):
            text = path.read_text(encoding="utf-8")
            yield Program(
                path.stem, [str(path)], Path(tempfile.gettempdir()), text.split('"""')[1].rstrip(".")
            )


KNOWN: dict[str, bool] = {}


def has(python: str, module: str) -> bool:
    """`module` is installed for that interpreter."""
    if python == sys.executable:
        return importlib.util.find_spec(module) is not None
    if module not in KNOWN:
        code = f"import importlib.util as u, sys; sys.exit(u.find_spec({module!r}) is None)"
        KNOWN[module] = subprocess.run([python, "-c", code], check=False).returncode == 0
    return KNOWN[module]


def corpus_programs(options: argparse.Namespace) -> Iterator[Program]:
    """The cases of a corpus whose work folders have been prepared."""
    work, binaries = Path(options.work), options.bin
    for case in json.loads(Path(options.corpus).read_text(encoding="utf-8"))["cases"]:
        words = [word.replace("{bin}", binaries) for word in case["argv"]]
        folder = work / case["name"] / case.get("cwd", "")
        for name in case.get("clean", []):
            subprocess.run(["rm", "-rf", str(folder / name)], check=True)
        pattern = case.get("mark_re") or MARK.decode()
        yield Program(
            case["name"],
            words,
            folder,
            RULES.get(case["name"], NONE),
            pattern=b"" if case.get("mark") == "exit" else pattern.encode(),
            env={"HOME": str(work.parent / "home"), **case.get("env", {})},
            kill=case.get("kill_at_mark", False),
        )


def run(program: Program, python: str, mode: str, limit_s: float) -> Seen:
    """Run it; the child's monotonic clock is ours."""
    with tempfile.TemporaryDirectory(prefix="lazyimp-bench-") as text, tempfile.TemporaryFile() as errors:
        folder = Path(text)
        shutil.copy(WITNESS, folder / "sitecustomize.py")
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "LAZYIMP"))}
        env = {
            **kept,
            **SETTINGS,
            **program.env,
            "PYTHONPATH": text,
            "LAZYIMP": "off" if mode == "0" else mode,
            "LAZYIMP_SUMMARY": "1",
            "LAZYIMP_BENCH_OUT": str(folder / "out"),
            "LAZYIMP_BENCH_ENTERS": ENTERS.get(program.name, ""),
            "LAZYIMP_RECORD": "" if mode == "0" else str(folder / "record"),
            "LAZYIMP_TRACKERS": "0",
            "PATH": os.path.dirname(python) + os.pathsep + os.environ["PATH"],
        }
        child = subprocess.Popen(
            [python, *program.command],
            cwd=program.folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,  # no pipe: who reads it would be given the processor before the true moment
        )
        output, said_ns = read(child, program, time.monotonic() + limit_s)
        errors.seek(0)
        output += errors.read()
        notes = [json.loads(path.read_text()) for path in sorted(folder.glob("out.*"))]
        notes.sort(key=lambda note: not note["mark"])  # a launcher's child may be the one that trains
        seen = notes[0] if notes else {"mark": None, "left": ["no note"], "details": {}}
        loaded = stopped = 0
        if seen.get("true") and seen["mark"]:
            before, after, at = *seen["true"], seen["mark"][1]
            loaded, stopped = ours_between(folder, min(after, at), max(before, at))
    said = (said_ns, said_ns) if said_ns and program.pattern not in (b"", MARK) else None
    true_ns = tuple(seen["true"]) if seen.get("true") else said
    details = seen["details"]
    mark = tuple(seen["mark"]) if seen["mark"] else None
    return Seen(
        true_ns,
        loaded,
        stopped,
        mark,
        details.get("confidence", ""),
        details.get("rejected", []),
        seen["left"],
        child.returncode,
        output,
    )


def ours_between(folder: Path, start_ns: int, end_ns: int) -> tuple[int, int]:
    """How long between two moments something was imported, used the first time, or deferring stopped, in ns.

    As the record says; the second number is what stopping took of it.
    """
    total = stopped = 0
    for path in folder.glob("record*"):
        written = record.read_one(path)
        base = int(str(written.header["mono_ns"]))
        uses = [each.use for each in written.deferrals if each.use is not None]
        stops = [(each.start_ns, each.wall_ns) for each in written.phases if each.name == "stop-deferring"]
        times = [(each.start_ns, each.wall_ns) for each in written.imports if not each.thread]
        times += [*stops, *((use.at_ns, use.wall_ns) for use in uses)]
        until = start_ns
        for start, took in sorted(times):  # one lies inside another
            start += base
            if start_ns <= start and start + took <= end_ns:
                total += max(0, start + took - max(start, until))
                until = max(until, start + took)
        stopped += sum(took for start, took in stops if start_ns <= start + base <= end_ns - took)
    return total, stopped


def read(child: subprocess.Popen[bytes], program: Program, until: float) -> tuple[bytes, int | None]:
    """All it wrote, and when its pattern was read."""
    output, said_ns = b"", None
    assert child.stdout is not None
    os.set_blocking(child.stdout.fileno(), True)
    while chunk := os.read(child.stdout.fileno(), 1 << 16):
        now = time.monotonic_ns()
        output += chunk
        if said_ns is None and program.pattern and re.search(program.pattern, output, re.M):
            said_ns = now
            if program.kill:
                child.kill()
        if time.monotonic() > until:
            child.kill()
    child.wait()
    return output, said_ns


def difference_ms(seen: Seen) -> float:
    """Detected, less true and what was ours between; infinite where one of them is missing."""
    if not seen.mark or not seen.true_ns:
        return float("inf")
    ours = seen.loaded_ns if seen.mark[1] > seen.true_ns[0] else -seen.loaded_ns
    before, after = (seen.mark[1] - ours - true for true in seen.true_ns)
    return (before if before < 0 else max(after, 0)) / 1e6


def row(program: Program, seen: Seen, median_ms: float) -> tuple[str, ...]:
    """The table's row."""
    rule = seen.mark[0] if seen.mark else "none"
    difference = difference_ms(seen)
    verdict = [] if not seen.status or program.kill else [f"status {seen.status}"]
    if CLOSE_MS < abs(difference) < float("inf"):
        verdict.append("far")
    if program.rule and rule != program.rule:
        verdict.append("wrong rule")
    verdict += seen.left if not program.kill else []
    shown, middle = ("-" if each == float("inf") else f"{each:+.2f}" for each in (difference, median_ms))
    loaded = f"{seen.loaded_ns / 1e6:.0f}" if seen.loaded_ns else ""
    stopped = f"{seen.stopped_ns / 1e6:.0f}" if seen.stopped_ns else ""
    return (
        program.name,
        shown,
        middle,
        loaded,
        stopped,
        rule,
        seen.confidence or "-",
        ", ".join(verdict) or "ok",
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help="names, or parts of them, separated by commas")
    parser.add_argument("--mode", default="0", help="0 (eager, the default), safe, deep or all")
    parser.add_argument(
        "--python", default=sys.executable, help="the interpreter that has the libraries and lazyimp"
    )
    parser.add_argument("--corpus", help="cases.json of a corpus; then also --work and --bin")
    parser.add_argument("--work", help="where its programs lie, a folder each")
    parser.add_argument("--bin", help="where the commands of its environment lie")
    parser.add_argument("--count", type=int, default=1, help="runs of each; the nearest one is judged")
    parser.add_argument("--limit", type=float, default=300, help="seconds for one program")
    parser.add_argument(
        "--verbose", action="store_true", help="what was rejected, and the output of failures"
    )
    options = parser.parse_args()
    programs = corpus_programs(options) if options.corpus else own_programs(options.python)
    rows = []
    for program in programs:
        if not any(part in program.name for part in options.only.split(",")):
            continue
        runs = [run(program, options.python, options.mode, options.limit) for _ in range(options.count)]
        seen = min(runs, key=lambda each: abs(difference_ms(each)))  # a busy machine only adds
        middle = sorted(map(difference_ms, runs))[len(runs) // 2]
        rows.append(row(program, seen, middle))
        print(" | ".join(rows[-1]), flush=True)
        if options.verbose:
            for rule, at, why in seen.rejected:
                before = "" if seen.mark is None else f"{(at - seen.mark[1]) / 1e6:+.1f} ms: "
                print(f"    {before}{rule} ({why})")
            if rows[-1][-1] != "ok":
                print(seen.output.decode(errors="replace")[-2000:])
    print(
        "\n"
        + table(
            ("program", "least ms", "median ms", "ours ms", "stop ms", "rule", "confidence", "verdict"),
            rows,
        )
    )
    print(conditions(core=options.mode, note=f"n {options.count}; ms: detected, less true, imports and stop"))


if __name__ == "__main__":
    main()
