/* Deferrals: a line for each name that a statement left for later, and one for its first use: by whom, and what it took. */
#include "record.h"
#include "state.h"

typedef struct {
    PyObject *module, *bound, *target, *attribute, *file; /* owned; attribute: NULL for none */
    LzTime at;
    int line;
    unsigned char kind, told, settled; /* told: in this process's file */
} Note;

static struct {
    Note *rows;          /* owned: the one numbered `before` + 1 comes first */
    int count, room;
    int before;          /* of earlier recordings: a placeholder may have the number of one */
} notes;

static Note *
note_of(int deferral)
{
    return deferral > notes.before && deferral <= notes.before + notes.count ? &notes.rows[deferral - notes.before - 1] : NULL;
}

/* ---- deferrals ---------------------------------------------------------------------------------------------------------------------------------- */

static void
tell(int deferral, LzTime now)
{
    Note *note = note_of(deferral);
    int module = lz_text(note->module), bound = lz_text(note->bound), target = lz_text(note->target);
    int attribute = lz_text(note->attribute), file = lz_text(note->file);
    lz_line("d");
    lz_number(deferral);
    lz_number(module);
    lz_number(bound);
    lz_number(target);
    lz_number(attribute);
    lz_number(file);
    lz_number(note->line);
    lz_number(note->kind);
    lz_number(note->at - lz_recorder.base);
    lz_line_end(now);
    note->told = 1;
}

static int
add_note(Note note)
{
    if (notes.count == notes.room) {
        int room = notes.room ? 2 * notes.room : 256;
        Note *rows = PyMem_Realloc(notes.rows, (size_t)room * sizeof *rows);
        if (rows == NULL) {
            return 0;
        }
        notes.rows = rows;
        notes.room = room;
    }
    Py_XINCREF(note.module);
    Py_XINCREF(note.bound);
    Py_XINCREF(note.target);
    Py_XINCREF(note.attribute);
    Py_XINCREF(note.file);
    notes.rows[notes.count++] = note;
    return notes.before + notes.count;
}

/* An import of `target` tells of the first use of this deferral, and nothing else does. */
static void
wait_for_import(PyObject *target, int deferral)
{
    if (lz_recorder.waiting == NULL && !(lz_recorder.waiting = PyDict_New())) {
        PyErr_Clear();
        return;
    }
    PyObject *number = PyLong_FromLong(deferral);                              /* owned */
    PyObject *rows = PyDict_GetItemWithError(lz_recorder.waiting, target);     /* borrowed */
    PyObject *fresh = rows == NULL && !PyErr_Occurred() ? PyList_New(0) : NULL; /* owned */
    if (fresh != NULL && PyDict_SetItem(lz_recorder.waiting, target, fresh) == 0) {
        rows = fresh;
    }
    if (rows != NULL && number != NULL) {
        (void)PyList_Append(rows, number);
    }
    Py_XDECREF(fresh);
    Py_XDECREF(number);
    PyErr_Clear(); /* out of memory: its use is not seen */
}

int
lz_note_deferral_at(PyObject *module, PyObject *bound, PyObject *target, PyObject *attribute, PyObject *file, int line, int kind, int wait)
{
    if (!lz_wakes()) {
        return 0;
    }
    LzTime now = lz_now();
    if (!lz_recorder.main_seen && PyUnicode_Check(module) && PyUnicode_CompareWithASCIIString(module, "__main__") == 0) {
        lz_saw_main(now);
    }
    Note note = {.module = module, .bound = bound, .target = target, .attribute = attribute == Py_None ? NULL : attribute, .file = file,
                 .at = now, .line = line > 0 ? line : 0, .kind = (unsigned char)kind};
    int deferral = add_note(note);
    if (deferral > 0) {
        lz_recorder.totals.deferred++;
        tell(deferral, now);
        if (wait) {
            wait_for_import(target, deferral);
        }
    }
    return deferral;
}

int
lz_note_deferral(PyObject *module, PyObject *bound, PyObject *target, PyObject *attribute, PyObject *code, int offset, int kind)
{
    PyObject *file = NULL; /* borrowed */
    int line = 0;
    if (code != NULL && PyCode_Check(code)) {
        file = ((PyCodeObject *)code)->co_filename;
        line = lz_line_of((PyCodeObject *)code, offset);
    }
    return lz_note_deferral_at(module, bound, target, attribute, file, line, kind, 0);
}

/* ---- first uses --------------------------------------------------------------------------------------------------------------------------------- */

