"""The ops, a family a file. Public names are listed in `fusegrad/__init__.pyi`.

elementwise.py  special.py  activations.py  losses.py    THE table: one row an elementwise op
broadcast.py  reductions.py  norms.py  normalise.py  softmax.py  scans.py     folding axes
shaping.py  rearrange.py  pieces.py  padding.py  diagonals.py   moving elements
indexing.py  picking.py  tables.py  updating.py  repeats.py  sorting.py  queries.py    picking
linear.py  dense.py  einsum.py               products
linalg.py  decompositions.py  spectral.py  packing.py        matrices
sparse_products.py                             products with a matrix of almost all zeros
windows.py  conv.py  pool.py  resize.py        what slides over images; their size
create.py  random.py                           new arrays, random draws
python_names.py                                sum, max, abs, ...
"""
