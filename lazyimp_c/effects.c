/* Effects: whether a module's body does something to the world around it, so that the moment it runs matters. Rather too often "yes" than too seldom. */
#include "reader.h"

/* Decorators that only make another function or class of what they are given. */
static const char *const INERT_DECORATORS[] = {
    "dataclass", "dataclasses", "functools", "lru_cache", "cache", "wraps", "partial", "total_ordering", "singledispatch", "contextmanager",
    "asynccontextmanager", "contextlib", "overload", "final", "runtime_checkable", "typing", "unique", "staticmethod", "classmethod", "property",
    "abstractmethod", "abc", "torch", "numba", "njit", "jit", "vectorize", "jax", "attrs", "attr", "define", "tf", "nn", "np", "override",
    "flax", "struct", "chex", "eqx", "equinox", "pydantic", "enum", "hydra", "click", "beartype", "typeguard", "jaxtyped", "rank_zero_only", NULL,
};
/* What a body reads that may be changed between its import statement and its first use. */
static const char *const CHANGING[] = {"environ", "getenv", "getcwd", "argv", NULL};

static int
is_call(int op)
{
#ifdef CALL_FUNCTION
    if (op == CALL_FUNCTION) {
        return 1;
    }
#endif
#ifdef CALL_METHOD
    if (op == CALL_METHOD) {
        return 1;
    }
#endif
#ifdef CALL
    if (op == CALL) {
        return 1;
    }
#endif
#ifdef CALL_KW
    if (op == CALL_KW) {
        return 1;
    }
#endif
#ifdef CALL_FUNCTION_KW
    if (op == CALL_FUNCTION_KW) {
        return 1;
    }
#endif
    return op == CALL_FUNCTION_EX;
}

/* What was decorated so far in a statement. */
typedef struct {
    PyObject *first, *other; /* borrowed names: the first one read, and the first that no inert decorator has */
    int builds, count;       /* a class is made; decorators that were called */
} Decorated;

/* A call that is given a function or a class just made, or decorated, and nothing else: a decorator. */
static int
is_decorating(Reader *r, int before, Decorated *seen)
{
    int made = before == MAKE_FUNCTION || ((seen->builds || seen->count) && is_call(before));
#ifdef SET_FUNCTION_ATTRIBUTE
    made = made || before == SET_FUNCTION_ATTRIBUTE;
#endif
#ifdef CALL_FUNCTION
    return made && r->op == CALL_FUNCTION && r->arg == 1;
#else
    return made && is_call(r->op) && r->arg == 0;
#endif
}

/* Whether one of the decorators that have been called may do more than make another function or class. Which name
   belongs to which of several is not told apart. */
static int
may_register(Decorated *seen)
{
    return !is_any(seen->first, INERT_DECORATORS) || (seen->count > 1 && seen->other != NULL);
}

static int
changes_other(int op)
{
#ifdef BEFORE_WITH
    if (op == BEFORE_WITH) {
        return 1;
    }
#endif
#ifdef SETUP_WITH
    if (op == SETUP_WITH) {
        return 1;
    }
#endif
#ifdef LOAD_SPECIAL
    if (op == LOAD_SPECIAL) {
        return 1;
    }
#endif
    return op == STORE_ATTR || op == STORE_SUBSCR || op == DELETE_ATTR || op == DELETE_SUBSCR || op == RAISE_VARARGS;
}

/* Where `if __name__ == "__main__":` goes on when it does not hold, or 0. `r` stands on the load of __name__. */
int
lz_behind_main_guard(Reader r, PyCodeObject *code)
{
    if (!read_next(&r) || r.op != LOAD_CONST) {
        return 0;
    }
    PyObject *text = name_at(code->co_consts, r.arg);
    if (text == NULL || !PyUnicode_CheckExact(text) || !is(text, "__main__") || !read_next(&r) || r.op != COMPARE_OP || !read_next(&r)) {
        return 0;
    }
    return lz_jump_if_false(&r);
}

/* Names that functions of the module bind globally: `from m import name` takes the value of its moment. */
static int
stored_by_functions(PyCodeObject *code, PyObject *names)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(code->co_consts); i++) {
        PyObject *item = PyTuple_GET_ITEM(code->co_consts, i);
        if (!PyCode_Check(item)) {
            continue;
        }
        PyCodeObject *inner = (PyCodeObject *)item;
        PyObject *bytes = lz_clean_code(inner); /* owned */
        if (bytes == NULL) {
            return -1;
        }
        Reader r = reader_of(bytes);
        int failed = 0;
        while (!failed && read_next(&r)) {
            PyObject *name = r.op == STORE_GLOBAL || r.op == DELETE_GLOBAL ? name_at(inner->co_names, r.arg) : NULL;
            failed = name != NULL && PySet_Add(names, name) < 0;
        }
        Py_DECREF(bytes);
        if (failed || stored_by_functions(inner, names) < 0) {
            return -1;
        }
    }
    return 0;
}

/* What the body does, in a word, or NULL. */
static const char *
first_effect(PyCodeObject *code, PyObject *bytes)
{
    Reader r = reader_of(bytes);
    Decorated seen = {NULL, NULL, 0, 0}; /* since the last store */
    int before = -1;
    while (read_next(&r)) {
#ifdef PRECALL
        if (r.op == PRECALL) {
            continue;
        }
#endif
        PyObject *name = name_read(&r, code->co_names), *attr = attribute_read(&r, code->co_names);
        if (is(name, "__name__")) {
            int end = lz_behind_main_guard(r, code);
            if (end > r.next) {
                r.next = end;
                before = -1;
                continue;
            }
        }
        if (is_any(name, CHANGING) || is_any(attr, CHANGING)) {
            return "reads what a program may change";
        }
        if (changes_other(r.op)) {
            return "stores into other objects";
        }
        if (r.op == POP_TOP && is_call(before)) {
            return "calls for an effect";
        }
        if (is_decorating(&r, before, &seen)) {
            seen.count++;
            if (may_register(&seen)) {
                return "decorates";
            }
        }
        if (name != NULL && seen.first == NULL) {
            seen.first = name;
        }
        if (name != NULL && seen.other == NULL && !seen.builds && !is_any(name, INERT_DECORATORS)) {
            seen.other = name;
        }
        seen.builds |= r.op == LOAD_BUILD_CLASS;
        if (r.op == STORE_NAME || r.op == STORE_GLOBAL || r.op == POP_TOP) {
            seen = (Decorated){NULL, NULL, 0, 0};
        }
        before = r.op;
    }
    return NULL;
}

PyObject *
lz_effects(PyObject *object)
{
    if (!PyCode_Check(object)) {
        PyErr_Format(PyExc_TypeError, "effects() takes a code object, not %.100s", Py_TYPE(object)->tp_name);
        return NULL;
    }
    PyCodeObject *code = (PyCodeObject *)object;
    PyObject *bytes = lz_clean_code(code), *names = PySet_New(NULL), *result = NULL; /* owned */
    if (bytes != NULL && names != NULL && stored_by_functions(code, names) == 0) {
        result = Py_BuildValue("(zO)", first_effect(code, bytes), names);
    }
    Py_XDECREF(bytes);
    Py_XDECREF(names);
    return result;
}
