/* Lines: the line of an instruction. The interpreter looks it up from the code's beginning, which a module with many imports pays for with each of them; who
 * records asks in the order of the instructions, and so goes on from the last one. */
#include "record.h"

#if LZ_LINE_TABLE

#define SLOTS 32 /* imports are nested, and each module goes on where it was */

typedef struct {
    PyObject *table;           /* owned: the code's, so that nobody else gets its address; or NULL */
    const unsigned char *next; /* the entry behind the one that was found */
    int first, start, end;     /* of the code; from and to which offset the one that was found reaches, in bytes */
    int computed, line;        /* line: 0 where it has none */
} Cursor;

static Cursor cursors[SLOTS];

static int
read_varint(const unsigned char **p, const unsigned char *end)
{
    unsigned int value = 0, shift = 0, byte = 64;
    while (byte & 64 && *p < end) {
        byte = *(*p)++;
        value |= (byte & 63) << shift;
        shift += 6;
    }
    return (int)value;
}

static int
read_signed(const unsigned char **p, const unsigned char *end)
{
    int value = read_varint(p, end);
    return value & 1 ? -(value >> 1) : value >> 1;
}

/* One entry of CPython's Objects/locations.md: a byte with its kind and length, what the kind needs, which never has the high bit. */
static void
read_entry(Cursor *at, const unsigned char *end)
{
    enum { ONE_LINE = 10, NO_COLUMNS = 13, LONG = 14, NONE = 15 };
    int byte = *at->next++, kind = byte >> 3 & 15;
    const unsigned char *p = at->next;
    at->computed += kind == NO_COLUMNS || kind == LONG ? read_signed(&p, end) : kind >= ONE_LINE && kind < NO_COLUMNS ? kind - ONE_LINE : 0;
    at->line = kind == NONE ? 0 : at->computed;
    at->start = at->end;
    at->end += ((byte & 7) + 1) * 2;
    while (p < end && !(*p & 128)) {
        p++;
    }
    at->next = p;
}

static int
find(PyCodeObject *code, int offset)
{
    PyObject *table = code->co_linetable; /* borrowed */
    Cursor *at = &cursors[((uintptr_t)table >> 4) % SLOTS];
    if (at->table != table || at->first != code->co_firstlineno || offset < at->start) {
        Py_INCREF(table);
        Py_XSETREF(at->table, table);
        at->next = (const unsigned char *)PyBytes_AS_STRING(table);
        at->first = at->computed = code->co_firstlineno;
        at->start = at->end = at->line = 0;
    }
    const unsigned char *end = (const unsigned char *)PyBytes_AS_STRING(table) + PyBytes_GET_SIZE(table);
    while (offset >= at->end && at->next < end) {
        read_entry(at, end);
    }
    return offset < at->end ? at->line : 0;
}

#endif

int
lz_line_of(PyCodeObject *code, int offset)
{
    if (offset < 0) {
        return code->co_firstlineno;
    }
#if LZ_LINE_TABLE
    if (lz_recording) {
        return find(code, offset);
    }
#endif
    int line = PyCode_Addr2Line(code, offset);
    return line > 0 ? line : 0;
}

void
lz_forget_lines(void)
{
#if LZ_LINE_TABLE
    for (int i = 0; i < SLOTS; i++) {
        Py_CLEAR(cursors[i].table);
    }
#endif
}
