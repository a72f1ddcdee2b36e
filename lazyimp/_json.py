"""Values as JSON, without the json module, which may not be loaded in the hot zone."""


def json(value):
    """`value` (None, numbers, strings, lists, tuples, dicts) as JSON in ASCII."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        return '"' + (value if _is_plain(value) else "".join(map(_escaped, value))) + '"'
    if isinstance(value, dict):
        return "{" + ",".join([f"{json(str(key))}:{json(value[key])}" for key in value]) + "}"
    return "[" + ",".join(map(json, value)) + "]"


def _is_plain(text):
    return text.isascii() and text.isprintable() and '"' not in text and "\\" not in text


def _escaped(char):
    number = ord(char)
    if number > 0xFFFF:
        number -= 0x10000
        return f"\\u{0xD800 + (number >> 10):04x}\\u{0xDC00 + (number & 0x3FF):04x}"
    return char if _is_plain(char) else f"\\u{number:04x}"
