/* Armed keys: a str subclass that imports when an equal name is compared with it, that is, when somebody looks the name up. */
#include "state.h"

/* ---- firing ------------------------------------------------------------------------------------------------------------------------------ */

static int met_equal; /* a quiet lookup with a key of ours met another key that is equal to it */

/* Dicts hold tables that a lookup further up the stack may still compare an address with; nobody can be at one when no lookup of ours runs. */
void
lz_bury(void)
{
    if (lz.lookups == 0 && lz.graveyard != NULL && PyList_GET_SIZE(lz.graveyard) > 0) {
        PyList_SetSlice(lz.graveyard, 0, PyList_GET_SIZE(lz.graveyard), NULL);
    }
}

/* What lies in the namespace under `key` itself, borrowed. A deleted name that was stored anew lies under a plain key that is equal: NULL. */
static PyObject *
value_under(LzSpace *space, PyObject *key)
{
    if (!PyDict_CheckExact(space->dict)) {
        return NULL; /* the collector has cleared the Space */
    }
    lz.quiet++;
    met_equal = 0;
    PyObject *value = PyDict_GetItemWithError(space->dict, key);
    lz.quiet--;
    if (value == NULL && PyErr_Occurred()) {
        PyErr_Clear(); /* hashing a str cannot fail */
    }
    return met_equal ? NULL : value;
}

PyObject *
lz_raw(LzSpace *space, PyObject *name)
{
    lz.quiet++;
    PyObject *value = PyDict_GetItemWithError(space->dict, name);
    lz.quiet--;
    return value;
}

static int
is_pending(PyObject *value)
{
    return value != NULL && Py_TYPE(value) == &LzPlaceholder_Type;
}

/* Import what `key` stands for and put it in place. */
static int
fire(LzKey *key)
{
    LzSpace *space = (LzSpace *)Py_NewRef(key->space); /* owned */
    PyObject *value = value_under(space, (PyObject *)key);
    int failed = 0;
    if (!is_pending(value)) {
        failed = lz_disarm(space, key); /* a plain store came first */
    }
    else if (!lz_is_store(space->dict)) {
        PyObject *type, *error, *trace; /* owned: C code may look a name up while it handles an error */
        PyErr_Fetch(&type, &error, &trace);
        Py_INCREF(value);
        lz.lookups++;
        PyObject *real = lz_reify(value); /* owned */
        failed = real == NULL || lz_settle(space, (PyObject *)key, value, real) < 0 || lz_settle_siblings(space, value) < 0;
        lz.lookups--;
        Py_XDECREF(real);
        Py_DECREF(value);
        if (!failed) {
            PyErr_Restore(type, error, trace);
        }
        else {
            Py_XDECREF(type);
            Py_XDECREF(error);
            Py_XDECREF(trace);
        }
    }
    Py_DECREF(space);
    return failed ? -1 : 0;
}

static PyObject *
key_richcompare(PyObject *a, PyObject *b, int op)
{
    PyObject *result = PyUnicode_Type.tp_richcompare(a, b, op); /* owned, returned */
    if (op != Py_EQ || result != Py_True) {
        return result;
    }
    if (lz.quiet) {
        met_equal = 1;
        return result;
    }
    LzKey *key = (LzKey *)(LzKey_Check(a) && (!LzKey_Check(b) || ((LzKey *)a)->space != NULL) ? a : b); /* an armed one of the two */
    if (key->space != NULL) {
        Py_INCREF(key);
        int failed = fire(key);
        Py_DECREF(key);
        if (failed) {
            Py_DECREF(result);
            return NULL;
        }
    }
    return result;
}

/* ---- arming and settling ------------------------------------------------------------------------------------------------------------------ */

