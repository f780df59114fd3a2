"""What every call of both services goes through."""

import asyncio
import contextlib
import gc
import gzip
import tracemalloc
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest
from typing_extensions import override

from anmc.api.origins import Origin
from anmc.clients.calls import Answer, Body, Call
from anmc.clients.clock import Clock
from anmc.clients.connections import Connections
from anmc.clients.failures import MAX_TRIES, Rejected, Unconfirmed, Unreadable
from anmc.clients.pacing.pacers import Pacers
from anmc.clients.retries import Repeat
from anmc.clients.service import Access, Traits
from anmc.clients.transport import Transport
from anmc.clients.unpacking import MAX_BODY_BYTES
from anmc.errors import (
    AnmcError,
    AuthenticationFailed,
    Interrupted,
    OriginNotAllowed,
    RateLimited,
    ServiceUnavailable,
)
from anmc.sync.ports import Service
from support.virtual_time import VirtualClock, run_in_virtual_time

if TYPE_CHECKING:
    from clients.conftest import FakeClock, FakeMeter, Gatekeeper, Reply, Wire

READ = Call("list_people", "GET", "/api/v2/people", {"page": "1"})
GUARDED_WRITE = Call(
    "create_person", "POST", "/api/v2/people", body=Body(b"{}", "application/json"), repeat=Repeat.UNLESS_RECEIVED
)


def traits(*, deadline: float = 90, patience: float = 900, repeats_bad_request: bool = False) -> Traits:
    return Traits(
        service=Service.ACTION_NETWORK,
        title="Action Network",
        accept="application/json",
        connect_timeout=5,
        read_timeout=30,
        deadline=deadline,
        patience=patience,
        first_wait=1,
        denial_phrase=b"API Key invalid or not present",
        repeats_bad_request=repeats_bad_request,
    )


@pytest.fixture
async def transport(
    clock: "FakeClock", meter: "FakeMeter", wire: "Wire", gate: "Gatekeeper"
) -> AsyncIterator[Transport]:
    transport = a_transport(clock, meter, wire, gate)
    yield transport
    await transport.aclose()


def a_transport(
    clock: Clock,
    meter: "FakeMeter",
    http: httpx.AsyncBaseTransport,
    gate: Callable[[], None],
    *,
    service: Traits | None = None,
) -> Transport:
    return Transport(
        service or traits(),
        Origin("https", "actionnetwork.org", 443),
        Access(headers={"OSDI-API-Token": "t"}, noun="key", secret_name="an", secret_keys=("token",)),
        admission=Pacers(clock).paced("https://actionnetwork.org", "t", calls_per_second=3.9),
        gate=gate,
        meter=meter,
        clock=clock,
        connections=Connections(http),
        jitter=lambda: 0.5,
    )


class Silence(httpx.AsyncBaseTransport):
    """A service that takes a request and never answers."""

    def __init__(self) -> None:
        self.called = asyncio.Event()

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.called.set()
        await asyncio.Event().wait()
        return httpx.Response(200)


def body_of(answer: Answer) -> bytes:
    if answer.body == b"broken":
        raise Unreadable
    return answer.body


TRANSIENT_STATUSES = [408, 429, 500, 502, 503, 504, 520]
REPEATABLE_ERRORS = [
    pytest.param(httpx.ConnectError("x"), "network", id="refused"),
    pytest.param(httpx.ConnectTimeout("x"), "timeout", id="connect-timeout"),
    pytest.param(httpx.PoolTimeout("x"), "timeout", id="pool-timeout"),
    pytest.param(httpx.ProxyError("x"), "network", id="proxy"),
]
AMBIGUOUS_ERRORS = [
    pytest.param(httpx.ReadTimeout("x"), "timeout", id="read-timeout"),
    pytest.param(httpx.WriteTimeout("x"), "timeout", id="write-timeout"),
    pytest.param(httpx.ReadError("x"), "network", id="reset"),
    pytest.param(httpx.WriteError("x"), "network", id="write-error"),
    pytest.param(httpx.RemoteProtocolError("x"), "network", id="broken-off"),
]


