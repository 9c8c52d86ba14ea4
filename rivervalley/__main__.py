"""python -m rivervalley: the command line."""

import sys

from rivervalley.cli import main

if __name__ == "__main__":
    sys.exit(main())
