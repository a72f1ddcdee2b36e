"""ipykernel: the parts of a kernel, and its launch specification."""

from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelspec import get_kernel_dict

print(IPythonKernel.implementation, sorted(get_kernel_dict())[:2])