int
lz_arm(LzSpace *space, PyObject *name, PyObject *placeholder)
{
    PyObject *key = PyDict_GetItemWithError(space->keys, name); /* borrowed */
    int in_place = key != NULL && value_under(space, key) != NULL;
    if (key == NULL && PyErr_Occurred()) {
        return -1;
    }
    if (!in_place && lz_raw(space, name) != NULL) {
        return 0; /* a dict keeps the key it has */
    }
    if (!PyErr_Occurred() && key != NULL) {
        return PyDict_SetItem(space->dict, key, placeholder) < 0 ? -1 : 1; /* bound again, or anew after a `del` */
    }
    if (PyErr_Occurred()) {
        return -1;
    }
    key = lz_key_new(name, space); /* owned */
    if (key == NULL) {
        return -1;
    }
    int failed = PyDict_SetItem(space->keys, name, key);
    if (!failed && (failed = PyDict_SetItem(space->dict, key, placeholder)) < 0) {
        PyObject *type, *error, *trace;
        PyErr_Fetch(&type, &error, &trace);
        if (PyDict_DelItem(space->keys, name) < 0) {
            PyErr_Clear();
        }
        PyErr_Restore(type, error, trace);
    }
    if (!failed) {
        space->armed++;
        failed = lz_dress(space);
    }
    else {
        Py_CLEAR(((LzKey *)key)->space);
    }
    Py_DECREF(key);
    return failed ? -1 : 1;
}

int
lz_disarm(LzSpace *space, LzKey *key)
{
    PyObject *owner = key->space; /* moved: released at the end */
    if (owner == NULL) {
        return 0;
    }
    key->space = NULL;
    space->armed--;
    int failed = 0;
    if (space->keys != Py_None && PyDict_DelItem(space->keys, key->name) < 0) {
        PyErr_Clear();
    }
    if (space->armed == 0) {
        failed = lz_rebuild(space);
        lz_undress(space);
    }
    Py_DECREF(owner);
    return failed;
}

int
lz_disarm_key(LzSpace *space, PyObject *key)
{
    return lz_disarm(space, (LzKey *)key);
}

int
lz_settle(LzSpace *space, PyObject *key, PyObject *placeholder, PyObject *value)
{
    Py_INCREF(key);
    int failed = 0;
    if (PyDict_CheckExact(space->dict) && lz_raw(space, ((LzKey *)key)->name) == placeholder) { /* under `key`, or a plain one after a freeze */
        lz.quiet++;
        failed = PyDict_SetItem(space->dict, key, value);
        lz.quiet--;
        if (!failed && ((LzKey *)key)->space == NULL && space->frozen) {
            failed = lz_warm(space); /* disable() came while this name was being imported */
        }
    }
    if (!failed) {
        failed = lz_disarm(space, (LzKey *)key) < 0 || lz_came(space, ((LzKey *)key)->name) < 0;
    }
    Py_DECREF(key);
    return failed ? -1 : 0;
}

/* ---- rebuilding ---------------------------------------------------------------------------------------------------------------------------- */

/* Give the namespace a table with plain keys for all that are not armed, entry for entry, so that iterators and PyDict_Next positions stay right. The
 * tables are swapped whole: nothing can fail half way, and a lookup in progress notices. */
