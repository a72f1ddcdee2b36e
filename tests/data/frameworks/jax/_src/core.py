depth = [0]


def trace_state_clean():
    return not depth[0]
