"""Why the stack does not start or go on, in one sentence for the person at the terminal."""


class Refusal(Exception):  # noqa: N818  # said to a person, not raised at a programmer
    """Ends `habeas up` with exit code 1. The message says what is wrong and what to do."""
