"""Convolution of large batches, in products of register tiles.

A block is as many images as a tile has rows. Its elements lie pixel by pixel, and in a pixel
image by image: (pixels, rows, channels). All images of a block then meet the same element of a
filter at the same pixel, so nothing is ever multiplied by a border: a filter's element that
falls outside is left out. The last block may lack images; what stands in their place is
computed with, each row for itself, and not read.

Tables say which pixel an element of the filter meets: `down[y, i]` is the row of x that element
i meets from row y of the result, or -1 outside; `across[x, j]` likewise. So stride, dilation
and padding are in the tables, and the transposed product is the same loop with other tables.
"""

from numba import njit, prange

from fusegrad.kernels.vector.tiles import multiply, transpose

# ---- layouts --------------------------------------------------------------------------------


@njit(error_model="numpy", nogil=True)
def turn_by_element(x, x_row, y, y_row, rows, columns):
    for i in range(rows):
        row = x[i * x_row :]
        for j in range(columns):
            y[j * y_row + i] = row[j]


@njit(error_model="numpy", nogil=True)
def turn(tile, x, x_row, y, y_row, rows, columns):
    """y[j y_row + i] = x[i x_row + j], in square blocks of vectors as far as these go."""
    side = len(tile[1]) // 2
    whole, full = columns - columns % side, rows - rows % side
    for j in range(0, whole, side):
        for i in range(0, full, side):
            transpose(tile, x[i * x_row + j :], x_row, y[j * y_row + i :], y_row)
    turn_by_element(x[full * x_row :], x_row, y[full:], y_row, rows - full, columns)
    turn_by_element(x[whole:], x_row, y[whole * y_row :], y_row, full, columns - whole)


@njit(error_model="numpy", nogil=True)
def lay_out(tile, x, image, pixels, channels, images, start, count, to, step):
    """`count` pixels from `start`, of each image: (channels, pixels) -> (count, rows, step)."""
    for n in range(images):
        source = x[n * image + start :]
        turn(tile, source, pixels, to[n * step :], len(tile[0]) * step, channels, count)


# ---- the product ----------------------------------------------------------------------------
@njit(error_model="numpy", nogil=True)
def meet(down, across, width, pixel, filters, spots):
    """Where in x, and where in the filters, the products at one pixel of the result begin."""
    n = 0
    for i in range(len(down)):
        for j in range(len(across)):
            if down[i] >= 0 and across[j] >= 0:
                spots[n, 0] = (down[i] * width + across[j]) * pixel
                spots[n, 1] = (i * len(across) + j) * filters
                n += 1
    return spots[:n]


