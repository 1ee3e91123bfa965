"""``python -m services.intake``"""

from services.intake.processor import INTAKE
from services.runtime.worker import run

if __name__ == "__main__":
    run(INTAKE)
