"""The command behind `make demo`."""

import sys
from pathlib import Path

# Python has put the package's own directory first; what it imports is looked for beside the package.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from demo.command import main  # noqa: E402  # only now can it be found

if __name__ == "__main__":
    sys.exit(main())