class TestReads:
    @pytest.mark.parametrize("status", TRANSIENT_STATUSES)
    async def test_a_transient_status_is_tried_again(
        self, status: int, transport: Transport, wire: "Wire", meter: "FakeMeter", reply: type["Reply"]
    ) -> None:
        wire.script(reply(status), reply(200, b"done"))

        assert await transport.send(READ, body_of) == b"done"
        assert meter.retries == ["rate_limited" if status == 429 else "server_error"]

    @pytest.mark.parametrize(("error", "code"), [*REPEATABLE_ERRORS, *AMBIGUOUS_ERRORS])
    async def test_a_lost_connection_is_tried_again(
        self, error: Exception, code: str, transport: Transport, wire: "Wire", meter: "FakeMeter", reply: type["Reply"]
    ) -> None:
        wire.script(error, reply(200, b"done"))

        assert await transport.send(READ, body_of) == b"done"
        assert meter.retries == [code]
        assert meter.codes == [code, "200"]

    async def test_an_answer_that_makes_no_sense_is_tried_again(
        self, transport: Transport, wire: "Wire", meter: "FakeMeter", reply: type["Reply"]
    ) -> None:
        wire.script(reply(200, b"broken"), reply(201, b"done"))

        assert await transport.send(READ, body_of) == b"done"
        assert meter.codes == ["invalid", "201"]

    async def test_five_tries_are_all(self, transport: Transport, wire: "Wire", reply: type["Reply"]) -> None:
        wire.script(reply(503))

        with pytest.raises(ServiceUnavailable, match=r"Action Network failed list_people 5 times \(503\)"):
            await transport.send(READ, body_of)

        assert (len(wire.requests), transport.calls) == (MAX_TRIES, MAX_TRIES)

    async def test_the_last_429_is_a_rate_limit_with_the_wait_asked_for(
        self, transport: Transport, wire: "Wire", reply: type["Reply"]
    ) -> None:
        wire.script(reply(429, headers={"Retry-After": "40"}))

        with pytest.raises(RateLimited) as caught:
            await transport.send(READ, body_of)

        assert caught.value.after == timedelta(seconds=40)

    @pytest.mark.parametrize(("status", "code"), [(400, "400"), (404, "404"), (410, "4xx"), (422, "422")])
    async def test_a_refusal_is_final(
        self, status: int, code: str, transport: Transport, wire: "Wire", reply: type["Reply"]
    ) -> None:
        wire.script(reply(status))

        with pytest.raises(Rejected, match=rf"^Action Network refused list_people \({code}\)$"):
            await transport.send(READ, body_of)

        assert len(wire.requests) == 1


class TestBadRequests:
    """A 400 may pass where the contract says so, and is worth one more try (mobile-commons-api.md 2)."""

    @pytest.fixture
    async def transport(
        self, clock: "FakeClock", meter: "FakeMeter", wire: "Wire", gate: "Gatekeeper"
    ) -> AsyncIterator[Transport]:
        transport = a_transport(clock, meter, wire, gate, service=traits(repeats_bad_request=True))
        yield transport
        await transport.aclose()

    async def test_one_that_passes_is_no_failure(
        self, transport: Transport, wire: "Wire", meter: "FakeMeter", reply: type["Reply"]
    ) -> None:
        wire.script(reply(400), reply(200, b"done"))

        assert await transport.send(READ, body_of) == b"done"
        assert meter.retries == ["server_error"]

    @pytest.mark.parametrize("first", [400, 503])
    async def test_the_second_try_is_the_last(
        self, first: int, transport: Transport, wire: "Wire", reply: type["Reply"]
    ) -> None:
        wire.script(reply(first), reply(400))

        with pytest.raises(Rejected) as caught:
            await transport.send(READ, body_of)

        assert (caught.value.code, len(wire.requests)) == ("400", 2)

    async def test_a_guarded_write_is_not_sent_again(
        self, transport: Transport, wire: "Wire", reply: type["Reply"]
    ) -> None:
        wire.script(reply(400), reply(200, b"done"))

        with pytest.raises(Rejected):
            await transport.send(GUARDED_WRITE, body_of)

        assert len(wire.requests) == 1

    async def test_other_refusals_stay_final(self, transport: Transport, wire: "Wire", reply: type["Reply"]) -> None:
        wire.script(reply(404), reply(200, b"done"))

        with pytest.raises(Rejected):
            await transport.send(READ, body_of)

        assert len(wire.requests) == 1


