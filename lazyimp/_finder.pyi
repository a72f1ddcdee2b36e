"""Types of the finder; for type checkers only."""

from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

from lazyimp._proxy import Place
from lazyimp._pycore import PyCore as PyCore

class LazyFinder:
    after_exec: dict[str, list[Callable[[ModuleType], object]]]
    pending: dict[str, ModuleType]
    paths: dict[str, Sequence[str]]
    core: PyCore | None
    watcher: tuple[Callable[..., bool], Callable[[object], bool]] | None
    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None: ...
    def search(
        self,
        name: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
        asked: Sequence[object] = (),
    ) -> ModuleSpec | None: ...
    def find(self, name: str, asked: Sequence[object] = ()) -> ModuleSpec | None: ...
    def at_work(self) -> bool: ...
    def install(self) -> None: ...
    def remove(self) -> None: ...
    def keep_first(self) -> None: ...

finder: LazyFinder

def load_lacking(full: str, may_come: Callable[[], object]) -> object: ...
def make_proxy(name: str, place: Place | None = None) -> ModuleType | None: ...
def proxy_pending(proxy: ModuleType) -> bool: ...
def resolve_all() -> tuple[int, list[tuple[str, BaseException]]]: ...
