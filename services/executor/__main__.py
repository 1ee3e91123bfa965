"""``python -m services.executor``"""

from services.runtime.worker import run
from services.executor.processor import EXECUTOR

if __name__ == "__main__":
    run(EXECUTOR)
