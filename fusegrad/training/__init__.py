"""Training: the loop that everybody writes, written once, and what listens to it.

trainer.py  multimodal.py         the loop, and that of multimodal networks
callbacks.py  monitors.py  progress.py     what may be done between batches and epochs
history.py  passes.py             what is measured
given.py                          what is refused
snapshot.py  packing.py  generators.py     checkpoints, without code in them
interrupt.py                      Ctrl-C
"""

from .callbacks import Callback
from .history import History
from .monitors import Checkpoint, EarlyStopping, ReduceLROnPlateau
from .multimodal import MultimodalTrainer
from .progress import Progress
from .trainer import Trainer

__all__ = [
    "Callback",
    "Checkpoint",
    "EarlyStopping",
    "History",
    "MultimodalTrainer",
    "Progress",
    "ReduceLROnPlateau",
    "Trainer",
]
