/* Outline: what a code object calls, stores into and derives from, in the order of its text, each with the names it starts from. */
#include "outline.h"

/* The names of a call's keyword arguments, borrowed, or None. */
static PyObject *
keyword_names(Outline *o, int op)
{
    PyObject *names = o->keywords;
#ifdef CALL_FUNCTION_KW
    names = op == CALL_FUNCTION_KW ? peek(o, 1) : names;
#endif
#ifdef CALL_KW
    names = op == CALL_KW ? peek(o, 1) : names;
#endif
    (void)op;
    return names != NULL && PyTuple_CheckExact(names) ? names : Py_None;
}

static void
call(Outline *o, int op, Py_ssize_t popped)
{
    PyObject *callee = peek(o, popped), *next = popped > 1 ? peek(o, popped - 1) : Py_None; /* borrowed until the drop */
    Py_ssize_t first = popped - 1; /* depth of the first argument */
    if (callee == Py_Ellipsis) {
        callee = next;
        first--;
    }
    else if (next == Py_Ellipsis) {
        first--;
    }
    Py_INCREF(callee);
    PyObject *names = Py_NewRef(keyword_names(o, op)), *result = Py_None; /* owned, borrowed */
    Py_ssize_t count = first - (names != Py_None && o->keywords == NULL);
    PyObject *args = PyTuple_New(count > 0 ? count : 0); /* owned */
    for (Py_ssize_t i = 0; args != NULL && i < count; i++) {
        PyTuple_SET_ITEM(args, i, Py_NewRef(peek(o, first - i)));
    }
    o->keywords = NULL;
    drop(o, popped);
    if (args == NULL) {
        o->failed = 1;
    }
    else if (callee != Py_None && (PyUnicode_CheckExact(callee) || PyCode_Check(callee))) {
        tell(o, "call", callee, args, names);
        result = PyUnicode_CheckExact(callee) && is(callee, "<class>") && count > 0 ? PyTuple_GET_ITEM(args, 0) : Py_None;
    }
    if (result != Py_None) {
        push(o, result);
    }
    else {
        push_new(o, longer(callee, "%U()", Py_None));
    }
    Py_DECREF(callee);
    Py_DECREF(names);
    Py_XDECREF(args);
}

/* `r` stands on a load of TYPE_CHECKING: where the code goes on when it is false, or 0. */
static int
behind_type_checking(Reader r)
{
    if (!read_next(&r)) {
        return 0;
    }
#ifdef TO_BOOL
    if (r.op == TO_BOOL && !read_next(&r)) {
        return 0;
    }
#endif
    return lz_jump_if_false(&r);
}

/* Stores and drops; 0: none of these. */
static int
stores(Outline *o, Reader *r)
{
    PyObject *name = name_at(o->code->co_names, r->arg), *top = peek(o, 1); /* borrowed */
    switch (r->op) {
    case STORE_NAME:
        tell(o, "bind", name, PyUnicode_CheckExact(top) || PyCode_Check(top) ? top : Py_None, Py_None);
        drop(o, 1);
        return 1;
    case STORE_GLOBAL:
    case DELETE_GLOBAL:
        tell(o, "global", name, Py_None, Py_None);
        drop(o, r->op == STORE_GLOBAL);
        return 1;
    case STORE_ATTR:
    case DELETE_ATTR:
        tell(o, "attr", top, name, Py_None);
        drop(o, r->op == STORE_ATTR ? 2 : 1);
        return 1;
    case STORE_SUBSCR:
    case DELETE_SUBSCR:
        tell(o, "item", peek(o, 2), top, Py_None);
        drop(o, r->op == STORE_SUBSCR ? 3 : 2);
        return 1;
#ifdef STORE_SLICE
    case STORE_SLICE:
        tell(o, "item", peek(o, 3), Py_None, Py_None);
        drop(o, 4);
        return 1;
#endif
    case POP_TOP:
        if (PyUnicode_CheckExact(top) && PyUnicode_READ_CHAR(top, PyUnicode_GET_LENGTH(top) - 1) == ')') {
            tell(o, "drop", top, Py_None, Py_None);
        }
        drop(o, 1);
        return 1;
    default:
        return 0;
    }
}

