/* Shared: what code puts into modules that it has by name, and the names whose attributes or items a module's body reads. */
#include "reader.h"

/* What is done to a module by calls: setattr(m, ...), vars(m), importlib.reload(m), monkeypatch.setattr(m, ...), patch.object(m, ...). */
static const char *const CHANGERS[] = {"setattr", "delattr", "vars", "reload", "object", NULL};

/* A class's body runs where it stands; a function's does not. */
static int
is_body(PyCodeObject *code)
{
    return !(code->co_flags & CO_OPTIMIZED);
}

static int
add(PyObject *set, const char *format, PyObject *chain, PyObject *attr)
{
    PyObject *text = PyUnicode_FromFormat(format, chain, attr); /* owned */
    int failed = text == NULL || PySet_Add(set, text) < 0;
    Py_XDECREF(text);
    return failed;
}

/* `changed`: chains of names, "a.b.x" where the code stores into x of a.b, "a.*" where anything may change; `taken`: first names of chains. */
static int
look(PyCodeObject *code, PyObject *changed, PyObject *taken)
{
    PyObject *bytes = lz_clean_code(code), *chain = NULL; /* owned: the chain that was just read */
    PyObject *root = NULL, *last = NULL;                  /* borrowed: its first name, and its last */
    int failed = bytes == NULL, body = is_body(code);
    Reader r = {0};
    if (!failed) {
        r = reader_of(bytes);
    }
    while (!failed && read_next(&r)) {
        PyObject *name = name_read(&r, code->co_names), *attr = attribute_read(&r, code->co_names); /* borrowed */
        if (lz_is_null_push(r.op)) {
            continue;
        }
        if (name != NULL) {
            failed = is_any(last, CHANGERS) && add(changed, "%U.*", name, NULL);
            Py_XSETREF(chain, Py_NewRef(name));
            root = last = name;
            continue;
        }
        if (root != NULL && body && (attr != NULL || lz_is_subscript(r.op))) {
            failed = PySet_Add(taken, root) < 0;
        }
        if (chain != NULL && attr != NULL) {
            failed = failed || (is(attr, "__dict__") && add(changed, "%U.*", chain, NULL));
            Py_SETREF(chain, PyUnicode_FromFormat("%U.%U", chain, attr));
            failed = failed || chain == NULL;
            last = attr;
            continue;
        }
        if (chain != NULL && (r.op == STORE_ATTR || r.op == DELETE_ATTR)) {
            failed = failed || add(changed, "%U.%U", chain, name_at(code->co_names, r.arg));
        }
        if (attr != NULL) {
            last = attr; /* of something without a name */
        }
        else {
            last = NULL;
        }
        if (r.op != LOAD_CONST) {
            root = NULL; /* a constant is an index */
        }
        Py_CLEAR(chain);
    }
    for (Py_ssize_t i = 0; !failed && i < PyTuple_GET_SIZE(code->co_consts); i++) {
        PyObject *inner = PyTuple_GET_ITEM(code->co_consts, i);
        failed = PyCode_Check(inner) && look((PyCodeObject *)inner, changed, taken) < 0;
    }
    Py_XDECREF(chain);
    Py_XDECREF(bytes);
    return failed ? -1 : 0;
}

PyObject *
lz_shared(PyObject *object)
{
    if (!PyCode_Check(object)) {
        PyErr_Format(PyExc_TypeError, "shared() takes a code object, not %.100s", Py_TYPE(object)->tp_name);
        return NULL;
    }
    PyObject *changed = PySet_New(NULL), *taken = PySet_New(NULL), *result = NULL; /* owned */
    if (changed != NULL && taken != NULL && look((PyCodeObject *)object, changed, taken) == 0) {
        result = PyTuple_Pack(2, changed, taken);
    }
    Py_XDECREF(changed);
    Py_XDECREF(taken);
    return result;
}
