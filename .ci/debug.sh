#!/bin/bash
# debug.sh [PYTHON]: builds the extension with -O1 -g and the address and undefined-behaviour sanitizers, and runs the tests that strain it:
# threads, freezing, odd programs, leaks, records, and the semantics cases of mode safe. Needs gcc with libasan and libubsan. Exit status: 0 when all is clean.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
python=${1:-$(command -v python3.11 || command -v python3)}
work=$(mktemp -d "${TMPDIR:-/tmp}/lazyimp-debug.XXXXXX")
trap 'rm -rf "$work"' EXIT
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_QUIET=1
unset LAZYIMP LAZYIMP_CORE LAZYIMP_CONFIG LAZYIMP_DEBUG PYTHONPATH

libraries=
for name in libasan.so libubsan.so; do
  file=$(gcc -print-file-name=$name)
  [ -e "$file" ] || { echo "debug.sh: gcc has no $name" >&2; exit 1; }
  libraries+="$file "
done
mkdir "$work/tree"
if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then  # as in .ci/run: a clean checkout, whatever lies about here
  git ls-files -z --cached --others --exclude-standard | tar -c --null --ignore-failed-read -T - 2>/dev/null | tar -x -C "$work/tree"
else
  cp -r . "$work/tree"
fi
"$python" -m venv "$work/venv"
sanitize="-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined"
CFLAGS="$sanitize" LDFLAGS="-fsanitize=address,undefined" "$work/venv/bin/python" -m pip install --no-cache-dir "$work/tree" pytest cloudpickle
export LD_PRELOAD=${libraries% } ASAN_OPTIONS=detect_leaks=0:handle_segv=0:quarantine_size_mb=1 UBSAN_OPTIONS=print_stacktrace=1
export PYTHONMALLOC=malloc  # the interpreters that the tests start have it too
built=$(cd "$work" && "$work/venv/bin/python" -c 'import lazyimp_c; print(lazyimp_c.__file__)')
grep -q __asan_init "$built" \
  || { echo "debug.sh: the extension was built without the sanitizer" >&2; exit 1; }
mkdir "$work/tests"
cp -r "$root/tests" "$root/pyproject.toml" "$work/tests"
cd "$work/tests"
"$work/venv/bin/python" -m pytest -q -p no:cacheprovider -x tests/test_robust.py tests/test_misuse.py tests/test_no_memory.py tests/test_leaks.py tests/test_threads.py tests/test_freeze.py
"$work/venv/bin/python" -m pytest -q -p no:cacheprovider -x tests/test_recorder*.py -k "not fallback"
"$work/venv/bin/python" -m pytest -q -p no:cacheprovider -x tests/test_semantics.py -k "c-safe"
echo "debug.sh: clean in $SECONDS s"
