/* Reader: walks the instructions of a code object, whatever the version: EXTENDED_ARG folded in, caches passed over. */
#ifndef LAZYIMP_READER_H
#define LAZYIMP_READER_H

#include "core.h"

typedef struct {
    const unsigned char *bytes;
    int size, next;          /* in bytes; `next` is where the following instruction starts */
    int offset, op, arg;     /* the current one; EXTENDED_ARG is folded in, and `offset` is that of the instruction itself */
} Reader;

static inline int
read_next(Reader *r)
{
    int arg = 0;
    while (r->next + 1 < r->size) {
        int op = r->bytes[r->next];
        r->offset = r->next;
        arg = (arg << 8) | r->bytes[r->next + 1];
        r->next += 2;
        if (op == EXTENDED_ARG) {
            continue;
        }
#if PY_VERSION_HEX >= 0x030B0000
        if (op == CACHE) {
            arg = 0;
            continue;
        }
#endif
        r->op = op;
        r->arg = arg;
        return 1;
    }
    r->op = -1;
    return 0;
}

static inline int
lz_is_null_push(int op)
{
#ifdef PUSH_NULL
    return op == PUSH_NULL;
#else
    (void)op;
    return 0;
#endif
}

/* Pushes a local variable. */
static inline int
lz_is_local_load(int op)
{
#ifdef LOAD_FAST_BORROW
    if (op == LOAD_FAST_BORROW) {
        return 1;
    }
#endif
    return op == LOAD_FAST;
}

static inline PyObject *
name_at(PyObject *names, int index)
{
    return index >= 0 && index < PyTuple_GET_SIZE(names) ? PyTuple_GET_ITEM(names, index) : NULL;
}

/* The name an instruction reads from the namespace, borrowed, or NULL. */
static inline PyObject *
name_read(Reader *r, PyObject *names)
{
    switch (r->op) {
    case LOAD_NAME:
        return name_at(names, r->arg);
    case LOAD_GLOBAL:
        return name_at(names, r->arg >> LZ_LOAD_GLOBAL_SHIFT);
#ifdef LOAD_FROM_DICT_OR_GLOBALS
    case LOAD_FROM_DICT_OR_GLOBALS:
        return name_at(names, r->arg);
#endif
    default:
        return NULL;
    }
}

static inline int
is_attribute(Reader *r)
{
#ifdef LOAD_METHOD
    if (r->op == LOAD_METHOD) {
        return 1;
    }
#endif
    return r->op == LOAD_ATTR;
}

static inline PyObject *
attribute_read(Reader *r, PyObject *names)
{
    if (!is_attribute(r)) {
        return NULL;
    }
#ifdef LOAD_METHOD
    if (r->op == LOAD_METHOD && LZ_LOAD_ATTR_SHIFT == 0) {
        return name_at(names, r->arg);
    }
#endif
    return name_at(names, r->arg >> LZ_LOAD_ATTR_SHIFT);
}

static inline int
is(PyObject *name, const char *text)
{
    return name != NULL && PyUnicode_GET_LENGTH(name) > 0 && PyUnicode_READ_CHAR(name, 0) == (unsigned char)text[0]
           && PyUnicode_CompareWithASCIIString(name, text) == 0;
}

static inline int
is_any(PyObject *name, const char *const *texts)
{
    for (; *texts; texts++) {
        if (is(name, *texts)) {
            return 1;
        }
    }
    return 0;
}

static inline Reader
reader_of(PyObject *bytes)
{
    return (Reader){(const unsigned char *)PyBytes_AS_STRING(bytes), (int)PyBytes_GET_SIZE(bytes), 0, 0, 0, 0};
}

/* Where the code goes on when the conditional jump that `r` stands on finds "false", or 0: it is no such jump. */
static inline int
lz_jump_if_false(Reader *r)
{
#if PY_VERSION_HEX < 0x030B0000
    return r->op == POP_JUMP_IF_FALSE ? 2 * r->arg : 0;
#else
#if PY_VERSION_HEX < 0x030C0000
    int jumps = r->op == POP_JUMP_FORWARD_IF_FALSE;
#else
    int jumps = r->op == POP_JUMP_IF_FALSE;
#endif
    int next = r->next;
    while (next + 1 < r->size && r->bytes[next] == CACHE) {
        next += 2;
    }
    return jumps ? next + 2 * r->arg : 0;
#endif
}

int lz_behind_main_guard(Reader r, PyCodeObject *code); /* effects.c */
int lz_is_subscript(int op);                            /* scan.c */

#endif
