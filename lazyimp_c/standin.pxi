# Placeholder: what stands for a binding that is not imported yet. Lookups never see one (the armed key imports first); it shows only where values are
# read without a lookup: copies of a namespace, .values(), C code that walks a dict. There it forwards everything to the real object.

cimport cython
from cpython.number cimport PyNumber_Index
from cpython.object cimport PyObject_RichCompare


@cython.no_gc  # a deferred statement must not bring the next collection nearer; it holds names, code and, once done, the real object
cdef public class Placeholder [object LzPlaceholder, type LzPlaceholder_Type]:
    """Stands for `module` (kind 0), for a package reached by its first name (1) or for `attr` of `module` (2)."""
    cdef object module, attr, bound, code, paths, filters, value
    cdef int kind, offset, done, busy, flags
    cdef int order  # of its statement among all, in the eager order
    cdef int deferral  # its number in the record, 0 for none
    cdef unsigned long owner

    def __getattribute__(self, name):
        return getattr(lz_real(self), name)

    def __setattr__(self, name, value):
        setattr(lz_real(self), name, value)

    def __delattr__(self, name):
        delattr(lz_real(self), name)

    def __call__(self, *args, **kwargs):
        return lz_real(self)(*args, **kwargs)

    def __repr__(self):
        return repr(lz_real(self))

    def __str__(self):
        return str(lz_real(self))

    def __format__(self, spec):
        return format(lz_real(self), spec)

    def __hash__(self):
        return hash(lz_real(self))

    def __richcmp__(self, other, int op):
        return PyObject_RichCompare(real(self), real(other), op)

    def __bool__(self):
        return bool(lz_real(self))

    def __len__(self):
        return len(lz_real(self))

    def __iter__(self):
        return iter(lz_real(self))

    def __next__(self):
        return next(lz_real(self))

    def __contains__(self, item):
        return item in lz_real(self)

    def __getitem__(self, key):
        return lz_real(self)[key]

    def __setitem__(self, key, value):
        lz_real(self)[key] = value

    def __delitem__(self, key):
        del lz_real(self)[key]

    def __add__(self, other):
        return real(self) + real(other)

    def __radd__(self, other):
        return real(other) + real(self)

    def __sub__(self, other):
        return real(self) - real(other)

    def __rsub__(self, other):
        return real(other) - real(self)

    def __mul__(self, other):
        return real(self) * real(other)

    def __rmul__(self, other):
        return real(other) * real(self)

    def __truediv__(self, other):
        return real(self) / real(other)

    def __rtruediv__(self, other):
        return real(other) / real(self)

    def __floordiv__(self, other):
        return real(self) // real(other)

    def __rfloordiv__(self, other):
        return real(other) // real(self)

    def __mod__(self, other):
        return real(self) % real(other)

    def __rmod__(self, other):
        return real(other) % real(self)

    def __pow__(self, other, modulo):
        return pow(real(self), real(other), real(modulo)) if modulo is not None else real(self) ** real(other)

    def __rpow__(self, other, modulo):
        return real(other) ** real(self)

    def __and__(self, other):
        return real(self) & real(other)

    def __rand__(self, other):
        return real(other) & real(self)

    def __or__(self, other):
        return real(self) | real(other)

    def __ror__(self, other):
        return real(other) | real(self)

    def __xor__(self, other):
        return real(self) ^ real(other)

    def __rxor__(self, other):
        return real(other) ^ real(self)

    def __lshift__(self, other):
        return real(self) << real(other)

    def __rshift__(self, other):
        return real(self) >> real(other)

    def __matmul__(self, other):
        return real(self) @ real(other)

    def __rmatmul__(self, other):
        return real(other) @ real(self)

    def __neg__(self):
        return -lz_real(self)

    def __pos__(self):
        return +lz_real(self)

    def __abs__(self):
        return abs(lz_real(self))

    def __invert__(self):
        return ~lz_real(self)

    def __int__(self):
        return int(lz_real(self))

    def __float__(self):
        return float(lz_real(self))

    def __index__(self):
        return PyNumber_Index(lz_real(self))

    def __enter__(self):
        return lz_real(self).__enter__()

    def __exit__(self, *args):
        return lz_real(self).__exit__(*args)

    def __mro_entries__(self, bases):
        return (lz_real(self),)

    def __instancecheck__(self, instance):
        return isinstance(instance, lz_real(self))

    def __subclasscheck__(self, cls):
        return issubclass(cls, lz_real(self))

    def __reduce_ex__(self, protocol):
        # through __getattribute__ pickle asks the real object; this is for those who ask the type
        return lz_real(self).__reduce_ex__(protocol)


cdef object real(object thing):
    return lz_real(thing) if type(thing) is Placeholder else thing
