"""Optimizers raced from the same start under the same terms, as data; `lens` draws it.

surfaces.py  contour.py         losses of two coordinates, and one over time; their lines
rivals.py  drive.py  tuning.py  who races, how each is driven, which of its trials counts
record.py  run.py  card.py      what a race leaves behind; the race; the terms it was run under
plane.py  principal.py  weights.py   a race of a network, seen on the plane its paths lie near
networks.py                     the network that races where none is given
"""

from .card import card
from .contour import Grid, contours, levels
from .networks import spam_table
from .plane import plane_race
from .principal import Plane, principal
from .record import Race, Run, Trial
from .rivals import RIVALS
from .run import race
from .surfaces import SURFACES, Online, Surface

__all__ = [
    "RIVALS",
    "SURFACES",
    "Grid",
    "Online",
    "Plane",
    "Race",
    "Run",
    "Surface",
    "Trial",
    "card",
    "contours",
    "levels",
    "plane_race",
    "principal",
    "race",
    "spam_table",
]
