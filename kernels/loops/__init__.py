"""Compiled loops that no rule can write: one file a family, each read by `compiled.loops`.

A file here is never imported by its own name: it is read as text, kept in the cache folder
under a key of its content, and compiled there. So it imports absolutely, and nothing of the
package but `low_level` and `vector_math`, which are part of every key.
"""