int
lz_rebuild(LzSpace *space)
{
    PyDictObject *old = (PyDictObject *)space->dict;
    if (!PyDict_CheckExact(space->dict) || old->ma_values != NULL) {
        return 0;
    }
    PyObject *fresh = PyDict_New(), *holes = PyList_New(0); /* owned */
    PyObject *key, *value; /* borrowed */
    Py_ssize_t position = 0, filled = 0;
    int failed = fresh == NULL || holes == NULL;
    lz.quiet++;
    while (!failed && PyDict_Next(space->dict, &position, &key, &value)) {
        for (; !failed && filled < position - 1; filled++) { /* a deleted entry keeps its place */
            PyObject *hole = PyUnicode_FromFormat("\x01lazyimp hole %zd", filled); /* owned */
            failed = hole == NULL || PyDict_SetItem(fresh, hole, Py_None) < 0 || PyList_Append(holes, hole) < 0;
            Py_XDECREF(hole);
        }
        if (!failed) {
            int plain = LzKey_Check(key) && (((LzKey *)key)->space == NULL || space->frozen == LZ_THAWING);
            failed = PyDict_SetItem(fresh, plain ? ((LzKey *)key)->name : key, value) < 0;
            filled++;
        }
    }
    for (Py_ssize_t i = 0; !failed && i < PyList_GET_SIZE(holes); i++) {
        failed = PyDict_DelItem(fresh, PyList_GET_ITEM(holes, i)) < 0;
    }
    lz.quiet--;
    if (!failed && ((PyDictObject *)fresh)->ma_values == NULL) {
        PyDictObject *new = (PyDictObject *)fresh;
        PyDictKeysObject *keys = old->ma_keys;
        Py_ssize_t used = old->ma_used;
        old->ma_keys = new->ma_keys;
        old->ma_used = new->ma_used;
        new->ma_keys = keys;
        new->ma_used = used;
#if LZ_DICT_HAS_VERSION
        uint64_t version = old->ma_version_tag;
        old->ma_version_tag = new->ma_version_tag;
        new->ma_version_tag = version;
#endif
        if (lz.lookups > 0) {
            if (PyList_Append(lz.graveyard, fresh) < 0) {
                PyErr_Clear();
                Py_INCREF(fresh); /* leaked rather than freed under a lookup */
            }
#if PY_VERSION_HEX >= 0x030B0000 /* 3.10's dict.update() goes on reading the table it began with */
            position = 0; /* the old table is kept for its address: it must not keep what the program lets go */
            lz.quiet++;
            while (PyDict_Next(fresh, &position, &key, &value)) {
                if (PyDict_SetItem(fresh, key, Py_None) < 0) {
                    PyErr_Clear();
                }
            }
            lz.quiet--;
#endif
        }
    }
    Py_XDECREF(fresh);
    Py_XDECREF(holes);
    return failed ? -1 : 0;
}

/* ---- the type --------------------------------------------------------------------------------------------------------------------------------- */

PyObject *
lz_key_new(PyObject *name, LzSpace *space)
{
    PyObject *args = PyTuple_Pack(1, name); /* owned */
    LzKey *key = args ? (LzKey *)PyUnicode_Type.tp_new(&LzKey_Type, args, NULL) : NULL; /* owned, returned */
    Py_XDECREF(args);
    if (key != NULL) {
        key->name = Py_NewRef(name);
        key->space = Py_NewRef((PyObject *)space);
    }
    return (PyObject *)key;
}

/* Called by the program, with the type of a name that it met: an ordinary text. */
static PyObject *
key_tp_new(PyTypeObject *Py_UNUSED(type), PyObject *args, PyObject *kwargs)
{
    return PyUnicode_Type.tp_new(&PyUnicode_Type, args, kwargs);
}

static Py_hash_t
key_hash(PyObject *self)
{
    return PyUnicode_Type.tp_hash(self);
}

static int
key_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(((LzKey *)self)->space);
    return 0;
}

static int
key_clear(PyObject *self)
{
    Py_CLEAR(((LzKey *)self)->space);
    return 0;
}

static void
key_dealloc(PyObject *self)
{
    PyObject_GC_UnTrack(self);
    Py_CLEAR(((LzKey *)self)->space);
    Py_CLEAR(((LzKey *)self)->name);
    PyUnicode_Type.tp_dealloc(self);
}

/* Pickled and copied, a key is the name it stands for. */
static PyObject *
key_reduce(PyObject *self, PyObject *Py_UNUSED(protocol))
{
    return Py_BuildValue("(O(O))", (PyObject *)&PyUnicode_Type, ((LzKey *)self)->name);
}

static PyMethodDef key_methods[] = {
    {"__reduce_ex__", key_reduce, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

PyTypeObject LzKey_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "str", /* it shows where a program prints the type of a namespace's key */
    .tp_basicsize = sizeof(LzKey),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_base = &PyUnicode_Type,
    .tp_new = key_tp_new,
    .tp_hash = key_hash,
    .tp_richcompare = key_richcompare,
    .tp_traverse = key_traverse,
    .tp_clear = key_clear,
    .tp_dealloc = key_dealloc,
    .tp_free = PyObject_GC_Del,
    .tp_methods = key_methods,
};
