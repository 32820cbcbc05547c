"""Planes parted by residues, so that what a window meets at all its places is one run.

Elements that a window meets one after another stand `stride` apart. Part (a, b) of a plane
holds what stands at a + i stride, b + j stride of it in its border. All windows then see their
element k in one part, shifted. Results laid out as far apart as the rows of a part are made by
one loop over contiguous memory for each k. What stands between them there is not read.
"""

from numba import njit


@njit(error_model="numpy", nogil=True)
def inside(r, step, before, size, room):
    """Of an axis, the elements of one residue: the first, its place in a part, how many."""
    low = max(0, -before)
    first = low + (r - before - low) % step
    to = (first + before) // step
    return first, to, max(0, min(-(-(size - first) // step), room - to))


@njit(error_model="numpy", nogil=True)
def copy(x, y, rows, columns):
    """As many planes as both have."""
    for p in range(min(len(x), len(y))):
        for i in range(rows):
            for j in range(columns):
                y[p, i, j] = x[p, i, j]


@njit(error_model="numpy", nogil=True)
def fill(x, value):
    for p in range(len(x)):
        for i in range(x.shape[1]):
            for j in range(x.shape[2]):
                x[p, i, j] = value


@njit(error_model="numpy", nogil=True)
def part(x, parts, stride, before):
    """Shapes: x (P, H, W), parts (parts, P or more, deep, wide), which hold the border."""
    down, across = stride
    for a in range(down):
        top, to_row, rows = inside(a, down, before[0], x.shape[1], parts.shape[2])
        for b in range(across):
            left, to, columns = inside(b, across, before[1], x.shape[2], parts.shape[3])
            seen = parts[a * across + b][:, to_row:, to:]
            copy(x[:, top::down, left::across], seen, rows, columns)


@njit(error_model="numpy", nogil=True)
def join(parts, y, stride, before):
    """The same, back; 0 is what no window reaches."""
    down, across = stride
    fill(y, 0)
    for a in range(down):
        top, to_row, rows = inside(a, down, before[0], y.shape[1], parts.shape[2])
        for b in range(across):
            left, to, columns = inside(b, across, before[1], y.shape[2], parts.shape[3])
            seen = parts[a * across + b][:, to_row:, to:]
            copy(seen, y[:, top::down, left::across], rows, columns)
