"""`python -m notebook_gen`: the `notebook-gen` command where no script of that name is on the path."""

import sys

from notebook_gen.cli import main

if __name__ == "__main__":
    sys.exit(main())
