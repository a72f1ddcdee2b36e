name = "torch"


def backend():
    return name
