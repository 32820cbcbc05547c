"""What NumPy notes at the head of an array, read for hundreds of arrays in one call.

Behind what every Python object begins with stand, a word each: the address of the elements,
the number of axes (half a word), the addresses of shape, strides and base, that of the dtype,
and the flags (half a word). `addresses.py` makes sure that it is so before it calls.
"""

from numba import carray, njit

from fusegrad.kernels.low_level import pointer_int64

ELEMENTS, AXES, SHAPE, DTYPE, FLAGS, WORDS = 0, 1, 2, 5, 6, 7
HALF = 0xFFFFFFFF


@njit(error_model="numpy")
def size_of(shape, other):
    """How many elements there are, or -1 where the shapes differ."""
    size = 1
    for d in range(shape.size):
        if shape[d] != other[d]:
            return -1
        size *= shape[d]
    return size


@njit(error_model="numpy")
def read(heads, needs, rows):
    """Fill rows with the addresses of the arrays whose heads are in a row, and their number of
    elements; False where they are not alike, in shape, in the dtype of the very first or in
    what their flags need.

    Shapes: (tensors, arrays), (arrays,) -> (tensors, arrays + 1).
    """
    count, width = heads.shape
    dtype = carray(pointer_int64(heads[0, 0]), WORDS)[DTYPE]
    for i in range(count):
        first = carray(pointer_int64(heads[i, 0]), WORDS)
        axes = first[AXES] & HALF
        shape = carray(pointer_int64(first[SHAPE]), axes)
        for k in range(width):
            head = carray(pointer_int64(heads[i, k]), WORDS)
            if head[DTYPE] != dtype or head[AXES] & HALF != axes:
                return False
            if head[FLAGS] & needs[k] != needs[k]:
                return False
            if size_of(carray(pointer_int64(head[SHAPE]), axes), shape) < 0:
                return False
            rows[i, k] = head[ELEMENTS]
        rows[i, width] = size_of(shape, shape)
    return True
