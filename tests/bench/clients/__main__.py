"""The command behind `make bench-clients`."""

import sys
from pathlib import Path

# Python has put this directory first; what it imports is looked for from `tests` on.
sys.path[0] = str(Path(__file__).resolve().parents[2])

from bench.clients.command import app  # noqa: E402  # only now can it be found

if __name__ == "__main__":
    app(prog_name="bench-clients")
