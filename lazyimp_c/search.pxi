# Search: what the path finder does for each import, without its detours; only the plain finder of folders, on file systems that keep case.
# CPython 3.15, Lib/importlib/_bootstrap_external.py: PathFinder._get_spec, FileFinder.find_spec. Whatever is unusual is left to them.

cdef extern from "native.h":
    double lz_folder_time(object path) except? -2.0  # when its contents changed, as os.stat() tells it; -1: there is no such folder
    int lz_is_file(object path) except -1

cdef object external = None       # importlib._bootstrap_external
cdef object look_along = None     # PathFinder._get_spec as it was: what the class holds
cdef object look_in_folder = None # FileFinder.find_spec as it was
cdef object remembered = None     # PathFinder._path_importer_cache as it was
cdef object path_finder = None
cdef object file_finder = None


def native_search(bint on):
    """Look for modules this way from now on, or as the interpreter does."""
    global external, look_along, look_in_folder, remembered, path_finder, file_finder
    if sys.flags.verbose or sys.platform.startswith(("win", "cygwin", "darwin", "ios")):
        return
    if look_along is None and on:
        import _frozen_importlib_external

        external = _frozen_importlib_external
        path_finder, file_finder = external.PathFinder, external.FileFinder
        look_along, look_in_folder = path_finder.__dict__["_get_spec"], file_finder.__dict__["find_spec"]
        remembered = path_finder.__dict__["_path_importer_cache"]
    if on and path_finder.__dict__["_get_spec"] is look_along:
        path_finder._get_spec = searching
    elif not on and look_along is not None and path_finder.__dict__["_get_spec"] is searching:
        path_finder._get_spec = look_along


def _get_spec(cls, fullname, path, target=None):
    """The spec of a module along `path`, as PathFinder._get_spec finds it."""
    if (
        type(fullname) is not str
        or cls is not path_finder
        or file_finder.__dict__["find_spec"] is not look_in_folder
        or path_finder.__dict__["_path_importer_cache"] is not remembered
    ):
        return look_along.__get__(None, cls)(fullname, path, target)
    cdef list portions = []
    finders = sys.path_importer_cache
    tail = (<str>fullname).rpartition(".")[2]
    for entry in path:
        if not isinstance(entry, str):
            continue
        finder = finders.get(entry) if entry else None
        if finder is None:
            finder = cls._path_importer_cache(entry)
            if finder is None:
                continue
        spec = in_folder(finder, fullname, tail, target) if type(finder) is file_finder else finder.find_spec(fullname, target)
        if spec is None:
            continue
        if spec.loader is not None:
            return spec
        more = spec.submodule_search_locations
        if more is None:
            raise ImportError("spec missing loader")
        portions.extend(more)
    spec = external._bootstrap.ModuleSpec(fullname, None)
    spec.submodule_search_locations = portions
    return spec


searching = classmethod(_get_spec)


cdef object in_folder(finder, str name, str tail, target):
    """What a plain finder of folders finds; it is asked itself where its memory is old, and about namespace packages."""
    cdef str folder = finder.path
    if folder[:1] != "/" or folder[-1:] == "/" or lz_folder_time(folder) != finder._path_mtime:
        return finder.find_spec(name, target)
    known = finder._path_cache
    if "find_spec" in finder.__dict__:
        return finder.find_spec(name, target)
    if tail in known:
        base = f"{folder}/{tail}"
        for suffix, loader in finder._loaders:
            full = f"{base}/__init__{suffix}"
            if lz_is_file(full):
                return finder._get_spec(loader, name, full, [base], target)
        return finder.find_spec(name, target)
    for suffix, loader in finder._loaders:
        file = tail + suffix
        if file in known:
            full = f"{folder}/{file}"
            if lz_is_file(full):
                return finder._get_spec(loader, name, full, None, target)
    return None
