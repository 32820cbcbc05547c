"""Training jobs on the embedded data.

settings.py   what a job is       tasks.py     data and branches     networks.py   their fusion
training.py   one network         job.py       all of them, and the race
"""

from .job import Job, Progress, environment
from .settings import FUSIONS, LEARNING_RATES, OPTIMIZERS, Settings
from .tasks import TASKS, Task
from .training import Trainer

__all__ = [
    "FUSIONS",
    "LEARNING_RATES",
    "OPTIMIZERS",
    "TASKS",
    "Job",
    "Progress",
    "Settings",
    "Task",
    "Trainer",
    "environment",
]
