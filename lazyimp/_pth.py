"""Source of the start-up line: one `import` line, which the build writes to `lazyimp.pth`.

The line must cost nothing when lazyimp is not asked for, so it looks at one -X option and one environment
variable, and imports nothing new; and it must never raise, because `site` would print a traceback.
"""

FILE = "lazyimp.pth"

# `-X lazyimp=0` alone loads nothing; with LAZYIMP set as well, _startup switches it off for children too.
ASKED = (
    "getattr(sys, '_xoptions', {}).get('lazyimp', '0') != '0'"
    " or not sys.flags.ignore_environment and os.environ.get('LAZYIMP', '0') not in ('', '0')"
)
START = "try:\\n from lazyimp._startup import start\\n start()\\nexcept Exception: pass"

LINE = f'import sys, os; ({ASKED}) and exec("{START}", {{}})'


def content() -> bytes:
    """The bytes of the start-up file."""
    return LINE.encode("ascii") + b"\n"
