"""What is different from one service to the other on the way there."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from anmc.sync.ports import Service


@dataclass(frozen=True, slots=True)
class Traits:
    """How a service wants to be called. Times are in seconds.

    `deadline` bounds one try as a whole, against an answer that drips. `patience` bounds the call: no try of it
    begins later than that after it was asked for, whatever it waited for. `first_wait` precedes the second try and
    doubles from there. `denial_phrase` marks a refused key in the body of any 4xx. `repeats_bad_request` says that
    a 400 may pass, which is then worth one more try. `uniform` are the operations about one record: each takes
    about as long as another of its kind, so that a rise of their latency means load.
    """

    service: Service
    title: str
    accept: str
    connect_timeout: float
    read_timeout: float
    deadline: float
    patience: float
    first_wait: float
    denial_phrase: bytes | None = None
    repeats_bad_request: bool = False
    uniform: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Access:
    """How a request is authenticated, and where a person finds the credential when it is refused."""

    headers: Mapping[str, str] = field(repr=False)
    noun: str
    secret_name: str
    secret_keys: tuple[str, ...]
