import asyncio
import json
import logging
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from anmc.observability.logs import LIBRARIES, REDACTED, LogFormat, configure_logging, get_logger, redact

UID = "3f1c7a52-6a54-4b7e-9d0d-2f4a8f0e1b11"
RUN_ID = "push-20260203-102500-7f3a"

NUMBERS = st.from_regex(r"\+?[0-9]{7,15}", fullmatch=True)
WRITTEN_NUMBERS = st.builds(
    lambda area, exchange, line, shape: shape.format(area, exchange, line),
    st.integers(200, 999),
    st.just("555"),
    st.integers(1000, 9999),
    st.sampled_from(["({}) {}-{}", "{}-{}-{}", "{}.{}.{}", "{} {} {}", "+1 {} {} {}", "+1 ({}) {}-{}", "1-{}-{}-{}"]),
)
EMAILS = st.from_regex(r"[a-z0-9._+-]{1,12}(@|%40)[a-z0-9-]{1,8}\.(org|example|co\.uk)", fullmatch=True)
KEYS = st.from_regex(r"[0-9a-f]{32}", fullmatch=True)
AROUND = st.sampled_from(["", " ", "(", ")", ":", "=", "/", "'", '"', ",", "\n", "x", "-", "profile "])


@settings(deadline=None)
@given(number=NUMBERS, before=AROUND, after=AROUND)
def test_no_number_of_seven_digits_or_more_passes(number: str, before: str, after: str) -> None:
    assert number.strip("+") not in redact(f"{before}{number}{after}")


@settings(deadline=None)
@given(number=WRITTEN_NUMBERS, before=AROUND, after=AROUND)
def test_no_number_as_people_write_it_passes(number: str, before: str, after: str) -> None:
    assert number[-8:] not in redact(f"{before}{number}{after}")


@settings(deadline=None)
@given(email=EMAILS, before=AROUND, after=AROUND)
def test_no_email_passes(email: str, before: str, after: str) -> None:
    text = redact(f"{before}{email}{after}")

    assert email not in text
    assert "@" not in text
    assert "%40" not in text


@pytest.mark.parametrize("id_", [UID, RUN_ID])
def test_an_address_that_begins_like_an_id_does_not_pass(id_: str) -> None:
    assert redact(f"to {id_}@example.org") == f"to {REDACTED}"


@settings(deadline=None)
@given(key=KEYS)
def test_no_key_passes_that_action_network_repeats(key: str) -> None:
    text = redact(f'{{"error": "API Key invalid or not present. Key was: {key}"}}')

    assert key not in text
    assert text.startswith('{"error": "')


def test_a_query_string_does_not_pass() -> None:
    url = "https://api.example.org/people"

    assert redact(f"GET {url}?filter=given_name+eq+Ana&page=2 failed") == f"GET {url}?{REDACTED} failed"


@pytest.mark.parametrize(
    "text",
    [
        UID,
        f"uid {UID}, run {RUN_ID}",
        "pull-20260203-070000-00ff ended",
        "HTTP 503 after 12.5 s, try 3 of 4",
        "2026-02-03T10:25:00Z",
        "10.96.0.1:443",
        "123456 records",
        'Secret "action-network" does not exist in namespace "riverside"',
        "",
    ],
)
def test_ids_counts_and_times_stay_readable(text: str) -> None:
    assert redact(text) == text


@settings(deadline=None)
@given(text=st.text())
def test_redacting_twice_is_redacting_once(text: str) -> None:
    assert redact(redact(text)) == redact(text)


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Leave logging as it was: its configuration belongs to the process."""
    root = logging.getLogger()
    loggers = [root, *(logging.getLogger(name) for name in ("anmc", *LIBRARIES))]
    before, levels = list(root.handlers), [logger.level for logger in loggers]
    yield
    structlog.reset_defaults()
    root.handlers[:] = before
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


class Lines:
    """What was written to standard output since the last look, a JSON object a line."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def configure(self, *, level: str = "info", log_format: LogFormat = "json", shard: int = 0) -> None:
        configure_logging(level=level, log_format=log_format, shard=shard)

    def text(self) -> str:
        return self._capsys.readouterr().out

    def all(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text().splitlines()]

    def one(self) -> dict[str, Any]:
        (line,) = self.all()
        return line


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    return Lines(capsys)