class TestGuardedWrites:
    @pytest.mark.parametrize(("error", "code"), REPEATABLE_ERRORS)
    async def test_what_never_left_is_sent_again(
        self, error: Exception, code: str, transport: Transport, wire: "Wire", meter: "FakeMeter", reply: type["Reply"]
    ) -> None:
        wire.script(error, reply(200, b"done"))

        assert await transport.send(GUARDED_WRITE, body_of) == b"done"
        assert meter.codes == [code, "200"]

    async def test_what_was_refused_for_its_rate_is_sent_again(
        self, transport: Transport, wire: "Wire", reply: type["Reply"]
    ) -> None:
        wire.script(reply(429), reply(200, b"done"))

        assert await transport.send(GUARDED_WRITE, body_of) == b"done"

    @pytest.mark.parametrize(("error", "code"), AMBIGUOUS_ERRORS)
    async def test_what_may_have_arrived_is_not_sent_again(
        self, error: Exception, code: str, transport: Transport, wire: "Wire", reply: type["Reply"]
    ) -> None:
        wire.script(error, reply(200, b"done"))

        with pytest.raises(Unconfirmed) as caught:
            await transport.send(GUARDED_WRITE, body_of)

        assert (caught.value.code, len(wire.requests)) == (code, 1)

    @pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
    async def test_a_server_error_leaves_the_outcome_open(
        self, status: int, transport: Transport, wire: "Wire", reply: type["Reply"]
    ) -> None:
        wire.script(reply(status), reply(200, b"done"))

        with pytest.raises(Unconfirmed):
            await transport.send(GUARDED_WRITE, body_of)

        assert len(wire.requests) == 1

    async def test_an_unreadable_success_leaves_the_outcome_open(
        self, transport: Transport, wire: "Wire", reply: type["Reply"]
    ) -> None:
        wire.script(reply(200, b"broken"))

        with pytest.raises(Unconfirmed):
            await transport.send(GUARDED_WRITE, body_of)

    async def test_what_never_left_in_five_tries_has_a_known_outcome(self, transport: Transport, wire: "Wire") -> None:
        wire.script(httpx.ConnectError("x"))

        with pytest.raises(ServiceUnavailable):
            await transport.send(GUARDED_WRITE, body_of)

        assert len(wire.requests) == MAX_TRIES


