"""``python -m services.notifier``"""

from services.runtime.worker import run
from services.notifier.processor import NOTIFIER

if __name__ == "__main__":
    run(NOTIFIER)
