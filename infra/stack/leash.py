"""Runs a command that dies when its parent dies, even by kill -9: leash.py <parent pid> <command> ...

A script of its own, executed before the command replaces it, because code between fork and exec is unsafe in a
process with threads. Only Linux offers this (PR_SET_PDEATHSIG); elsewhere the command simply runs. The leash is held
by the thread that started the process: start processes from the main thread.
"""

import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, command: list[str]) -> None:
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died while we were coming up
            sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
