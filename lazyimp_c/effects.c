/* Effects: whether a module's body does something to the world around it, so that the moment it runs matters. Rather too often "yes" than too seldom. */
#include "reader.h"

/* Decorators that only make another function or class of what they are given. */
static const char *const INERT_DECORATORS[] = {
    "dataclass", "dataclasses", "functools", "lru_cache", "cache", "wraps", "partial", "total_ordering", "singledispatch", "contextmanager",
    "asynccontextmanager", "contextlib", "overload", "final", "runtime_checkable", "typing", "unique", "staticmethod", "classmethod", "property",
    "abstractmethod", "abc", "torch", "numba", "njit", "jit", "vectorize", "jax", "attrs", "attr", "define", "tf", "nn", "np", "override", NULL,
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

/* A call that is given a function or a class just made, and nothing else: a decorator. */
static int
is_decorating(Reader *r, int before)
{
    int made = before == MAKE_FUNCTION;
#ifdef SET_FUNCTION_ATTRIBUTE
    made = made || before == SET_FUNCTION_ATTRIBUTE;
#endif
#ifdef CALL_FUNCTION
    return made && r->op == CALL_FUNCTION && r->arg == 1;
#else
    return made && is_call(r->op) && r->arg == 0;
#endif
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
    PyObject *first = NULL; /* borrowed: the first name read since the last store: a decorator's, where there is one */
    int before = -1;
    while (read_next(&r)) {
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
        if (is_decorating(&r, before) && !is_any(first, INERT_DECORATORS)) {
            return "decorates";
        }
        if (first == NULL && name != NULL) {
            first = name;
        }
        if (r.op == STORE_NAME || r.op == STORE_GLOBAL || r.op == POP_TOP) {
            first = NULL;
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