@njit(error_model="numpy", nogil=True)
def product(tile, block, w, bias, tables, width, first, last, sums, spots):
    """Pixels `first` to `last` of the result, all its channels: -> (pixels, rows, channels)."""
    down, across = tables
    panels, _, channels, lanes = w.shape
    rows, made = len(tile[0]), panels * lanes
    for panel in range(panels):
        filters, added = w[panel].ravel(), bias[panel * lanes :]
        for p in range(first, last):
            y, x = divmod(p, len(across))
            met = meet(down[y], across[x], width, rows * channels, channels * lanes, spots)
            to = sums[(p - first) * rows * made + panel * lanes :]
            if len(met):
                multiply(tile, block, channels, 1, filters, lanes, channels, met,
                         to, made, added, 0)  # fmt: skip
            else:
                for k in range(rows * lanes):
                    to[k // lanes * made + k % lanes] = added[k % lanes]


@njit(error_model="numpy", nogil=True)
def convolve(tile, x, w, bias, y, tables, sizes, blocks, block, sums, spots):
    """Blocks of images, and of these a few pixels at a time, whose sums stay in the cache.

    Shapes: x, y flat; w (panels, elements, channels, lanes); bias (panels * lanes,).
    """
    count, x_image, y_image, channels, pixels, width, made = sizes
    rows, lanes = len(tile[0]), w.shape[0] * w.shape[3]
    places = len(tables[0]) * len(tables[1])
    step = max(1, len(sums) // (rows * lanes))
    for b in range(blocks[0], blocks[1]):
        images = min(rows, count - b * rows)
        shown = x[b * rows * x_image :]
        lay_out(tile, shown, x_image, pixels, channels, images, 0, pixels, block, channels)
        for first in range(0, places, step):
            last = min(first + step, places)
            product(tile, block, w, bias, tables, width, first, last, sums, spots)
            for n in range(images):
                to = y[(b * rows + n) * y_image + first :]
                row = sums[n * lanes :]
                turn(tile, row, rows * lanes, to, places, last - first, made)


@njit(error_model="numpy", parallel=True)
def convolve_parallel(
    side, other, x, w, bias, y, tables, sizes, count, block, sums, spots
):  # fmt: skip
    """A share of the blocks for each thread: a block is computed alike wherever it falls."""
    threads = len(block)
    for t in prange(threads):
        some = (t * count // threads, (t + 1) * count // threads)
        tile = (side, other)  # as one tuple it would not get into a thread
        convolve(tile, x, w, bias, y, tables, sizes, some, block[t], sums[t], spots[t])


# ---- the product's gradient in the filters --------------------------------------------------
@njit(error_model="numpy", nogil=True)
def meet_all(down, across, width, pixel, shown, spots):
    """As `meet`, for one element of a filter at all pixels of some rows of the result."""
    n = 0
    for y in range(len(down)):
        for x in range(len(across)):
            if down[y] >= 0 and across[x] >= 0:
                spots[n, 0] = (down[y] * width + across[x]) * pixel
                spots[n, 1] = (y * len(across) + x) * shown
                n += 1
    return spots[:n]


@njit(error_model="numpy", nogil=True)
def gather(tile, block, seen, images, total, tables, width, channels, spots):
    """Add what some rows of the result contribute to every element of the filters."""
    down, across = tables
    deep, made = total.shape[1:]
    rows, lanes = len(tile[0]), len(tile[1])
    for k in range(len(total)):
        i, j = divmod(k, across.shape[1])
        met = meet_all(down[:, i], across[:, j], width, rows * channels, rows * made, spots)
        if len(met):
            part = total[k].ravel()
            for panel in range(0, made, lanes):
                for c in range(0, deep, rows):
                    to = part[c * made + panel :]
                    multiply(tile, block[c:], 1, channels, seen[panel:], made, images, met,
                             to, made, to, made)  # fmt: skip


@njit(error_model="numpy", nogil=True)
def correlate(tile, x, u, total, tables, sizes, blocks, block, seen, spots):
    """Blocks of images, and of these a few rows of the result at a time.

    Shapes: x, u flat; total (elements, channels, lanes of all panels), zeros at first.
    """
    count, x_image, u_image, channels, pixels, width, made = sizes
    down, across = tables
    rows, lanes, long = len(tile[0]), total.shape[2], len(across)
    step = len(spots) // long
    for b in range(blocks[0], blocks[1]):
        images = min(rows, count - b * rows)
        shown, given = x[b * rows * x_image :], u[b * rows * u_image :]
        lay_out(tile, shown, x_image, pixels, channels, images, 0, pixels, block, channels)
        for first in range(0, len(down), step):
            some = down[first : first + step]
            lay_out(tile, given, u_image, len(down) * long, made, images, first * long,
                    len(some) * long, seen, lanes)  # fmt: skip
            both = (some, across)
            gather(tile, block, seen, images, total, both, width, channels, spots)


@njit(error_model="numpy", parallel=True)
def correlate_parallel(
    side, other, x, u, totals, tables, sizes, shares, block, seen, spots
):  # fmt: skip
    """Every share of the blocks has a total of its own, whichever thread adds it up."""
    threads, count = len(block), len(totals)
    for t in prange(threads):
        for k in range(t * count // threads, (t + 1) * count // threads):
            some = (shares[k], shares[k + 1])
            tile = (side, other)
            correlate(tile, x, u, totals[k], tables, sizes, some, block[t], seen[t], spots[t])
