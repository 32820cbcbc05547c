"""Who computes what: one name, several rules.

torch.py  keras.py  optax.py  inside.py     rules that are no paper's
table.py                                    algorithm x library -> rule, settings, difference
"""

from .table import DIALECTS, LIBRARIES, Dialect, dialect

__all__ = ["DIALECTS", "LIBRARIES", "Dialect", "dialect"]
