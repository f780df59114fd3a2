"""The order of resourceVersions: which of two sightings of one object is the older one."""


def is_older(version: str, than: str) -> bool:
    """Whether one resourceVersion precedes another of the same object.

    Kubernetes makes them decimal numbers that grow. What is no such number has no order, and is never older.
    """
    if not (_is_number(version) and _is_number(than)):
        return False
    return (len(version), version) < (len(than), than)


def _is_number(version: str) -> bool:
    return version.isascii() and version.isdecimal() and not version.startswith("0")
