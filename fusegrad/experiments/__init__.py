"""Training jobs on the embedded data.

settings.py   what a job is       networks.py   what it trains
training.py   one network         job.py       all of them, and the race
"""

from .job import Job, Progress, environment
from .networks import KINDS, build
from .settings import LEARNING_RATES, OPTIMIZERS, Settings
from .training import Trainer

__all__ = [
    "KINDS",
    "LEARNING_RATES",
    "OPTIMIZERS",
    "Job",
    "Progress",
    "Settings",
    "Trainer",
    "build",
    "environment",
]
