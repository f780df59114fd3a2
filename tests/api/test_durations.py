from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anmc.api.durations import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("5m", timedelta(minutes=5)),
        ("36h", timedelta(hours=36)),
        ("90s", timedelta(seconds=90)),
        ("1h30m10s", timedelta(hours=1, minutes=30, seconds=10)),
        pytest.param("30m1h", timedelta(hours=1, minutes=30), id="any-order-as-in-go"),
        pytest.param("1h1h", timedelta(hours=2), id="parts-add-up-as-in-go"),
        ("0s", timedelta()),
    ],
)
def test_duration_text_is_read_as_go_reads_it(text: str, duration: timedelta) -> None:
    assert parse_duration(text) == duration


@pytest.mark.parametrize("text", ["", "5", "m", "5 m", "-5m", "1.5h", "5d", "5m\n", "1h1h1h1h", "100000s", "\u0665m"])
def test_what_the_schema_refuses_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="such as 5m or 36h"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (timedelta(minutes=5), "5m"),
        (timedelta(hours=48), "48h"),
        (timedelta(seconds=5400), "1h30m"),
        (timedelta(seconds=59, milliseconds=999), "59s"),
        (timedelta(), "0s"),
    ],
)
def test_a_duration_is_written_with_as_few_parts_as_it_needs(duration: timedelta, text: str) -> None:
    assert format_duration(duration) == text


@given(st.integers(min_value=0, max_value=99_999 * 3600))
def test_what_is_written_can_be_read_back(seconds: int) -> None:
    duration = timedelta(seconds=seconds)

    assert parse_duration(format_duration(duration)) == duration
