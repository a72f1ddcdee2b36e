"""`python -m lazyimp`: the command line, for interpreters whose scripts folder is not on PATH."""

import sys

from lazyimp.cli import main

if __name__ == "__main__":
    sys.exit(main())
