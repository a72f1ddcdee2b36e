"""spacy: its command line and the functions behind it, in processes of their own and in this one."""

import subprocess
import sys

import spacy
import spacy.cli

for words in (["--help"], ["info"], ["validate", "--help"], ["init", "config", "--help"], ["no-such"]):
    done = subprocess.run([sys.executable, "-m", "spacy", *words], capture_output=True, text=True)
    print(words, done.returncode, done.stdout, done.stderr)
print(type(spacy.info).__name__, type(spacy.cli.info).__name__, sorted(spacy.info(silent=True)))
