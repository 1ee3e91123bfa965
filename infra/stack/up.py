"""`habeas up`: the whole stack in one terminal, until Ctrl-C."""

import asyncio
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from infra.stack import lock
from infra.stack.files import write_json
from infra.stack.layout import home_of
from infra.stack.plan import Plan, make_plan
from infra.stack.preflight import check_home
from infra.stack.refusal import Refusal
from infra.stack.summary import demo_logins, facts, show
from infra.stack.supervisor import Supervisor
from infra.stack.voice import Voice


def run(planned: Callable[[], Plan] = make_plan) -> int:
    """Run until told to stop. 0 after a stop that was asked for, 1 with a clear sentence otherwise."""
    voice, home = Voice(), home_of()
    try:
        check_home(home)
        with lock.held(home):
            _live(planned(), voice)
    except Refusal as refusal:
        voice.refuse(str(refusal))
        return 1
    except KeyboardInterrupt:
        return 130
    except Exception as fault:  # noqa: BLE001 — ours: the trace goes to the log, a sentence to the person
        voice.refuse(f"Habeas itself failed ({type(fault).__name__}); please report it with {_keep_trace(home)}.")
        return 1
    return 0


def _live(plan: Plan, voice: Voice) -> None:
    since = time.monotonic()
    voice.say(f"Habeas starts in {plan.home}")

    def announce() -> None:
        logins = demo_logins()
        write_json(plan.home / "run.json", facts(plan, logins))
        voice.done("everything is ready", since)
        show(plan, voice, logins)

    asyncio.run(Supervisor(plan, voice, announce).run())
    voice.say("Habeas has stopped.")


def _keep_trace(home: Path) -> Path:
    log = home / "log" / "up.log"
    with suppress(OSError):
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a") as file:
            traceback.print_exc(file=file)
    return log


if __name__ == "__main__":
    sys.exit(run())
