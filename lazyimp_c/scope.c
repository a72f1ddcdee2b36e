/* Scopes: `with lazyimp.lazy():` is a with block whose own imports are deferred all the same, and threads in which nothing is. */
#include "state.h"

#if LZ_HAS_EXCEPTION_TABLE
/* The handler of the first protected range that begins after `offset`: that of the with block being entered there. */
static int
handler_after(PyCodeObject *code, int offset)
{
    int end = 2 * (int)Py_SIZE(code); /* in bytes: a unit has two */
    int here = lz_handler_of(code, offset);
    for (int i = offset + 2; i < end; i += 2) {
        int handler = lz_handler_of(code, i);
        if (handler >= 0 && handler != here) {
            return handler;
        }
    }
    return -1;
}
#endif

PyObject *
lz_push_scope(PyObject *frame)
{
    if (!PyFrame_Check(frame)) {
        PyErr_SetString(PyExc_TypeError, "push_scope() takes a frame");
        return NULL;
    }
    PyCodeObject *code = PyFrame_GetCode((PyFrameObject *)frame); /* owned */
#if LZ_HAS_EXCEPTION_TABLE
    int offset = PyFrame_GetLasti((PyFrameObject *)frame);
    int handler = lz_handler_of(code, offset) >= 0 ? -2 : handler_after(code, offset); /* -2: protected from outside as well */
#else
    int depth = lz_in_block((PyFrameObject *)frame);
    int handler = depth > 0 ? -2 : depth + 1;
#endif
    PyObject *token = Py_BuildValue("(Oi)", code, handler); /* owned, returned */
    Py_DECREF(code);
    if (token != NULL && PyList_Append(lz.scopes, token) < 0) {
        Py_CLEAR(token);
    }
    return token;
}

int
lz_pop_scope(PyObject *token)
{
    for (Py_ssize_t i = PyList_GET_SIZE(lz.scopes) - 1; i >= 0; i--) {
        if (PyList_GET_ITEM(lz.scopes, i) == token) {
            return PyList_SetSlice(lz.scopes, i, i + 1, NULL);
        }
    }
    return 0;
}

int
lz_in_scope(LzSite *site)
{
    for (Py_ssize_t i = PyList_GET_SIZE(lz.scopes) - 1; i >= 0; i--) {
        PyObject *token = PyList_GET_ITEM(lz.scopes, i); /* borrowed */
        int handler = (int)PyLong_AsLong(PyTuple_GET_ITEM(token, 1));
        if (PyTuple_GET_ITEM(token, 0) == (PyObject *)site->code) {
#if LZ_HAS_EXCEPTION_TABLE
            return handler == lz_handler_of(site->code, site->offset);
#else
            return handler == lz_in_block(site->frame);
#endif
        }
    }
    return 0;
}

static PyObject *
this_thread(void)
{
    return PyLong_FromUnsignedLong(PyThread_get_thread_ident());
}

int
lz_paused(void)
{
    if (lz.paused == NULL || PyDict_GET_SIZE(lz.paused) == 0) {
        return 0;
    }
    PyObject *thread = this_thread(); /* owned */
    int result = thread ? PyDict_Contains(lz.paused, thread) : 0;
    Py_XDECREF(thread);
    PyErr_Clear();
    return result > 0;
}

int
lz_pause(int delta)
{
    PyObject *thread = this_thread(); /* owned */
    PyObject *held = thread ? PyDict_GetItemWithError(lz.paused, thread) : NULL; /* borrowed */
    long depth = (held ? PyLong_AsLong(held) : 0) + delta;
    PyObject *next = depth > 0 ? PyLong_FromLong(depth) : NULL; /* owned */
    int failed = thread == NULL || PyErr_Occurred();
    if (!failed && depth > 0) {
        failed = next == NULL || PyDict_SetItem(lz.paused, thread, next) < 0;
    }
    else if (!failed && held != NULL) {
        failed = PyDict_DelItem(lz.paused, thread) < 0;
    }
    Py_XDECREF(next);
    Py_XDECREF(thread);
    return failed ? -1 : 0;
}