void
lz_write_use(LzUse *use, LzTime now, PyObject *error)
{
    Note *note = note_of(use->deferral);
    if (note != NULL && !note->settled && use->epoch == lz_recorder.epoch) {
        if (!note->told) {
            tell(use->deferral, now); /* it is its parent's, and so in the parent's file */
        }
        int file = lz_text(use->file), function = lz_text(use->function), failure = lz_text(error);
        lz_line("u");
        lz_number(use->deferral);
        lz_number(file);
        lz_number(use->line);
        lz_number(function);
        lz_number(use->at - lz_recorder.base);
        lz_number(now - use->at);
        lz_number(failure);
        lz_line_end(now);
        note->settled = error == NULL;
        lz_recorder.totals.used += error == NULL;
    }
    Py_CLEAR(use->file);
    Py_CLEAR(use->function);
    use->deferral = 0;
}

void
lz_use_begin(LzUse *use, int deferral)
{
    memset(use, 0, sizeof *use);
    if (!lz_wakes()) {
        return;
    }
    LzAsker asker;
    LzThread *thread = lz_thread();
    lz_asker(&asker);
    use->deferral = deferral;
    use->epoch = thread->epoch;
    use->line = asker.line;
    use->file = Py_XNewRef(asker.file);
    use->function = Py_XNewRef(asker.function);
    use->outer = thread->using;
    thread->using = 1;
    lz_asker_clear(&asker);
    use->at = lz_now();
}

void
lz_use_end(LzUse *use, PyObject *error)
{
    LzTime now = lz_now();
    PyObject *name = lz_type_name(error); /* owned */
    PyObject *type, *value, *trace;
    PyErr_Fetch(&type, &value, &trace);
    if (use->epoch == lz_recorder.epoch) {
        lz_thread()->using = use->outer;
    }
    lz_write_use(use, now, name);
    Py_XDECREF(name);
    PyErr_Restore(type, value, trace);
}

void
lz_note_used(int deferral)
{
    Note *note = note_of(deferral);
    LzUse use;
    if (note == NULL || note->settled) {
        return;
    }
    PyObject *type, *error, *trace;
    PyErr_Fetch(&type, &error, &trace);
    lz_use_begin(&use, deferral);
    if (use.deferral) {
        lz_thread()->using = use.outer;
        lz_write_use(&use, use.at, NULL);
    }
    PyErr_Restore(type, error, trace);
}

/* ---- uses that only an import tells of (core native) -------------------------------------------------------------------------------------------- */

static int
is_same(PyObject *a, PyObject *b)
{
    return a != NULL && b != NULL && PyUnicode_Check(a) && PyUnicode_Check(b) && (a == b || PyUnicode_Compare(a, b) == 0);
}

/* How well a waiting deferral fits the code that asks: by the name it reads, then by its module; 0: not at all. */
static int
fit(Note *note, PyObject *name, PyObject *module)
{
    if (name != NULL && !is_same(note->bound, name)) {
        return 0;
    }
    return is_same(note->module, module) ? 3 : name != NULL ? 2 : 1;
}

int
lz_settled_by(PyObject *target, LzAsker *asker)
{
    PyObject *rows = lz_recorder.waiting ? PyDict_GetItemWithError(lz_recorder.waiting, target) : NULL; /* borrowed */
    if (rows == NULL || asker->called || asker->op == IMPORT_NAME || lz_thread()->using) {
        PyErr_Clear();
        return 0;
    }
    PyObject *name = lz_name_read(asker); /* owned */
    PyObject *module = asker->globals ? PyDict_GetItemWithError(asker->globals, lz_names.name) : NULL; /* borrowed */
    int best = 0, deferral = 0;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(rows); i++) {
        int number = (int)PyLong_AsLong(PyList_GET_ITEM(rows, i));
        Note *note = note_of(number);
        int fits = note && !note->settled ? fit(note, name, module) : 0;
        if (fits > best) {
            best = fits;
            deferral = number;
        }
    }
    Py_XDECREF(name);
    PyErr_Clear();
    return deferral;
}

/* ---- the whole ---------------------------------------------------------------------------------------------------------------------------------- */

PyObject *
lz_unused(void)
{
    PyObject *found = PyList_New(0); /* owned, returned */
    for (int i = 0; found != NULL && i < notes.count; i++) {
        PyObject *number = notes.rows[i].told && !notes.rows[i].settled ? PyLong_FromLong(notes.before + i + 1) : NULL; /* owned */
        if (number != NULL && PyList_Append(found, number) < 0) {
            Py_CLEAR(found);
        }
        Py_XDECREF(number);
    }
    return found;
}

void
lz_forget_deferrals(int forked)
{
    for (int i = 0; i < notes.count; i++) {
        Note *note = &notes.rows[i];
        note->told = 0;
        if (!forked) {
            Py_XDECREF(note->module);
            Py_XDECREF(note->bound);
            Py_XDECREF(note->target);
            Py_XDECREF(note->attribute);
            Py_XDECREF(note->file);
        }
    }
    if (!forked) {
        PyMem_Free(notes.rows);
        notes.rows = NULL;
        notes.before += notes.count;
        notes.count = notes.room = 0;
        Py_CLEAR(lz_recorder.waiting);
    }
}
