"""Where a lazy run may differ from its eager one: which program, on what, and why."""

from __future__ import annotations

from dataclasses import dataclass

from catalogue import in_range


@dataclass(frozen=True)
class Known:
    """One difference that is accepted, with its reason; an empty field means everywhere."""

    program: str
    reason: str
    cores: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()
    python: str = ""

    def applies(self, program: str, core: str, mode: str, version: tuple[int, int]) -> bool:
        """Whether this difference is expected here."""
        return (
            self.program == program
            and core in (self.cores or (core,))
            and mode in (self.modes or (mode,))
            and in_range(version, self.python)
        )


UNREAD = "mode all, as PEP 810: nobody reads the name, so the module and its effect stay away"
LATE = "mode all: the module runs at its first use and sees the state of that moment"
EXPORT = "mode all: a name that a package only hands on is lazy, whatever its module does"
ORDER = "mode all: modules run in the order of their use"
ELSEWHERE = "mode all: the module whose import would have bound the submodule never runs, as nobody reads it"
UNSEEN = "no event comes before a read of an attribute that a package lacks"
PLAIN_DICT = (
    "mode all: the interpreter's placeholder is a plain value of the dict; no event comes before such a read"
)
ALL = ("all",)
BINDS_NAMES = ("c", "native")
KEEPS_UNREAD = ("c", "py")  # core native imports what a package names for its effect in mode all, too

DIFFERENCES = (
    Known("001_unused_import_with_effect", UNREAD, modes=ALL),
    Known("001_unused_submodule_of_own_package_runs", UNREAD, KEEPS_UNREAD, ALL),
    Known("011_environment_set_after_import", LATE, modes=ALL),
    Known("012_value_rebound_by_its_module", "the value is taken at the first use", ("native",), ALL),
    Known(
        "012_own_name_changed_by_another_module",
        "the proxy was made before the module that changes the value was seen",
        ("py",),
    ),
    Known("096_loggers_disabled_by_a_configuration", "core c alone heeds loggers", ("native", "py")),
    Known("012_name_of_a_library_replaced", "the value is taken at the first use", ("native",)),
    Known("044_patched_by_a_test", "the value is taken at the first use", ("native",)),
    Known("014_warning_at_importer", "stacklevel counts frames from the line of the first use", modes=ALL),
    Known("019_seed_in_unused_module", UNREAD, modes=ALL),
    Known("021_function_globals", PLAIN_DICT, ("native",), ALL),
    Known("022_dict_pop_and_setdefault", PLAIN_DICT, ("native",), ALL),
    Known("022_module_vars", PLAIN_DICT, ("native",), ALL),
    Known("024_copy_of_other_module", PLAIN_DICT, ("native",), ALL),
    Known("025_values_filtered", PLAIN_DICT, ("native",), ALL),
    Known("029_frame_globals_of_caller", PLAIN_DICT, ("native",), ALL),
    Known(
        "048_module_changes_its_class",
        "type() asks no module: until its first attribute is read, a proxy is of the proxies' type",
        ("py",),
        ALL,
    ),
    Known("052_submodule_behind_an_unread_import", UNSEEN, ("py",)),
    Known("052_submodule_bound_by_someone_else", ELSEWHERE, ("py",), ALL),
    Known("053_submodule_by_getattr_from_c", ELSEWHERE, modes=ALL),
    Known("054_submodule_sets_attribute_on_parent", UNREAD, KEEPS_UNREAD, ALL),
    Known("054_relative_submodule_for_effect", UNREAD, modes=ALL),
    Known("066_order_of_used_packages", ORDER, modes=ALL),
    Known("067_decorator_registry", UNREAD, KEEPS_UNREAD, ALL),
    Known("067_decorator_registry_by_script", UNREAD, modes=ALL),
    Known("068_init_subclass_registry", UNREAD, modes=ALL),
    Known("068_subclasses_exported_by_name", EXPORT, BINDS_NAMES, ALL),
    Known("069_methods_attached_by_other_module", UNREAD, modes=ALL),
    Known("069_methods_attached_by_from_import", EXPORT, BINDS_NAMES, ALL),
    Known("070_singleton_registry", EXPORT, BINDS_NAMES, ALL),
    Known("071_event_classes", UNREAD, modes=ALL),
    Known("072_import_hook_by_effect_of_import", UNREAD, modes=ALL),
    Known(
        "092_audit_hook",
        "importlib itself tells hooks since 3.15, when a proxy is made and when it executes",
        ("py",),
        python=">=3.15",
    ),
    Known("096_global_state_set_on_import", LATE, modes=ALL),
    Known("096_warnings_filter_of_a_module", LATE, ("py",), ALL),
    Known("096_warnings_filters_reset", LATE, ("py",), ALL),
    Known("096_warnings_while_a_module_loads", LATE, ("py",), ALL),
)


def difference(program: str, core: str, mode: str, version: tuple[int, int]) -> Known | None:
    """The accepted difference of a program on a core, in a mode and a Python version."""
    for known in DIFFERENCES:
        if known.applies(program, core, mode, version):
            return known
    return None
