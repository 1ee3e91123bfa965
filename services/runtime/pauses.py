"""How long Python's collector may hold everything up: what is there for good is not looked at again and again."""

import gc
from typing import Final

THRESHOLDS: Final = (20_000, 20, 20)
"""Objects made before the young are looked at, and how often that is before the older and the oldest are. With Python's
own (700, 10, 10) a service under load stands still for a tenth of a second, once a second.
"""


def settle() -> None:
    """To be called once everything that stays is made. What is made later is collected as ever, in larger portions."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