/* What the module itself imports here: (name, level, attributes or None, names bound). */
static void
imports(Outline *o, Reader *r)
{
    LzStatement *s = lz_statement(o->facts, r->offset);
    if (s == NULL) {
        return;
    }
    int from = s->flags & LZ_FROM, count = s->count;
    PyObject *attrs = PyTuple_New(count), *bound = PyTuple_New(count), *level = PyLong_FromLong(s->level), *where = NULL; /* owned */
    for (int i = 0; attrs && bound && i < count; i++) {
        LzBind *b = &o->facts->binds[s->first + i];
        PyTuple_SET_ITEM(attrs, i, Py_NewRef(b->attr ? b->attr : Py_None));
        PyTuple_SET_ITEM(bound, i, Py_NewRef(b->store));
    }
    if (attrs && bound && level) {
        where = PyTuple_Pack(3, level, s->flags & LZ_STAR ? Py_True : from ? Py_False : Py_None, s->name);
    }
    if (where != NULL) {
        tell(o, "import", where, attrs, bound);
    }
    o->failed |= where == NULL;
    Py_XDECREF(attrs);
    Py_XDECREF(bound);
    Py_XDECREF(level);
    Py_XDECREF(where);
}

/* How many more values an instruction leaves than it takes. */
static int
stack_effect(Reader *r)
{
    int effect = PyCompile_OpcodeStackEffectWithJump(r->op, r->arg, 0);
    if (effect == PY_INVALID_STACK_EFFECT) {
        PyErr_Clear();
        return 0;
    }
    return effect;
}

static void
walk(Outline *o, Reader r)
{
    while (!o->failed && read_next(&r)) {
        PyObject *name = name_read(&r, o->code->co_names), *attr = attribute_read(&r, o->code->co_names); /* borrowed */
        int behind = is(name, "TYPE_CHECKING") || is(attr, "TYPE_CHECKING") ? behind_type_checking(r) : 0;
        behind = is(name, "__name__") ? lz_behind_main_guard(r, o->code) : behind;
        if (behind > r.next) {
            r.next = behind;
            continue;
        }
        if (r.op == IMPORT_NAME && o->facts != NULL) {
            imports(o, &r);
        }
        if (lz_loads(o, &r) || stores(o, &r) || lz_moves(o, &r)) {
            continue;
        }
        int effect = stack_effect(&r);
        if (lz_is_call(r.op)) {
            call(o, r.op, 1 - effect + (LZ_PRECALL && r.op != CALL_FUNCTION_EX ? r.arg : 0));
        }
        else {
            lz_anything_else(o, &r, effect);
        }
    }
}

PyObject *
lz_outline(PyObject *object)
{
    if (!PyCode_Check(object)) {
        PyErr_Format(PyExc_TypeError, "outline() takes a code object, not %.100s", Py_TYPE(object)->tp_name);
        return NULL;
    }
    Outline o = {(PyCodeObject *)object, PyList_New(0), PySet_New(NULL), PyList_New(0), NULL, NULL, 0};
    PyObject *bytes = lz_clean_code(o.code), *result = NULL; /* owned */
    if (!(o.code->co_flags & CO_OPTIMIZED)) {
        o.facts = (LzFacts *)lz_analyse(object);
        o.failed = o.facts == NULL;
    }
    if (o.events && o.reads && o.stack && bytes && !o.failed) {
        walk(&o, reader_of(bytes));
        result = o.failed ? NULL : PyTuple_Pack(2, o.events, o.reads);
    }
    Py_XDECREF(o.events);
    Py_XDECREF(o.reads);
    Py_XDECREF(o.stack);
    Py_XDECREF((PyObject *)o.facts);
    Py_XDECREF(bytes);
    return result;
}