class TestWaiting:
    async def test_waits_double(
        self, transport: Transport, wire: "Wire", clock: "FakeClock", reply: type["Reply"]
    ) -> None:
        wire.script(reply(500))

        with pytest.raises(ServiceUnavailable):
            await transport.send(READ, body_of)

        assert clock.slept == [1.5, 2.5, 4.5, 8.5]

    @pytest.mark.parametrize(
        ("header", "seconds"),
        [
            pytest.param("7", 7, id="seconds"),
            pytest.param("Sun, 01 Mar 2026 12:00:09 GMT", 9, id="date"),
            pytest.param("3600", 60, id="clamped"),
            pytest.param("Fri, 31 Dec 9999 23:59:59 GMT", 60, id="year-9999"),
            pytest.param("1e309", 60, id="infinite"),
            pytest.param("-1e309", 1.5, id="infinitely-long-ago"),
            pytest.param("Infinity", 60, id="infinite-by-name"),
            pytest.param("-1", 1.5, id="negative"),
            pytest.param("Sun, 01 Mar 2020 12:00:00 GMT", 1.5, id="past"),
            pytest.param("NaN", 1.5, id="not-a-number"),
            pytest.param("soon", 1.5, id="garbage"),
            pytest.param("", 1.5, id="empty"),
        ],
    )
    async def test_retry_after_is_honoured_within_bounds(
        self,
        header: str,
        seconds: float,
        transport: Transport,
        wire: "Wire",
        clock: "FakeClock",
        meter: "FakeMeter",
        reply: type["Reply"],
    ) -> None:
        wire.script(reply(429, headers={"Retry-After": header}), reply(200, b"done"))

        await transport.send(READ, body_of)

        assert clock.slept == [seconds]
        assert meter.waits == [("refused", seconds)]

    async def test_a_refusal_holds_back_every_call_with_the_credential(
        self, transport: Transport, wire: "Wire", clock: "FakeClock", reply: type["Reply"]
    ) -> None:
        wire.script(reply(503, headers={"Retry-After": "40"}), reply(200, b"done"))

        with pytest.raises(Unconfirmed):
            await transport.send(GUARDED_WRITE, body_of)
        await transport.send(READ, body_of)

        assert clock.slept == [40]

    @pytest.mark.parametrize(("patience", "tries"), [(0.0, 1), (3.0, 2), (5.0, 3), (900.0, MAX_TRIES)])
    async def test_no_try_begins_after_the_call_has_lasted_long_enough(
        self,
        patience: float,
        tries: int,
        clock: "FakeClock",
        meter: "FakeMeter",
        wire: "Wire",
        gate: "Gatekeeper",
        reply: type["Reply"],
    ) -> None:
        transport = a_transport(clock, meter, wire, gate, service=traits(patience=patience))
        wire.script(reply(500))

        with pytest.raises(ServiceUnavailable, match="once" if tries == 1 else f"{tries} times"):
            await transport.send(READ, body_of)

        assert len(wire.requests) == tries
        await transport.aclose()

    def test_a_call_that_gets_no_turn_was_not_sent_and_says_so(self, meter: "FakeMeter") -> None:
        async def story(clock: VirtualClock) -> tuple[float, int]:
            silence = Silence()
            transport = a_transport(clock, meter, silence, lambda: None, service=traits(patience=60, deadline=500))
            ahead = [asyncio.create_task(transport.send(READ, body_of)) for _ in range(4)]
            await silence.called.wait()
            with pytest.raises(ServiceUnavailable, match=r"^The limits of Action Network left no turn for"):
                await transport.send(GUARDED_WRITE, body_of)
            gave_up_at = clock.monotonic()
            for task in ahead:
                task.cancel()
            await asyncio.wait(ahead)
            await transport.aclose()
            return gave_up_at, transport.calls

        assert run_in_virtual_time(story) == (60.0, 4)

    async def test_a_retry_date_is_read_by_the_services_own_clock(
        self, transport: Transport, wire: "Wire", clock: "FakeClock", reply: type["Reply"]
    ) -> None:
        headers = {"Date": "Mon, 02 Mar 2026 00:00:00 GMT", "Retry-After": "Mon, 02 Mar 2026 00:00:20 GMT"}
        wire.script(reply(503, headers=headers), reply(200, b"done"))

        await transport.send(READ, body_of)

        assert clock.slept == [20]

    async def test_pacing_is_metered(
        self, transport: Transport, wire: "Wire", meter: "FakeMeter", reply: type["Reply"]
    ) -> None:
        wire.script(reply(200))

        await transport.send(READ, body_of)
        await transport.send(READ, body_of)

        assert [cause for cause, _ in meter.waits] == ["pacing"]
        assert meter.waits[0][1] == pytest.approx(1 / 3.9)


class TestGate:
    async def test_it_is_asked_before_each_try_and_after_all_waiting(
        self, transport: Transport, wire: "Wire", gate: "Gatekeeper", clock: "FakeClock", reply: type["Reply"]
    ) -> None:
        def lose_the_lease(_: httpx.Request) -> "Reply":
            gate.closed_by = Interrupted("The Lease is lost")
            return reply(500)

        wire.script(reply(500), lose_the_lease)

        with pytest.raises(Interrupted):
            await transport.send(READ, body_of)

        assert gate.asked_before == [0, 1, 2]
        assert len(wire.requests) == 2
        assert clock.slept == [1.5, 2.5]

    async def test_nothing_is_sent_or_counted_behind_a_closed_gate(
        self, transport: Transport, wire: "Wire", gate: "Gatekeeper", meter: "FakeMeter", reply: type["Reply"]
    ) -> None:
        wire.script(reply(200))
        gate.closed_by = Interrupted("The process is shutting down")

        with pytest.raises(Interrupted):
            await transport.send(GUARDED_WRITE, body_of)

        assert (wire.requests, meter.sent_operations, transport.calls) == ([], [], 0)


