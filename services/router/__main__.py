"""``python -m services.router``"""

from services.router.processor import ROUTER
from services.runtime.worker import run

if __name__ == "__main__":
    run(ROUTER)
