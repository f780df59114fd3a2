"""Logs: one JSON object a line, an event name and fields, redacted (operations.md 4)."""

import logging
import re
import sys
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any, Final, Literal, cast

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor

LIBRARIES: Final = ("kopf", "httpx", "httpcore", "aiohttp", "kubernetes", "sqlalchemy", "alembic", "asyncio")
"""Libraries that log through our filter, from warning up."""

_REDACTION: Final = re.compile(
    r"(?P<id>(?<![0-9A-Za-z])(?:[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"  # an object's uid
    r"|(?:push|pull)-\d{8}-\d{6}-[0-9a-f]{4})(?![0-9A-Za-z@%]))"  # a run's id
    r"|API Key invalid or not present[^\"']*"  # Action Network repeats the key behind this phrase
    r"|\+?\d{7,}"  # a number that could be a telephone's
    r"|\+?(?:1[ .-]?)?\(?\d{3}\)?[ .-]?\d{3}[ .-]\d{4}(?!\d)"  # the same as people write it
    r"|[^\s\"'<>@]+(?:@|%40)[^\s\"'<>@]+\.[^\s\"'<>@]+"  # an e-mail address
    r"|(?<=\?)[^\s\"'<>?]+=[^\s\"'<>]*",  # a query string
)
"""What never reaches a log, after the ids that look like it and may."""

_FREE_TEXT: Final = frozenset({"event", "message", "remedy", "exception", "cause"})
"""Fields whose text somebody else may have written; all others are names, numbers and ids of our own."""

LogFormat = Literal["json", "console"]

REDACTED: Final = "[redacted]"


def get_logger() -> FilteringBoundLogger:
    """Return the logger of the operator."""
    return cast("FilteringBoundLogger", structlog.get_logger("anmc"))


def redact(text: str) -> str:
    """Take numbers, e-mail addresses and keys out of free text."""
    return _REDACTION.sub(lambda found: found["id"] or REDACTED, text)


def configure_logging(*, level: str, log_format: LogFormat, shard: int) -> None:
    """Send our log and the libraries' to standard output, through one filter."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        _with_time,
        _with_shard(shard),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, _name_library],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _format_exception,
            _redact_free_text,
            structlog.processors.JSONRenderer()
            if log_format == "json"
            else structlog.dev.ConsoleRenderer(colors=False),
        ],
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("anmc").setLevel(level.upper())
    for name in LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)


def _with_time(_: Any, __: str, event: EventDict) -> EventDict:
    event["time"] = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return event


def _with_shard(shard: int) -> Processor:
    def add(_: Any, __: str, event: EventDict) -> EventDict:
        event["shard"] = shard
        return event

    return add


def _name_library(_: Any, __: str, event: EventDict) -> EventDict:
    """A library's sentence is no event name of ours."""
    record: logging.LogRecord | None = event.get("_record")
    event["message"] = event.pop("event", "")
    event["event"] = "library.message"
    if record is not None:
        event["library"] = record.name
    return event


def _format_exception(_: Any, __: str, event: EventDict) -> EventDict:
    """Show where a defect arose, without the values of variables or the text of foreign errors."""
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        frames = []
        trace = error.__traceback__
        while trace is not None:
            code = trace.tb_frame.f_code
            frames.append(f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno} {code.co_name}")
            trace = trace.tb_next
        event["exception"] = f"{type(error).__name__} at " + " > ".join(frames)
    return event


def _redact_free_text(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name in _FREE_TEXT & event.keys():
        if isinstance(event[name], str):
            event[name] = redact(event[name])
    return event
