/* Outline: what is known about the values on the stack while a code object is read, and the events told so far. */
#ifndef LAZYIMP_OUTLINE_H
#define LAZYIMP_OUTLINE_H

#include "reader.h"

/* A stack of what is known about values: a str ("a.b().c", "%x" a local, "^x" of an enclosing function), a code object, another constant,
 * Ellipsis for the interpreter's NULL beside a callable, None where nothing is known. Jumps are not followed: what they leave behind lies below. */
typedef struct {
    PyCodeObject *code;
    PyObject *events, *reads;     /* owned: list, set */
    PyObject *stack;              /* owned: list */
    PyObject *keywords;           /* borrowed: what KW_NAMES gave */
    LzFacts *facts;               /* owned */
    int failed;
} Outline;

static inline void
push(Outline *o, PyObject *value)
{
    o->failed |= value == NULL || PyList_Append(o->stack, value) < 0;
}

static inline void
push_new(Outline *o, PyObject *value)
{
    push(o, value);
    Py_XDECREF(value);
}

/* The value `depth` below the top (1: the top), borrowed. */
static inline PyObject *
peek(Outline *o, Py_ssize_t depth)
{
    Py_ssize_t at = PyList_GET_SIZE(o->stack) - depth;
    return at >= 0 ? PyList_GET_ITEM(o->stack, at) : Py_None;
}

static inline void
drop(Outline *o, Py_ssize_t count)
{
    Py_ssize_t size = PyList_GET_SIZE(o->stack);
    o->failed |= PyList_SetSlice(o->stack, size > count ? size - count : 0, size, NULL) < 0;
}

static inline void
tell(Outline *o, const char *kind, PyObject *one, PyObject *two, PyObject *three)
{
    PyObject *row = Py_BuildValue("(sOOO)", kind, one, two, three); /* owned */
    o->failed |= row == NULL || PyList_Append(o->events, row) < 0;
    Py_XDECREF(row);
}

static inline PyObject *
longer(PyObject *value, const char *format, PyObject *name)
{
    return PyUnicode_CheckExact(value) ? PyUnicode_FromFormat(format, value, name) : Py_NewRef(Py_None);
}

int lz_is_call(int op); /* opcodes.c */
int lz_leaves_alone(int op);
int lz_is_pure_pop(int op);

int lz_loads(Outline *o, Reader *r); /* values.c: loads and what builds on them; 0: none of these */
int lz_moves(Outline *o, Reader *r); /* values within the stack; 0: none of these */
void lz_anything_else(Outline *o, Reader *r, int effect); /* as many values go and come as the interpreter says */

#endif
