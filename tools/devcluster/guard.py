"""The process that outlives a killed starter, for as long as it takes to stop its cluster."""

import shutil
import sys
from pathlib import Path

from devcluster.lifecycle import stop


def main(directory: Path) -> None:
    """Wait until stdin ends, then see to it that nothing is left."""
    sys.stdin.buffer.read()
    stop(directory)
    shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
