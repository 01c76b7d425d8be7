"""`python -m gradatim.cli`, for where the command is not on the path."""

import sys

from .main import main

if __name__ == "__main__":
    sys.exit(main())
