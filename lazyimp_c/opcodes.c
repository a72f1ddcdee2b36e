/* Opcodes: which instructions call, which take values away and give none, which leave them alone, whatever the version. */
#include "outline.h"

int
lz_is_call(int op)
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

int
lz_leaves_alone(int op)
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
int
lz_is_pure_pop(int op)
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
