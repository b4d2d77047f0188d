"""`python -m api.ends_with_parent MODULE ARGUMENTS…`: runs a module as a program that does not outlive its parent.

The parent holds the other end of standard input and never writes to it. When the parent is gone, however it went, the
operating system closes that end, and the program gets the SIGTERM that its parent could not send any more.
"""

import os
import runpy
import signal
import sys
import threading


def _end_with_parent() -> None:
    while os.read(sys.__stdin__.fileno(), 1):  # type: ignore[union-attr]
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, daemon=True).start()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
