"""pygments: lexers by name, file and content, formatters, styles, filters, options, a lexer of one's own."""

import io

import pygments
from pygments import filters, formatters, lexers, styles, token
from pygments.lexer import RegexLexer, bygroups

SOURCE = "def f(x):\n    '''doc'''\n    return x + 1  # more\n"
for name in ("python", "c", "json", "yaml", "bash", "rst", "html+jinja", "sql", "rust", "console"):
    print(name, sum(1 for _ in pygments.lex(SOURCE, lexers.get_lexer_by_name(name))))
print(lexers.get_lexer_for_filename("a.toml").name, lexers.guess_lexer("#!/usr/bin/python\nprint(1)").name)
print(lexers.get_lexer_for_mimetype("text/x-python").name, len(list(lexers.get_all_lexers())) > 400)
for name in ("html", "latex", "rtf", "terminal", "terminal256", "svg", "irc", "bbcode", "null", "raw"):
    done = pygments.highlight(SOURCE, lexers.PythonLexer(), formatters.get_formatter_by_name(name))
    print(name, len(done))
print(
    formatters.HtmlFormatter(style="monokai", linenos="table", cssclass="x").get_style_defs(".x").count("\n")
    > 50
)
print(sorted(styles.get_all_styles())[:3], styles.get_style_by_name("friendly").background_color)
lexer = lexers.PythonLexer()
lexer.add_filter("keywordcase", case="upper")
lexer.add_filter(filters.VisibleWhitespaceFilter(spaces=True))
print(pygments.highlight("if x: pass", lexer, formatters.NullFormatter()).strip())


class Own(RegexLexer):
    tokens = {"root": [(r"(\w+)(=)", bygroups(token.Name, token.Operator)), (r".", token.Text)]}  # noqa: RUF012


print(list(Own().get_tokens("a=b")), token.string_to_tokentype("Name.Function"))
out = io.StringIO()
pygments.highlight("1", lexers.PythonLexer(), formatters.TerminalFormatter(bg="dark"), out)
print(repr(out.getvalue()))
try:
    lexers.get_lexer_by_name("no such")
except pygments.util.ClassNotFound as fault:
    print(fault)
