/* Outline: what a code object calls, stores into and derives from, in the order of its text, each with the names it starts from. */
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

static void
push(Outline *o, PyObject *value)
{
    o->failed |= value == NULL || PyList_Append(o->stack, value) < 0;
}

static void
push_new(Outline *o, PyObject *value)
{
    push(o, value);
    Py_XDECREF(value);
}

/* The value `depth` below the top (1: the top), borrowed. */
static PyObject *
peek(Outline *o, Py_ssize_t depth)
{
    Py_ssize_t at = PyList_GET_SIZE(o->stack) - depth;
    return at >= 0 ? PyList_GET_ITEM(o->stack, at) : Py_None;
}

static void
drop(Outline *o, Py_ssize_t count)
{
    Py_ssize_t size = PyList_GET_SIZE(o->stack);
    o->failed |= PyList_SetSlice(o->stack, size > count ? size - count : 0, size, NULL) < 0;
}

static void
tell(Outline *o, const char *kind, PyObject *one, PyObject *two, PyObject *three)
{
    PyObject *row = Py_BuildValue("(sOOO)", kind, one, two, three); /* owned */
    o->failed |= row == NULL || PyList_Append(o->events, row) < 0;
    Py_XDECREF(row);
}

static PyObject *
longer(PyObject *value, const char *format, PyObject *name)
{
    return PyUnicode_CheckExact(value) ? PyUnicode_FromFormat(format, value, name) : Py_NewRef(Py_None);
}

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

/* ---- calls -------------------------------------------------------------------------------------------------------------------------------- */

static int
is_a_call(int op)
{
    switch (op) {
#ifdef CALL_FUNCTION
    case CALL_FUNCTION:
#endif
#ifdef CALL_METHOD
    case CALL_METHOD:
#endif
#ifdef CALL_FUNCTION_KW
    case CALL_FUNCTION_KW:
#endif
#ifdef CALL
    case CALL:
#endif
#ifdef CALL_KW
    case CALL_KW:
#endif
    case CALL_FUNCTION_EX:
        return 1;
    default:
        return 0;
    }
}

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

/* ---- the other instructions ----------------------------------------------------------------------------------------------------------------- */

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

/* Loads and what builds on them; 0: none of these. */
static int
loads(Outline *o, Reader *r)
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

static int
moves(Outline *o, Reader *r)
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

static int
leaves_alone(int op)
{
    switch (op) {
#ifdef NOP
    case NOP:
#endif
#ifdef RESUME
    case RESUME:
#endif
#ifdef PRECALL
    case PRECALL:
#endif
#ifdef NOT_TAKEN
    case NOT_TAKEN:
#endif
#ifdef TO_BOOL
    case TO_BOOL:
#endif
#ifdef CHECK_EXC_MATCH
    case CHECK_EXC_MATCH:
#endif
#ifdef SETUP_ANNOTATIONS
    case SETUP_ANNOTATIONS:
#endif
#ifdef JUMP_FORWARD
    case JUMP_FORWARD:
#endif
#ifdef JUMP_ABSOLUTE
    case JUMP_ABSOLUTE:
#endif
#ifdef JUMP_BACKWARD
    case JUMP_BACKWARD:
#endif
#ifdef MAKE_CELL
    case MAKE_CELL:
#endif
#ifdef DELETE_NAME
    case DELETE_NAME:
#endif
        return 1;
    default:
        return 0;
    }
}

/* Instructions that take values away and give none. */
static int
is_pure_pop(int op)
{
    switch (op) {
#ifdef POP_JUMP_IF_FALSE
    case POP_JUMP_IF_FALSE:
#endif
#ifdef POP_JUMP_IF_TRUE
    case POP_JUMP_IF_TRUE:
#endif
#ifdef POP_JUMP_FORWARD_IF_FALSE
    case POP_JUMP_FORWARD_IF_FALSE:
#endif
#ifdef POP_JUMP_FORWARD_IF_TRUE
    case POP_JUMP_FORWARD_IF_TRUE:
#endif
#ifdef POP_JUMP_IF_NONE
    case POP_JUMP_IF_NONE:
#endif
#ifdef POP_JUMP_IF_NOT_NONE
    case POP_JUMP_IF_NOT_NONE:
#endif
#ifdef POP_JUMP_FORWARD_IF_NONE
    case POP_JUMP_FORWARD_IF_NONE:
#endif
#ifdef POP_JUMP_FORWARD_IF_NOT_NONE
    case POP_JUMP_FORWARD_IF_NOT_NONE:
#endif
#ifdef JUMP_IF_TRUE_OR_POP
    case JUMP_IF_TRUE_OR_POP:
#endif
#ifdef JUMP_IF_FALSE_OR_POP
    case JUMP_IF_FALSE_OR_POP:
#endif
#ifdef JUMP_IF_NOT_EXC_MATCH
    case JUMP_IF_NOT_EXC_MATCH:
#endif
#ifdef STORE_FAST
    case STORE_FAST:
#endif
#ifdef STORE_DEREF
    case STORE_DEREF:
#endif
#ifdef STORE_FAST_STORE_FAST
    case STORE_FAST_STORE_FAST:
#endif
#ifdef RETURN_VALUE
    case RETURN_VALUE:
#endif
#ifdef RAISE_VARARGS
    case RAISE_VARARGS:
#endif
#ifdef RERAISE
    case RERAISE:
#endif
#ifdef POP_EXCEPT
    case POP_EXCEPT:
#endif
#ifdef IMPORT_STAR
    case IMPORT_STAR:
#endif
#ifdef PRINT_EXPR
    case PRINT_EXPR:
#endif
#ifdef END_FOR
    case END_FOR:
#endif
#ifdef POP_ITER
    case POP_ITER:
#endif
#ifdef LIST_APPEND
    case LIST_APPEND:
#endif
#ifdef SET_ADD
    case SET_ADD:
#endif
#ifdef MAP_ADD
    case MAP_ADD:
#endif
#ifdef LIST_EXTEND
    case LIST_EXTEND:
#endif
#ifdef SET_UPDATE
    case SET_UPDATE:
#endif
#ifdef DICT_UPDATE
    case DICT_UPDATE:
#endif
#ifdef DICT_MERGE
    case DICT_MERGE:
#endif
        return 1;
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
static void
anything_else(Outline *o, Reader *r)
{
    int effect = PyCompile_OpcodeStackEffectWithJump(r->op, r->arg, 0);
    if (effect == PY_INVALID_STACK_EFFECT) {
        PyErr_Clear();
        effect = 0;
    }
    if (is_a_call(r->op)) {
        effect -= LZ_PRECALL && r->op != CALL_FUNCTION_EX ? r->arg : 0;
        call(o, r->op, 1 - effect);
        return;
    }
    if (leaves_alone(r->op)) {
        return;
    }
    if (effect > 0 || is_pure_pop(r->op)) {
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
        if (!loads(o, &r) && !stores(o, &r) && !moves(o, &r)) {
            anything_else(o, &r);
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
