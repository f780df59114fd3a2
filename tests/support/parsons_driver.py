"""Runs in .venv-parsons, where nothing of ours is installed, and calls Parsons as it is told.

    parsons_driver.py ACTION_NETWORK_ORIGIN MOBILE_COMMONS_ORIGIN

It begins with the line `{"version"}`. Each line of the input names a connector, its credentials and a method:
`{"connector", "credentials", "method", "arguments"}`. Each is answered by one line: `{"seconds", "value"}`, where a
table is a list of rows, or `{"seconds", "raised", "message"}` with the class and the text of the exception.
"""

import json
import sys
import time
import warnings
from importlib.metadata import version
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore", RuntimeWarning)  # every import warns of how Parsons is installed since 6.0
    import parsons
    from parsons.action_network import action_network
    from parsons.mobilecommons import mobilecommons


def main() -> None:
    """Answer until the input ends."""
    action_network.API_URL = f"{sys.argv[1]}/api/v2"
    mobilecommons.MC_URI = f"{sys.argv[2]}/api/"
    _say({"version": version("parsons")})
    for line in sys.stdin:
        _say(_answer(**json.loads(line)))


def _say(line: dict[str, Any]) -> None:
    print(json.dumps(line), flush=True)  # noqa: T201  the output is the answer


def _answer(connector: str, credentials: dict[str, str], method: str, arguments: dict[str, Any]) -> dict[str, Any]:
    call = getattr(getattr(parsons, connector)(**credentials), method)
    began = time.perf_counter()
    try:
        value = call(**arguments)
    except Exception as error:  # noqa: BLE001  what Parsons raises is what is asked for
        outcome = {"raised": type(error).__name__, "message": str(error)}
    else:
        outcome = {"value": value.to_dicts() if isinstance(value, parsons.Table) else value}
    return {"seconds": time.perf_counter() - began, **outcome}


if __name__ == "__main__":
    main()
