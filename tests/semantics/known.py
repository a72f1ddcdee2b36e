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
LATE = "the module runs at its first use and sees the state of that moment"
EXPORT = "a name that a package only hands on is lazy; recipes and tuning keep such modules eager"
ALL = ("all",)
BINDS_NAMES = ("c", "native")

DIFFERENCES = (
    Known("001_unused_import_with_effect", UNREAD, modes=ALL),
    Known("001_unused_submodule_of_own_package_runs", UNREAD, modes=ALL),
    Known("011_environment_set_after_import", LATE),
    Known("012_value_rebound_by_its_module", "the value is taken at the first use", cores=BINDS_NAMES),
    Known("014_warning_at_importer", "stacklevel counts frames from the line of the first use"),
    Known("019_seed_in_unused_module", UNREAD, modes=ALL),
    Known("054_submodule_sets_attribute_on_parent", UNREAD, modes=ALL),
    Known("054_relative_submodule_for_effect", UNREAD, modes=ALL),
    Known("066_order_of_used_packages", "modules run in the order of their use"),
    Known("067_decorator_registry", UNREAD, modes=ALL),
    Known("067_decorator_registry_by_script", UNREAD, modes=ALL),
    Known("068_init_subclass_registry", UNREAD, modes=ALL),
    Known("068_subclasses_exported_by_name", EXPORT, cores=BINDS_NAMES),
    Known("069_methods_attached_by_other_module", UNREAD, modes=ALL),
    Known("069_methods_attached_by_from_import", EXPORT, cores=BINDS_NAMES),
    Known("070_singleton_registry", EXPORT, cores=BINDS_NAMES),
    Known("071_event_classes", UNREAD, modes=ALL),
    Known("072_import_hook_by_effect_of_import", UNREAD, modes=ALL),
    Known("096_global_state_set_on_import", LATE),
)


def difference(program: str, core: str, mode: str, version: tuple[int, int]) -> Known | None:
    """The accepted difference of a program on a core, in a mode and a Python version."""
    for known in DIFFERENCES:
        if known.applies(program, core, mode, version):
            return known
    return None
