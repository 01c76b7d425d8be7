"""`python -m gradatim`: the command-line tool where it is not on the PATH."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
