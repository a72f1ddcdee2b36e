"""What both cores teach cloudpickle: a module that an object names and that is not imported yet is no dynamic one.

HOT, loaded with cloudpickle. It looks an object's `__module__` up in `sys.modules`, and where that has none takes
the object for one made on the fly, and its class is pickled by value; the process that loads it then has two
classes of one name. pandas' arrays say that they are of `pandas.arrays`, which nothing else needs.
"""

import sys


def teach(cloudpickle, pending):
    """Let it import the modules that deferred statements name; `pending` is the core's."""
    lookup = getattr(cloudpickle, "_lookup_module_and_qualname", None)
    if lookup is None:
        return

    def _lookup_module_and_qualname(obj, name=None):
        home = getattr(obj, "__module__", None)
        if type(home) is str and home not in sys.modules and home != "__main__":
            _bring(home, pending())
        return lookup(obj, name)

    cloudpickle._lookup_module_and_qualname = _lookup_module_and_qualname


def _bring(home, rows):
    for _, _, target, _ in rows:
        if target.partition(":")[0] == home or target.replace(":", ".") == home:
            try:
                __import__(home)
            except Exception:
                pass  # it has not been imported, and stays that way
            return
