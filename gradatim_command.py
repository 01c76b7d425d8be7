"""The first lines of the command `gradatim`: from here on Ctrl-C ends it in one line.

They stand outside of the package, because whatever is imported from there imports the engine first,
and that is most of what a command does before it begins. Python has imported these two already:
"""

import os
import sys

INTERRUPTED = 130


def main() -> int:
    """The exit code of the command line; see `gradatim.cli.main`."""
    try:
        return run()
    except KeyboardInterrupt:
        leave()
        raise


def run() -> int:
    """Import and run the command; before and after it Ctrl-C ends the process at once.

    An exception would do it nearly always, but not in what Python calls by itself while it imports.
    """
    import signal

    usual = signal.getsignal(signal.SIGINT)
    # It may be ignored, as in the background of a script.
    brief = leave if usual is signal.default_int_handler else usual
    signal.signal(signal.SIGINT, brief)
    from gradatim.cli import main as command

    try:
        signal.signal(signal.SIGINT, usual)
        return command()
    finally:
        signal.signal(signal.SIGINT, brief)


def leave(*_: object) -> None:
    """End at once: nothing has begun yet, or all is done."""
    try:
        os.write(2, b"\nStopped.\n")  # a terminal has written ^C
    finally:
        os._exit(INTERRUPTED)


if __name__ == "__main__":
    sys.exit(main())
