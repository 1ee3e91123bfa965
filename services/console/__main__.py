"""``python -m services.console``"""

from services.console.processor import CONSOLE
from services.runtime.worker import run

if __name__ == "__main__":
    run(CONSOLE)
