"""`habeas down`: asks the running stack of this HABEAS_HOME to stop, and waits until it has."""

import os
import signal
import sys
import time
from contextlib import suppress

from infra.stack import lock
from infra.stack.layout import home_of
from infra.stack.voice import Voice

WITHIN = 60.0


def run() -> int:
    """0 once nothing runs (also if nothing ran), 1 if it has not stopped within a minute."""
    voice, home = Voice(), home_of()
    pid = lock.holder(home)
    if pid is None:
        voice.say(f"Nothing runs in {home}.")
        return 0
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + WITHIN
    with voice.spinner("stopping"):
        while lock.holder(home) == pid:
            if time.monotonic() > deadline:
                voice.refuse(f"Process {pid} has not stopped within {WITHIN:.0f} s; its terminal says why.")
                return 1
            time.sleep(0.1)
    voice.say("Habeas has stopped.")
    return 0


if __name__ == "__main__":
    sys.exit(run())
