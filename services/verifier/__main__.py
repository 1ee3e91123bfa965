"""``python -m services.verifier``"""

from services.runtime.worker import run
from services.verifier.processor import VERIFIER

if __name__ == "__main__":
    run(VERIFIER)
