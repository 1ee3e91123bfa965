"""What a bulk's lines are answered with."""

from dataclasses import dataclass, field
from typing import Any

import orjson

from services.intake.web import Taken
from services.runtime.web.problem import Problem


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one line, as a program would get it for that request alone."""

    number: int
    status: int
    members: dict[str, Any]

    def line(self) -> bytes:
        """The answer as it is sent."""
        return orjson.dumps({"line": self.number, "status": self.status, **self.members}) + b"\n"


def done(number: int, taken: Taken) -> Answer:
    """The request of this line is received."""
    return Answer(number, 202, taken.model_dump(mode="json", exclude_none=True))


def refused(number: int, problem: Problem) -> Answer:
    """It is not, and why. Names fields, quotes nothing."""
    document = problem.document("")
    return Answer(
        number, problem.status, {name: document[name] for name in ("code", "title", "errors") if name in document}
    )


@dataclass(slots=True)
class Summary:
    """The last line: how many lines were answered and how; ``again`` is the first that must be sent again, if any."""

    lines: int = 0
    statuses: dict[int, int] = field(default_factory=dict)
    again: int | None = None
    stopped: bool = False

    def count(self, answer: Answer) -> None:
        """Takes an answer into account. One that asks to be sent again ends the bulk."""
        self.lines += 1
        self.statuses[answer.status] = self.statuses.get(answer.status, 0) + 1
        if answer.status == 503:
            self.stopped = True
            self.again = self.again or answer.number

    def line(self) -> bytes:
        """The summary as it is sent."""
        told = {
            "lines": self.lines,
            "received": self.statuses.get(202, 0),
            "refused": self.lines - self.statuses.get(202, 0) - self.statuses.get(503, 0),
            "complete": not self.stopped,
            **({"again_from": self.again} if self.again else {}),
        }
        return orjson.dumps({"summary": told}) + b"\n"
