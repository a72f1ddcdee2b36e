/* Chunks: a block of the interpreter's frame stack is kept when it is given back, and handed out again. CPython 3.11 to 3.13 map and unmap memory at every
 * call that happens to begin a new block, 100,000 times in a loop; where blocks end depends on how deep the importing was. */
#include "state.h"

#if PY_VERSION_HEX >= 0x030B0000 && PY_VERSION_HEX < 0x030E0000
#define LARGEST 65536 /* bytes; objects come in blocks of 256 KiB and more, and those are given back */

typedef struct {
    size_t size;
} Block; /* what a kept block begins with */

static PyObjectArenaAllocator before;
static Block *kept; /* of any thread and interpreter: exchanged at once */

static Block *
exchange(Block *block)
{
#ifdef _MSC_VER
    return (Block *)_InterlockedExchangePointer((void *volatile *)&kept, block);
#else
    return __atomic_exchange_n(&kept, block, __ATOMIC_ACQ_REL);
#endif
}

static void
give_back(void *Py_UNUSED(context), void *memory, size_t size)
{
    if (memory != NULL && size >= sizeof(Block) && size <= LARGEST) {
        ((Block *)memory)->size = size;
        memory = exchange(memory);
        size = memory ? ((Block *)memory)->size : 0;
    }
    if (memory != NULL) {
        before.free(before.ctx, memory, size);
    }
}

static void *
take(void *context, size_t size)
{
    Block *block = size <= LARGEST ? exchange(NULL) : NULL;
    if (block != NULL && block->size == size) {
        return block;
    }
    if (block != NULL) {
        give_back(context, block, block->size);
    }
    return before.alloc(before.ctx, size);
}

/* Begin; it stays, since blocks may be out. */
void
lz_keep_chunks(void)
{
    if (before.alloc == NULL) {
        PyObject_GetArenaAllocator(&before);
        PyObjectArenaAllocator ours = {NULL, take, give_back};
        PyObject_SetArenaAllocator(&ours);
    }
}
#else
void
lz_keep_chunks(void)
{
}
#endif
