"""``python -m services.router``"""

from services.runtime.worker import run
from services.router.processor import ROUTER

if __name__ == "__main__":
    run(ROUTER)
