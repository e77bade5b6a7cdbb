"""`python -m till`: the command line."""

import sys

from till.cli import main

if __name__ == "__main__":
    sys.exit(main())