class TestCredentials:
    @pytest.mark.parametrize("status", [301, 302, 303, 307, 401, 403])
    async def test_a_refusal_names_where_the_key_is_kept(
        self, status: int, transport: Transport, wire: "Wire", reply: type["Reply"]
    ) -> None:
        wire.script(reply(status, headers={"Location": "https://evil.example.org/login"}))

        with pytest.raises(AuthenticationFailed) as caught:
            await transport.send(READ, body_of)

        assert caught.value.sentence == (
            f'Action Network refused the key in Secret "an" ({status}). Put a valid key under "token"; '
            "the operator checks again when the Secret changes, and every 15 minutes."
        )
        assert [request.url.host for request in wire.requests] == ["actionnetwork.org"]

    async def test_the_phrase_of_a_refused_key_counts_under_any_4xx(
        self, transport: Transport, wire: "Wire", reply: type["Reply"]
    ) -> None:
        wire.script(reply(400, {"error": "API Key invalid or not present t"}))

        with pytest.raises(AuthenticationFailed):
            await transport.send(READ, body_of)

    @pytest.mark.rule("W15")
    async def test_nothing_leaves_after_a_refusal(
        self, transport: Transport, wire: "Wire", reply: type["Reply"]
    ) -> None:
        wire.script(reply(401), reply(200))
        errors = []
        for call in (GUARDED_WRITE, READ):
            with pytest.raises(AuthenticationFailed) as caught:
                await transport.send(call, body_of)
            errors.append(caught.value.sentence)

        assert len(set(errors)) == len(wire.requests) == 1

    @pytest.mark.parametrize("path", ["@evil.example.org/people", ".evil.example.org/people", ":8443/people"])
    async def test_a_call_that_would_leave_the_origin_is_refused_unsent(
        self, path: str, transport: Transport, wire: "Wire", reply: type["Reply"]
    ) -> None:
        wire.script(reply(200))

        with pytest.raises(OriginNotAllowed):
            await transport.send(Call("list_people", "GET", path), body_of)

        assert wire.requests == []

    async def test_a_session_cookie_is_not_taken(
        self, transport: Transport, wire: "Wire", reply: type["Reply"]
    ) -> None:
        wire.script(reply(200, headers={"Set-Cookie": "session=1; Path=/"}))

        await transport.send(READ, body_of)
        await transport.send(READ, body_of)

        assert "cookie" not in wire.requests[1].headers


