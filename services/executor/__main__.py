"""``python -m services.executor``"""

from services.executor.processor import EXECUTOR
from services.runtime.worker import run

if __name__ == "__main__":
    run(EXECUTOR)
