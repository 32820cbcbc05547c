"""One paper a file; each file is a rule that reads as the paper.

optimizer.py  settings.py  rules.py  state.py     the loop, the checks and the state they share
"""

from .adagrad import Adagrad
from .adam import Adam
from .adam_eps_hat import AdamEpsHat
from .adamax import AdaMax
from .optimizer import Optimizer
from .rmsprop import RMSProp
from .sgd import SGD

__all__ = ["SGD", "AdaMax", "Adagrad", "Adam", "AdamEpsHat", "Optimizer", "RMSProp"]