class TestAnswers:
    async def test_the_time_of_reading_is_the_services_at_the_begin_of_the_request(
        self, transport: Transport, wire: "Wire", reply: type["Reply"]
    ) -> None:
        wire.latency = 2
        wire.script(reply(200, headers={"Date": "Mon, 02 Mar 2026 10:00:05 GMT"}))

        read_at = await transport.send(READ, lambda answer: answer.read_at)

        assert read_at == datetime(2026, 3, 2, 10, 0, 3, tzinfo=UTC)

    async def test_without_a_date_our_own_clock_has_to_do(
        self, transport: Transport, wire: "Wire", clock: "FakeClock", reply: type["Reply"]
    ) -> None:
        began = clock.now()
        wire.latency = 2
        wire.script(reply(200))

        assert await transport.send(READ, lambda answer: answer.read_at) == began

    @pytest.mark.parametrize("status", [200, 401, 404, 429])
    async def test_every_answer_shows_how_far_the_services_clock_is_ahead(
        self, status: int, transport: Transport, wire: "Wire", reply: type["Reply"]
    ) -> None:
        wire.script(reply(status, headers={"Date": "Sun, 01 Mar 2026 12:00:30 GMT"}), reply(200))

        with contextlib.suppress(AnmcError):
            await transport.send(READ, body_of)

        assert transport.clock_offset == timedelta(seconds=30)

    async def test_an_answer_without_a_date_leaves_the_offset_as_it_was(
        self, transport: Transport, wire: "Wire", reply: type["Reply"]
    ) -> None:
        before = transport.clock_offset
        wire.script(reply(200, headers={"Date": "Sun, 01 Mar 2026 11:59:00 GMT"}), reply(200, headers={"Date": "soon"}))
        await transport.send(READ, body_of)
        await transport.send(READ, body_of)

        assert (before, transport.clock_offset) == (timedelta(), timedelta(seconds=-59))

    async def test_a_packed_answer_is_unpacked(self, transport: Transport, wire: "Wire", reply: type["Reply"]) -> None:
        wire.script(reply(200, gzip.compress(b"done" * 100_000), {"Content-Encoding": "gzip"}))

        assert await transport.send(READ, body_of) == b"done" * 100_000

    @pytest.mark.parametrize(
        ("body", "encoding"),
        [
            pytest.param(gzip.compress(b"done")[:-4], "gzip", id="truncated"),
            pytest.param(b"no gzip at all", "gzip", id="damaged"),
            pytest.param(b"", "gzip", id="empty"),
            pytest.param(b"anything", "br", id="packing-not-asked-for"),
            pytest.param(b"x" * (MAX_BODY_BYTES + 1), "identity", id="too-large"),
            pytest.param(gzip.compress(b"\0" * (MAX_BODY_BYTES + 1)), "gzip", id="too-large-unpacked"),
        ],
    )
    async def test_a_body_that_cannot_be_had_whole_is_invalid(
        self,
        body: bytes,
        encoding: str,
        transport: Transport,
        wire: "Wire",
        meter: "FakeMeter",
        reply: type["Reply"],
    ) -> None:
        wire.script(reply(200, body, {"Content-Encoding": encoding}))

        with pytest.raises(ServiceUnavailable):
            await transport.send(READ, body_of)

        assert meter.codes == ["invalid"] * MAX_TRIES

    async def test_a_body_made_to_burst_takes_no_more_memory_than_the_limit(
        self, transport: Transport, wire: "Wire", reply: type["Reply"]
    ) -> None:
        wire.script(reply(200, gzip.compress(b"\0" * (4 * MAX_BODY_BYTES)), {"Content-Encoding": "gzip"}))
        tracemalloc.start()

        with pytest.raises(ServiceUnavailable):
            await transport.send(READ, body_of)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        assert peak < 64 * 1024 * 1024

    async def test_an_answer_that_never_ends_is_cut_at_the_deadline(
        self, clock: "FakeClock", meter: "FakeMeter", gate: "Gatekeeper"
    ) -> None:
        transport = a_transport(clock, meter, Silence(), gate, service=traits(deadline=0))

        with pytest.raises(ServiceUnavailable):
            await transport.send(READ, body_of)

        assert meter.codes == ["timeout"] * MAX_TRIES
        await transport.aclose()


async def test_a_call_that_succeeds_leaves_nothing_to_the_garbage_collector(
    transport: Transport, wire: "Wire", reply: type["Reply"]
) -> None:
    wire.script(reply(200))
    await transport.send(READ, body_of)
    gc.collect()
    gc.disable()
    try:
        for _ in range(10):
            await transport.send(READ, body_of)
        left = gc.collect()
    finally:
        gc.enable()

    assert left == 0


async def test_a_cancelled_request_is_still_counted_as_ended(
    clock: "FakeClock", meter: "FakeMeter", gate: "Gatekeeper"
) -> None:
    silence = Silence()
    transport = a_transport(clock, meter, silence, gate)
    task = asyncio.create_task(transport.send(READ, body_of))
    await silence.called.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task

    assert (meter.sent_operations, meter.codes) == (["list_people"], ["network"])
    await transport.aclose()
