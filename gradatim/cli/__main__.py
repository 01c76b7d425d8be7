"""`python -m gradatim.cli`, for where the command is not on the path."""

import sys

from .main import main

sys.exit(main())
