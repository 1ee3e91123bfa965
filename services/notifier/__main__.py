"""``python -m services.notifier``"""

from services.notifier.processor import NOTIFIER
from services.runtime.worker import run

if __name__ == "__main__":
    run(NOTIFIER)
