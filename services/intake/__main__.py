"""``python -m services.intake``"""

from services.runtime.worker import run
from services.intake.processor import INTAKE

if __name__ == "__main__":
    run(INTAKE)