def test_a_line_is_one_json_object_with_time_level_event_and_shard(lines: Lines) -> None:
    lines.configure(shard=3)

    get_logger().info("run.finished", records_read=12, run_id=RUN_ID)

    line = lines.one()
    assert (line["event"], line["level"], line["shard"]) == ("run.finished", "info", 3)
    assert (line["records_read"], line["run_id"]) == (12, RUN_ID)
    assert datetime.fromisoformat(line["time"]).utcoffset() is not None
    assert len(line["time"]) == len("2026-02-03T10:25:00.123Z")


def test_hostile_text_stays_on_one_line(lines: Lines) -> None:
    lines.configure()

    get_logger().warning("integration.refused", remedy='first\nsecond\r{"event": "forged"}\u2028third')

    assert lines.one()["event"] == "integration.refused"


def test_free_text_is_redacted_and_ids_are_not(lines: Lines) -> None:
    lines.configure()

    get_logger().info("run.interrupted", cause="ana@example.org asked", run_id=RUN_ID, integration="river-2026020310")

    line = lines.one()
    assert line["cause"] == f"{REDACTED} asked"
    assert line["run_id"] == RUN_ID
    assert line["integration"] == "river-2026020310"


@pytest.mark.parametrize(("level", "count"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_the_level_is_the_least_that_is_written(lines: Lines, level: str, count: int) -> None:
    lines.configure(level=level)
    log = get_logger()

    log.debug("a")
    log.info("b")
    log.warning("c")
    log.error("d")

    assert len(lines.all()) == count


def fail_on(number: str) -> None:
    """Fail with the number in the text, in the cause and in a variable."""
    try:
        dict[str, str]()[number]
    except KeyError as inner:
        raise ValueError(f"no person has {number}") from inner


def provoke() -> Exception:
    """Return an error with a traceback, whose text and variables must not be seen."""
    with pytest.raises(ValueError, match="no person") as caught:
        fail_on("12025550123")
    return caught.value


def test_a_defect_is_shown_by_its_kind_and_place_without_any_value(lines: Lines) -> None:
    lines.configure()

    get_logger().error("run.crashed", exc_info=provoke())

    line = lines.one()
    assert line["exception"].startswith("ValueError at test_logs.py:")
    assert "fail_on" in line["exception"]
    assert "2025550123" not in json.dumps(line)


@pytest.mark.parametrize("name", [*LIBRARIES, "some.other.library"])
def test_libraries_log_through_the_same_filter(lines: Lines, name: str) -> None:
    lines.configure(level="debug")
    library = logging.getLogger(name)

    library.info("not shown: %s", "ana@example.org")
    library.warning("No answer for %s", "ana@example.org")

    line = lines.one()
    assert line["message"] == f"No answer for {REDACTED}"
    assert (line["event"], line["level"], line["library"]) == ("library.message", "warning", name)


def test_the_error_of_a_library_is_shown_without_its_text(lines: Lines) -> None:
    lines.configure()

    logging.getLogger("httpx").error("failed", exc_info=provoke())

    line = lines.one()
    assert "ValueError at" in line["exception"]
    assert "2025550123" not in json.dumps(line)


def test_an_error_that_is_being_handled_is_shown_as_well(lines: Lines) -> None:
    lines.configure()

    try:
        raise provoke()
    except ValueError:
        get_logger().exception("run.crashed")
        logging.getLogger("kopf").exception("failed")

    ours, theirs = lines.all()
    assert ours["exception"].startswith("ValueError at")
    assert theirs["exception"].startswith("ValueError at")
    assert "2025550123" not in json.dumps([ours, theirs])


def test_a_task_that_nobody_waited_for_is_told_without_its_values(lines: Lines) -> None:
    lines.configure()

    async def main() -> None:
        asyncio.get_running_loop().call_exception_handler({"message": "lost", "exception": provoke()})
        await asyncio.sleep(0)

    asyncio.run(main())

    assert "2025550123" not in lines.text()


def test_a_person_at_a_terminal_reads_plain_text(lines: Lines) -> None:
    lines.configure(log_format="console")

    get_logger().warning("request.ignored", cause="ana@example.org")

    text = lines.text()
    assert "request.ignored" in text
    assert "example.org" not in text
    assert "\x1b" not in text


def test_nothing_of_the_log_goes_to_standard_error(lines: Lines, capsys: pytest.CaptureFixture[str]) -> None:
    lines.configure()

    get_logger().error("lease.lost")

    assert capsys.readouterr().err == ""
