"""On what a benchmark ran: absolute times say nothing without it."""

import os
import platform
from typing import Any


def describe() -> dict[str, Any]:
    """Return the machine as JSON-ready data; `load` is how many processes wanted a core over the last minute."""
    return {
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "machine": platform.machine(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }
