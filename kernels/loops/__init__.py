"""Compiled loops that no rule can write: one file a family, each read by `compiled.loops`.

A file here is never imported by its own name: it is read as text and compiled, and the compiled
form of every function that is a name of its module is kept in the cache folder, under a key of
that text. So it imports absolutely, and nothing of the package but `low_level`, `vector_math`
and `vector/`, which are part of every key. `fusegrad/cli/warm_work.py` has a job that runs it.
"""
