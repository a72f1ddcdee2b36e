"""ipython: a shell runs cells."""

from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
shell.run_cell("import colorsys\nvalue = colorsys.rgb_to_hsv(1, 0, 0)\nvalue")
print(shell.user_ns["value"], shell.run_line_magic("who_ls", ""))
