"""The clock that compare.py reads: what a run took to get where it calls `tell()`, on stderr."""

import json
import sys
import time


def tell():
    """The time, the CPU time used and the modules loaded up to here."""
    facts = {"monotonic_ns": time.monotonic_ns(), "cpu_s": time.process_time(), "modules": len(sys.modules)}
    print(json.dumps(facts), file=sys.stderr, flush=True)
