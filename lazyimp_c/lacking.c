/* Lacking: an attribute that a package does not have, while imports are pending. `P.sub` may be a submodule that another module imports, whose own
 * import is deferred: `import PIL; import matplotlib.pyplot; PIL.Image`. The modules' own slot is the one place that every such read passes, and only
 * one that fails costs anything: names that are there are specialised by the interpreter, or found first. From 3.15 on the interpreter tells by the slot
 * whether an attribute that waits for itself is an error (`P.sub`) or one that is not there (hasattr(), `from P import sub`); with ours it asks no more, so
 * ours tells it. */
#include "native.h"
#include "state.h"

static struct {
    getattrofunc plain;               /* the modules' own, or NULL: never replaced */
    PyInterpreterState *interpreter;  /* the one that defers */
    int on;
} lacking;

static PyObject *getattro(PyObject *self, PyObject *name);

/* Whether `name` of a package may be a submodule that the eager order has loaded by now: something is pending, and `P.name` is being read. Core native
 * answers getattr() and hasattr() here, too; core c does so in its own type of modules. */
static int
may_be_awaited(PyObject *self, PyObject *name)
{
    if (!PyModule_CheckExact(self) || !PyUnicode_CheckExact(name) || PyInterpreterState_Get() != lacking.interpreter
        || (PyUnicode_GET_LENGTH(name) > 1 && PyUnicode_READ_CHAR(name, 0) == '_' && PyUnicode_READ_CHAR(name, 1) == '_')) {
        return 0;
    }
    if (Py_IsFinalizing()) { /* nothing can be imported any more */
        return 0;
    }
    if (!lz_native_waits && (!lz.active || lz.deferred <= lz.reified)) {
        return 0;
    }
    lz.quiet++;
    int package = PyDict_Contains(PyModule_GetDict(self), lz_names.path) > 0;
    lz.quiet--;
    /* a package whose body runs is looked at by the type it wears meanwhile */
    return package && (lz_native_waits || lz_is_attribute_load()) && !lz_in_importlib() && !lz_is_initializing(self);
}

#if LZ_NATIVE

/* The interpreter's function, while it is in the slot: what the interpreter does meanwhile finds its own there. Whatever is imported from here on begins
 * with ours again, see lz_lacking_during(). */
static int plainly; /* how many reads are the interpreter's own function's, over all threads */

static PyObject *
as_it_is(PyObject *self, PyObject *name, int must)
{
    PyObject *result = NULL; /* owned, returned */
    plainly++;
    PyModule_Type.tp_getattro = lacking.plain;
    if (must) {
        result = lacking.plain(self, name);
    }
    else if (PyObject_GetOptionalAttr(self, name, &result) == 0) {
        PyObject *own = PyDict_GetItemWithError(PyModule_GetDict(self), lz_names.name); /* borrowed */
        const char *told = lz_is_initializing(self) ? "partially initialized module %R has no attribute %R (most likely due to a circular import)"
                                                    : "module %R has no attribute %R";
        PyErr_Format(PyExc_AttributeError, told, own ? own : name, name);
    }
    if (plainly > 0 && --plainly == 0 && lacking.on) {
        PyModule_Type.tp_getattro = getattro;
    }
    return result;
}

void
lz_lacking_after_fork(void)
{
    plainly = 0; /* of other threads, which are gone */
    if (lacking.on) {
        PyModule_Type.tp_getattro = getattro;
    }
}

/* The type itself answers for it, whatever the namespace holds. */
static int
is_the_types_own(PyObject *name)
{
    static const char *const own[] = {"__dict__", "__class__", "__annotations__", "__annotate__", NULL};
    if (PyUnicode_GET_LENGTH(name) < 8 || PyUnicode_READ_CHAR(name, 0) != '_' || PyUnicode_READ_CHAR(name, 1) != '_'
        || PyUnicode_READ_CHAR(name, 2) < 'a' || PyUnicode_READ_CHAR(name, 2) > 'd') {
        return 0;
    }
    for (int i = 0; own[i] != NULL; i++) {
        if (PyUnicode_CompareWithASCIIString(name, own[i]) == 0) {
            return 1;
        }
    }
    return 0;
}

static PyObject *
read_module(PyObject *self, PyObject *name)
{
    if (!PyModule_CheckExact(self) || !PyUnicode_CheckExact(name) || lz_native_kind == NULL || is_the_types_own(name)) {
        return lacking.plain(self, name);
    }
    PyObject *found = PyDict_GetItemWithError(PyModule_GetDict(self), name); /* borrowed */
    if (found != NULL && (PyObject *)Py_TYPE(found) != lz_native_kind) {
        return Py_NewRef(found); /* most reads end here */
    }
    PyErr_Clear();
    if (PyInterpreterState_Get() != lacking.interpreter || (found == NULL && PyDict_Contains(PyModule_GetDict(self), lz_names.dunder_getattr) == 1)) {
        return lacking.plain(self, name); /* the module's own function may read what other packages lack */
    }
    return as_it_is(self, name, found == NULL || lz_is_attribute_load());
}

/* Around an import: the slot holds ours. What is to be given to lz_lacking_after(). */
int
lz_lacking_during(void)
{
    int plain = lacking.on && PyModule_Type.tp_getattro == lacking.plain;
    if (plain) {
        PyModule_Type.tp_getattro = getattro;
    }
    return plain;
}

void
lz_lacking_after(int plain)
{
    if (plain && plainly > 0 && PyModule_Type.tp_getattro == getattro) {
        PyModule_Type.tp_getattro = lacking.plain;
    }
}

#else

void
lz_lacking_after_fork(void)
{
}

static PyObject *
read_module(PyObject *self, PyObject *name)
{
    return lacking.plain(self, name);
}

int
lz_lacking_during(void)
{
    return 0;
}

void
lz_lacking_after(int Py_UNUSED(plain))
{
}

#endif

static PyObject *
getattro(PyObject *self, PyObject *name)
{
    PyObject *result = read_module(self, name); /* owned, returned */
    if (result != NULL || !lacking.on || !PyErr_ExceptionMatches(PyExc_AttributeError)) {
        return result;
    }
    PyObject *type, *error, *trace;
    PyErr_Fetch(&type, &error, &trace);
    if (may_be_awaited(self, name)) {
        PyObject *own = PyDict_GetItemWithError(PyModule_GetDict(self), lz_names.name); /* borrowed */
        if (own != NULL) {
            Py_INCREF(own);
            result = lz_native_waits ? lz_native_missing(own, name, !lz_is_attribute_load()) : lz_ask("missing", "(OOi)", own, name, 0);
            Py_DECREF(own);
        }
        if (result == Py_NotImplemented) {
            Py_CLEAR(result);
        }
    }
    if (result == NULL && !PyErr_Occurred()) {
        PyErr_Restore(type, error, trace);
        return NULL;
    }
    Py_XDECREF(type);
    Py_XDECREF(error);
    Py_XDECREF(trace);
    return result;
}

/* Begin, or end. Types made meanwhile have our function for good: it only passes on. */
void
lz_lacking(int on)
{
    if (on && PyModule_Type.tp_getattro != getattro) {
        lacking.plain = PyModule_Type.tp_getattro;
        PyModule_Type.tp_getattro = getattro;
        PyType_Modified(&PyModule_Type);
    }
    else if (!on && PyModule_Type.tp_getattro == getattro) {
        PyModule_Type.tp_getattro = lacking.plain;
        PyType_Modified(&PyModule_Type);
    }
    lacking.interpreter = PyInterpreterState_Get();
    lacking.on = on;
}
