/* Verdict: what the policy says of one import statement; asked once for a unit and a top level, and again where its answer says so. */
#include "state.h"

static int
ask_policy(LzSpace *space, PyObject *target, PyObject *fromlist, int flags, int offset)
{
    PyObject *answer = lz_ask("decide", "(OOOOOii)", space->name, space->file, space->facts, target, fromlist, flags, offset); /* owned */
    int decision = answer ? (int)PyLong_AsLong(answer) : -1;
    Py_XDECREF(answer);
    return decision;
}

/* Whether `names` holds `target`, or a dotted prefix of it below its top level; -1: error. */
static int
names_hold(PyObject *names, PyObject *target)
{
    int held = PySet_Contains(names, target);
    Py_ssize_t top = PyUnicode_FindChar(target, '.', 0, PyUnicode_GET_LENGTH(target), 1), end = PyUnicode_GET_LENGTH(target);
    while (held == 0 && (end = PyUnicode_FindChar(target, '.', 0, end, -1)) > top) {
        PyObject *prefix = PyUnicode_Substring(target, 0, end); /* owned */
        held = prefix ? PySet_Contains(names, prefix) : -1;
        Py_XDECREF(prefix);
    }
    return held;
}

/* Whether the statement wants something that `names` holds; -1: error. */
static int
is_named(PyObject *names, PyObject *target, PyObject *fromlist)
{
    int held = names_hold(names, target);
    for (Py_ssize_t i = 0; held == 0 && PyTuple_CheckExact(fromlist) && i < PyTuple_GET_SIZE(fromlist); i++) {
        PyObject *name = PyTuple_GET_ITEM(fromlist, i); /* borrowed */
        if (!PyUnicode_CheckExact(name)) {
            return 0; /* it is called by hand */
        }
        PyObject *full = PyUnicode_FromFormat("%U.%U", target, name); /* owned */
        held = full ? PySet_Contains(names, full) : -1;
        Py_XDECREF(full);
    }
    return held;
}

/* The bits of a verdict, which lazyimp/_policy.py packs: an int, or (int, names that decide() is asked about); -1: error. */
int
lz_unpack(PyObject *verdict, PyObject *target, PyObject *fromlist)
{
    if (!PyTuple_CheckExact(verdict)) {
        return (int)PyLong_AsLong(verdict);
    }
    int bits;
    PyObject *names; /* borrowed */
    if (!PyArg_ParseTuple(verdict, "iO!", &bits, &PyFrozenSet_Type, &names)) {
        return -1;
    }
    int named = is_named(names, target, fromlist);
    return named < 0 ? -1 : named ? bits | LZ_BIT_ASK : bits;
}

/* The policy's bits for this statement, a verdict on all imports of the target's top level by modules of this unit; -1: error. */
int
lz_rate(LzSpace *space, PyObject *target, PyObject *fromlist)
{
    Py_ssize_t dot = PyUnicode_FindChar(target, '.', 0, PyUnicode_GET_LENGTH(target), 1);
    PyObject *top = dot < 0 ? Py_NewRef(target) : PyUnicode_Substring(target, 0, dot); /* owned */
    PyObject *verdict = top ? Py_XNewRef(PyDict_GetItemWithError(space->table, top)) : NULL; /* owned */
    int bits = -1;
    if (verdict != NULL) {
        bits = lz_unpack(verdict, target, fromlist);
    }
    else if (top != NULL && !PyErr_Occurred()) {
        verdict = lz_ask("fill", "(OOO)", space->name, space->file, top);
        bits = verdict ? lz_unpack(verdict, target, fromlist) : -1;
        if (bits >= 0 && !(bits & LZ_BIT_NO_STORE) && PyDict_SetItem(space->table, top, verdict) < 0) {
            bits = -1;
        }
    }
    Py_XDECREF(verdict);
    Py_XDECREF(top);
    return bits;
}

int
lz_decide(LzSpace *space, PyObject *target, PyObject *fromlist, int bits, int flags, int offset)
{
    if (bits & LZ_BIT_ASK || flags & LZ_BEFORE_ENVIRON) {
        return ask_policy(space, target, fromlist, flags, offset);
    }
    if (flags & LZ_PROTECTED) {
        return (bits & LZ_BIT_PROXY) && fromlist == Py_None ? LZ_PROXY : LZ_EAGER;
    }
    if (flags & LZ_UNUSED) {
        return bits & (fromlist == Py_None ? LZ_BIT_UNUSED : LZ_BIT_UNUSED_FROM) ? LZ_LAZY : LZ_EAGER;
    }
    return bits & LZ_BIT_LAZY ? LZ_LAZY : LZ_EAGER;
}
