/* Values: what instructions that tell nothing leave on the stack of an outline. */
#include "outline.h"

static PyObject *
local(PyCodeObject *code, int index, int deref)
{
    int own = 1;
    PyObject *names, *result;
#if PY_VERSION_HEX >= 0x030B0000
    names = Py_NewRef(code->co_localsplusnames); /* owned */
    own = index < code->co_nlocalsplus - code->co_nfreevars;
#else
    Py_ssize_t cells = PyTuple_GET_SIZE(code->co_cellvars);
    own = !deref || index < cells;
    names = Py_NewRef(!deref ? code->co_varnames : own ? code->co_cellvars : code->co_freevars);
    index -= deref && !own ? (int)cells : 0;
#endif
    PyObject *name = name_at(names, index); /* borrowed */
    result = name ? PyUnicode_FromFormat(own || !deref ? "%%%U" : "^%U", name) : Py_NewRef(Py_None);
    Py_DECREF(names);
    return result;
}

int
lz_loads(Outline *o, Reader *r)
{
    PyObject *names = o->code->co_names, *name = name_read(r, names), *attr = attribute_read(r, names); /* borrowed */
    if (name != NULL) {
        int with_null = LZ_LOAD_GLOBAL_SHIFT && r->op == LOAD_GLOBAL && (r->arg & 1);
        o->failed |= PySet_Add(o->reads, name) < 0;
        if (r->op != LOAD_NAME && r->op != LOAD_GLOBAL) {
            drop(o, 1);
        }
        if (with_null && !LZ_NULL_AFTER) {
            push(o, Py_Ellipsis);
        }
        push(o, name);
        if (with_null && LZ_NULL_AFTER) {
            push(o, Py_Ellipsis);
        }
        return 1;
    }
    if (attr != NULL) {
        PyObject *chain = longer(peek(o, 1), "%U.%U", attr); /* owned */
        int method = r->op != LOAD_ATTR || (LZ_LOAD_ATTR_SHIFT && (r->arg & 1));
        drop(o, 1);
        push_new(o, chain);
        if (method) {
            push(o, Py_Ellipsis);
        }
        return 1;
    }
    switch (r->op) {
    case LOAD_CONST: {
        PyObject *value = name_at(o->code->co_consts, r->arg);
        push(o, value && !PyUnicode_CheckExact(value) && value != Py_Ellipsis ? value : Py_None);
        return 1;
    }
    case LOAD_BUILD_CLASS:
        push_new(o, PyUnicode_FromString("<class>"));
        return 1;
#ifdef PUSH_NULL
    case PUSH_NULL:
        push(o, Py_Ellipsis);
        return 1;
#endif
#ifdef KW_NAMES
    case KW_NAMES:
        o->keywords = name_at(o->code->co_consts, r->arg);
        return 1;
#endif
    case LOAD_FAST:
#ifdef LOAD_FAST_BORROW
    case LOAD_FAST_BORROW:
#endif
#ifdef LOAD_FAST_CHECK
    case LOAD_FAST_CHECK:
#endif
        push_new(o, local(o->code, r->arg, 0));
        return 1;
#ifdef LOAD_FAST_LOAD_FAST
    case LOAD_FAST_LOAD_FAST:
#ifdef LOAD_FAST_BORROW_LOAD_FAST_BORROW
    case LOAD_FAST_BORROW_LOAD_FAST_BORROW:
#endif
        push_new(o, local(o->code, r->arg >> 4, 0));
        push_new(o, local(o->code, r->arg & 15, 0));
        return 1;
#endif
    case LOAD_DEREF:
        push_new(o, local(o->code, r->arg, 1));
        return 1;
    default:
        return 0;
    }
}

static void
move_to_top(Outline *o, Py_ssize_t depth, int swap)
{
    Py_ssize_t size = PyList_GET_SIZE(o->stack), at = size - depth;
    if (at < 0 || depth < 1) {
        return;
    }
    PyObject *value = Py_NewRef(PyList_GET_ITEM(o->stack, at)), *top = Py_NewRef(PyList_GET_ITEM(o->stack, size - 1)); /* moved */
    o->failed |= PyList_SetItem(o->stack, at, swap ? top : Py_NewRef(value)) < 0;
    o->failed |= (swap ? PyList_SetItem(o->stack, size - 1, value) : PyList_Append(o->stack, value)) < 0;
    if (!swap) {
        Py_DECREF(value);
        Py_DECREF(top);
    }
}

int
lz_moves(Outline *o, Reader *r)
{
    switch (r->op) {
#ifdef COPY
    case COPY:
        move_to_top(o, r->arg, 0);
        return 1;
#endif
#ifdef SWAP
    case SWAP:
        move_to_top(o, r->arg, 1);
        return 1;
#endif
#ifdef DUP_TOP
    case DUP_TOP:
        move_to_top(o, 1, 0);
        return 1;
    case ROT_TWO:
        move_to_top(o, 2, 1);
        return 1;
#endif
    default:
        return 0;
    }
}

static int
takes_item(Reader *r)
{
#ifdef NB_SUBSCR
    return r->op == BINARY_OP && r->arg == NB_SUBSCR;
#else
    return lz_is_subscript(r->op);
#endif
}

/* All others: as many values go and come as the interpreter says; a function, and what is taken out of a container, are still told by their origin. */
void
lz_anything_else(Outline *o, Reader *r, int effect)
{
    if (lz_leaves_alone(r->op)) {
        return;
    }
    if (effect > 0 || lz_is_pure_pop(r->op)) {
        drop(o, effect < 0 ? -effect : 0);
        for (; effect > 0; effect--) {
            push(o, Py_None);
        }
        return;
    }
    PyObject *kept = Py_None; /* owned */
    int makes = r->op == MAKE_FUNCTION;
#ifdef SET_FUNCTION_ATTRIBUTE
    makes = makes || r->op == SET_FUNCTION_ATTRIBUTE;
#endif
    for (int i = 1; makes && kept == Py_None && i <= 1 - effect; i++) {
        kept = PyCode_Check(peek(o, i)) ? peek(o, i) : Py_None;
    }
    Py_INCREF(kept);
    if (takes_item(r)) {
        Py_SETREF(kept, longer(peek(o, 2), "%U[]", Py_None));
    }
    drop(o, 1 - effect);
    push_new(o, kept);
}
