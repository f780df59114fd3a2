"""Nothing that goes wrong shows a token, a number or a value of a record (operations.md 4, action-network-api.md 2.1).

Every operation is driven into every kind of failure, with marked secrets, people and answers.
"""

import asyncio
import base64
import gc
import gzip
import logging
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx
import pytest
from typing_extensions import override

from anmc.api.credentials import ActionNetworkCredentials, BasicLogin
from anmc.api.origins import Origin
from anmc.clients.action_network.client import ActionNetworkAccount, ActionNetworkClient
from anmc.clients.calls import Answer, Body, Call
from anmc.clients.failures import TryFailed
from anmc.clients.mobile_commons.client import MobileCommonsAccount, MobileCommonsClient
from anmc.clients.pacing.pacers import Pacers
from anmc.errors import Interrupted, OutcomeUnknown, ServiceUnavailable
from anmc.observability.metrics import Metrics
from anmc.rules.decisions import NewPerson
from anmc.rules.records import PersonId, Phone
from anmc.sync.ports import LookUp, Pages, Service
from clients.conftest import FakeMeter
from clients.lists import LookedUpProfiles, PeopleList, ProfileList, ServedList, SubscriberList, fails, is_cut_off
from clients.slow_service import SlowService, all_of
from support.virtual_time import VirtualClock, run_in_virtual_time

if TYPE_CHECKING:
    from clients.conftest import FakeClock, Gatekeeper, Reply, Wire

PHONE = Phone("+12025550123")
ANA = PersonId("0b1e6c1e-0000-4000-8000-0000000ca4a7")
SINCE = datetime(2026, 2, 1, tzinfo=UTC)
KEY = "an-canary-key"
LOGIN = BasicLogin("mc-canary-login", "mc-canary-password")
AUTHORIZATION = base64.b64encode(f"{LOGIN.username}:{LOGIN.password}".encode()).decode()

CANARIES = (
    "canary",  # tokens, log-in, the e-mail address, the values, the path
    AUTHORIZATION,
    "2025550123",
    ANA,
    "filter=",
    "phone_number=",
    "opt_in_path_id",
)
"""Texts that none of the outputs may show: secrets, people, queries."""

ECHO = f"API Key invalid or not present {KEY} {AUTHORIZATION} canary@example.org {PHONE.e164} {ANA}"

EMAIL = "canary@example.org"
VALUES = {"custom_fields.note": "canary value"}
NEW = NewPerson(digits=PHONE.digits, email=EMAIL, values={"given_name": "canary name"}, source_code="canary source")

Operation = Callable[[ActionNetworkClient, MobileCommonsClient], Awaitable[object]]


ACTION_NETWORK: dict[str, Operation] = {
    "people": lambda an, _: all_of(an.iter_people(modified_after=SINCE)),
    "everybody": lambda an, _: all_of(an.iter_everybody(created_from=SINCE)),
    "by-phone": lambda an, _: an.find_people_by_phone(PHONE),
    "by-email": lambda an, _: an.find_people_by_email(EMAIL),
    "get": lambda an, _: an.get_person(ANA),
    "update": lambda an, _: an.update_person(ANA, VALUES),
    "add-address": lambda an, _: an.update_person(ANA, {"email_address": EMAIL}),
    "create": lambda an, _: an.create_person(NEW),
    "custom-fields": lambda an, _: an.list_custom_fields(),
}
MOBILE_COMMONS: dict[str, Operation] = {
    "profiles": lambda _, mc: all_of(mc.iter_profiles(updated_from=SINCE)),
    "subscribers": lambda _, mc: all_of(mc.iter_subscribers("200001", changed_from=SINCE)),
    "look-up": lambda _, mc: mc.find_profiles([PHONE, Phone("+12025550124")]),
    "profile": lambda _, mc: mc.get_profile(PHONE),
    "sample": lambda _, mc: mc.sample_profile(),
    "campaigns": lambda _, mc: mc.list_campaigns(),
    "update-profile": lambda _, mc: mc.update_profile(PHONE, {"first_name": "canary name"}),
    "opt-in": lambda _, mc: mc.opt_in(PHONE, "canary path"),
    "opt-out": lambda _, mc: mc.opt_out(PHONE, campaign_id="canary campaign"),
}
OPERATIONS = {**ACTION_NETWORK, **MOBILE_COMMONS}

NUMBERS = f'"phone_numbers": [{{"number": "{PHONE.digits}"}}]'
PERSON = f'"identifiers": ["action_network:{ANA}"], "given_name": "canary", {NUMBERS}'
NEXT = '"_links": {"next": {"href": "https://canary.example.org"}}'
GOOD: dict[str, str] = {
    **dict.fromkeys(
        ("people", "everybody", "by-phone", "by-email"),
        f'{{{NEXT}, "_embedded": {{"osdi:people": [{{{PERSON}}}]}}}}',
    ),
    **dict.fromkeys(("get", "update", "add-address", "create"), f"{{{PERSON}}}"),
    "custom-fields": '{"action_network:custom_fields": [{"name": "canary"}]}',
    **dict.fromkeys(
        ("profiles", "look-up", "sample"),
        f'<response success="true"><profiles num="1"><profile id="1"><phone_number>{PHONE.digits}</phone_number>'
        "<email>canary</email></profile></profiles></response>",
    ),
    "subscribers": '<response success="true"><subscriptions num="1"><sub><profile_id>1</profile_id>'
    f"<phone_number>{PHONE.digits}</phone_number></sub></subscriptions></response>",
    **dict.fromkeys(
        ("profile", "update-profile", "opt-in", "opt-out"),
        f'<response success="true"><profile id="1"><phone_number>{PHONE.digits}</phone_number></profile></response>',
    ),
    "campaigns": '<response success="true"><campaigns><campaign id="canary"/></campaigns></response>',
}
"""An answer to each operation that is as it should be."""

WALKS = ("people", "everybody", "profiles", "subscribers")

SUCCESS = '<response success="true">'

STATUSES = (201, 204, 301, 302, 307, 400, 401, 403, 404, 408, 409, 418, 422, 429, 500, 502, 503, 504, 599)
HEADERS = {
    "Location": f"https://evil.example.org/?token={KEY}",
    "Retry-After": ECHO,
    "Date": ECHO,
    "Set-Cookie": f"session={KEY}",
    "WWW-Authenticate": ECHO,
}
BODIES: dict[str, str] = {
    "key-echo": f'{{"error":"{ECHO}"}}',
    "cut-off-json": f'{{"_links": "{ECHO}',
    "wrong-json": f'{{"_links": {{}}, "_embedded": "{ECHO}", "identifiers": "{ECHO}"}}',
    "odd-people": f'{{"_links": {{}}, "_embedded": {{"osdi:people": [{{"given_name": ["{ECHO}"]}}]}}}}',
    "somebody-else": f'{{"identifiers": ["action_network:other"], "given_name": "{ECHO}"}}',
    "log-in-page": f"<!DOCTYPE html><html>{ECHO}</html>",
    "malformed-xml": f'{SUCCESS}<profile id="{ECHO}">',
    "odd-profiles": f'{SUCCESS}<profiles num="1"><profile id="{ECHO}"/></profiles></response>',
    "odd-rows": f'{SUCCESS}<subscriptions num="1"><sub>{ECHO}</sub></subscriptions></response>',
    "another-number": f'{SUCCESS}<profile id="1"><phone_number>{ECHO}</phone_number></profile></response>',
    "app-error": f'<response success="false"><error id="7" message="{ECHO}"/></response>',
    "phone-error": f'<response success="false"><error id="5" message="{ECHO}"/></response>',
    "error-that-is-none": f'<response success="false"><error id="{ECHO}"/></response>',
    "doctype": f'<!DOCTYPE x [<!ENTITY e "{ECHO}">]><response success="true">&e;</response>',
    "text": ECHO,
    "nothing": "",
}
ERRORS: dict[str, Exception] = {
    "connect": httpx.ConnectError(ECHO),
    "connect-timeout": httpx.ConnectTimeout(ECHO),
    "certificate": httpx.ConnectError(f"[SSL: CERTIFICATE_VERIFY_FAILED] {ECHO}"),
    "proxy": httpx.ProxyError(ECHO),
    "no-connection-left": httpx.PoolTimeout(ECHO),
    "read-timeout": httpx.ReadTimeout(ECHO),
    "write-timeout": httpx.WriteTimeout(ECHO),
    "reset": httpx.ReadError(ECHO),
    "write-error": httpx.WriteError(ECHO),
    "illegal-header": httpx.LocalProtocolError(f"Illegal header value b'{ECHO}'"),
    "protocol": httpx.RemoteProtocolError(ECHO),
    "decoding": httpx.DecodingError(ECHO),
    "redirects": httpx.TooManyRedirects(ECHO),
    "scheme": httpx.UnsupportedProtocol(ECHO),
}
PACKED = {
    "bad-gzip": ECHO.encode(),
    "cut-off-gzip": gzip.compress(ECHO.encode())[:-9],
    "unknown-packing": ECHO.encode(),
}

Failure = tuple[str, str | int]
FAILURES: list[Failure] = [
    *(("status", status) for status in STATUSES),
    *(("body", name) for name in BODIES),
    *(("error", name) for name in ERRORS),
    *(("packed", name) for name in PACKED),
]


class TellingMeter(FakeMeter):
    """Keeps what clients report, and passes it on to the metrics that the process serves."""

    def __init__(self) -> None:
        super().__init__()
        self.metrics = Metrics(version="1", python_version="3", kopf_version="1", shard=0, shards=1)

    @override
    def sent(self, service: Service, operation: str) -> None:
        super().sent(service, operation)
        self.metrics.sent(service, operation)

    @override
    def answered(self, service: Service, operation: str, *, code: str, seconds: float) -> None:
        super().answered(service, operation, code=code, seconds=seconds)
        self.metrics.answered(service, operation, code=code, seconds=seconds)

    @override
    def retried(self, service: Service, reason: str) -> None:
        super().retried(service, reason)
        self.metrics.retried(service, reason)

    @override
    def waited(self, service: Service, cause: str, seconds: float) -> None:
        super().waited(service, cause, seconds)
        self.metrics.waited(service, cause, seconds)


@pytest.fixture(autouse=True)
def everything_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    names = ["", *logging.root.manager.loggerDict]
    levels = {name: logging.getLogger(name).level for name in names}
    with caplog.at_level(logging.DEBUG):
        for name in names:
            if not name.startswith(("httpx", "httpcore")):  # these two are silenced on purpose: they log URLs
                logging.getLogger(name).setLevel(logging.DEBUG)
        yield
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@pytest.fixture(autouse=True)
def two_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again once: the third try shows nothing that the second did not."""
    monkeypatch.setattr(TryFailed, "tries", 2)


@pytest.fixture
def meter() -> TellingMeter:
    return TellingMeter()


@pytest.fixture
async def mobile_commons(
    clock: "FakeClock", meter: TellingMeter, wire: "Wire", gate: "Gatekeeper"
) -> AsyncIterator[MobileCommonsClient]:
    async with connect_mobile_commons(clock, wire, meter, gate) as client:
        yield client


def connect_mobile_commons(
    clock: "FakeClock | VirtualClock",
    http: httpx.AsyncBaseTransport,
    meter: FakeMeter,
    gate: Callable[[], None] = lambda: None,
) -> MobileCommonsClient:
    account = MobileCommonsAccount(Origin("https", "secure.mcommons.com", 443), LOGIN, "mc", company_key="CO-canary")
    return MobileCommonsClient(account, pacers=Pacers(clock), gate=gate, meter=meter, clock=clock, http=http)


def connect_action_network(
    clock: "FakeClock | VirtualClock", http: httpx.AsyncBaseTransport, meter: FakeMeter
) -> ActionNetworkClient:
    account = ActionNetworkAccount(Origin("https", "actionnetwork.org", 443), ActionNetworkCredentials(KEY), "an")
    return ActionNetworkClient(account, pacers=Pacers(clock), gate=lambda: None, meter=meter, clock=clock, http=http)


def answer(failure: Failure, reply: type["Reply"]) -> "Reply | Exception":
    """Return what comes over the wire."""
    match failure:
        case ("status", int(status)):
            return reply(status, BODIES["key-echo"], HEADERS)
        case ("body", str(name)):
            return reply(200, BODIES[name], HEADERS)
        case ("packed", str(name)):
            encoding = f"x-{KEY}" if name == "unknown-packing" else "gzip"
            return reply(200, PACKED[name], {"Content-Encoding": encoding})
        case ("error", str(name)):
            return ERRORS[name]
        case _:
            raise AssertionError


async def error_of(result: Awaitable[object]) -> BaseException | None:
    """Return the error that something ends with, None if it ends well."""
    try:
        await result
    except Exception as error:  # noqa: BLE001  # whichever it is, it has to be silent
        return error
    return None


def shown(error: BaseException | None) -> str:
    """Return everything that an error, and what is chained to it, could print."""
    if error is None:
        return ""
    return "\n".join([*traceback.format_exception(error), *_said_by(error, set())])


def _said_by(error: BaseException | None, seen: set[int]) -> Iterator[str]:
    """Yield what an error holds, also where a traceback would leave it out."""
    if error is None or id(error) in seen:
        return
    seen.add(id(error))
    yield from (str(error), repr(error), repr(error.args), repr(vars(error)), repr(getattr(error, "sentence", "")))
    yield from getattr(error, "__notes__", ())
    yield from _said_by(error.__cause__, seen)
    yield from _said_by(error.__context__, seen)
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _said_by(one, seen)


def canaries_in(output: str) -> list[str]:
    return [canary for canary in CANARIES if canary in output]


def assert_silent(error: BaseException | None) -> None:
    """Check that an error is one of ours and shows nothing; a foreign one would be quoted by whoever meets it."""
    assert canaries_in(shown(error)) == []
    assert error is None or type(error).__module__.startswith("anmc.")


def assert_nothing_told(caplog: pytest.LogCaptureFixture, meter: TellingMeter) -> None:
    """Check what was logged and measured so far."""
    gc.collect(1)  # a task whose failure nobody asked for says so when it goes
    logged = [f"{record.getMessage()} {record.args} {vars(record)}" for record in caplog.records]
    assert canaries_in("\n".join([caplog.text, *logged])) == []
    assert canaries_in(repr(vars(meter)) + meter.metrics.render().decode()) == []


async def drive(
    operation: str,
    clock: "FakeClock",
    wire: "Wire",
    failing: Callable[[Failure], Sequence["Reply | Exception"]],
    caplog: pytest.LogCaptureFixture,
    meter: TellingMeter,
) -> None:
    """Drive an operation into each failure; `failing` says what comes over the wire then.

    Each has clients of its own: one whose credentials were refused sends nothing more.
    """
    for failure in FAILURES:
        wire.script(*failing(failure))
        wire.requests.clear()

        async with (
            connect_action_network(clock, wire, meter) as action_network,
            connect_mobile_commons(clock, wire, meter) as mobile_commons,
        ):
            error = await error_of(OPERATIONS[operation](action_network, mobile_commons))

        assert_silent(error)
        assert 0 < len(wire.requests) < 60
    assert_nothing_told(caplog, meter)


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_no_failure_shows_anything(
    operation: str,
    clock: "FakeClock",
    wire: "Wire",
    reply: type["Reply"],
    caplog: pytest.LogCaptureFixture,
    meter: TellingMeter,
) -> None:
    await drive(operation, clock, wire, lambda failure: [answer(failure, reply)], caplog, meter)


@pytest.mark.parametrize(
    "operation", ["update", "add-address", "create", "opt-in", "people", "profiles", "everybody", "by-email"]
)
async def test_no_failure_after_a_good_answer_shows_anything(
    operation: str,
    clock: "FakeClock",
    wire: "Wire",
    reply: type["Reply"],
    caplog: pytest.LogCaptureFixture,
    meter: TellingMeter,
) -> None:
    good = reply(200, GOOD[operation])

    await drive(operation, clock, wire, lambda failure: [good, answer(failure, reply)], caplog, meter)


OTHER = f'"identifiers": ["action_network:canary"], {NUMBERS}'
AFTERWARDS = {
    "not-applied": f"{{{PERSON}}}",
    "two-holders": f'{{"_links": {{}}, "_embedded": {{"osdi:people": [{{{PERSON}}}, {{{OTHER}}}]}}}}',
    "nobody": '{"_links": {}}',
    "unreadable": f'{{"_links": "{ECHO}',
}
"""What a look shows after a write in doubt."""


class TestUnconfirmedWrites:
    """A write that may have worked is looked after, which has failures of its own."""

    @pytest.mark.parametrize(
        "doubt", [("error", "read-timeout"), ("status", 500), ("body", "text"), ("body", "nothing")]
    )
    @pytest.mark.parametrize("afterwards", AFTERWARDS)
    @pytest.mark.parametrize("operation", ["update", "create"])
    async def test_of_action_network(
        self,
        operation: str,
        afterwards: str,
        doubt: Failure,
        action_network: ActionNetworkClient,
        mobile_commons: MobileCommonsClient,
        wire: "Wire",
        reply: type["Reply"],
        caplog: pytest.LogCaptureFixture,
        meter: TellingMeter,
    ) -> None:
        in_doubt = answer(doubt, reply)
        wire.script(in_doubt, reply(200, AFTERWARDS[afterwards]), in_doubt)

        error = await error_of(OPERATIONS[operation](action_network, mobile_commons))

        assert isinstance(error, OutcomeUnknown)
        assert_silent(error)
        assert_nothing_told(caplog, meter)

    @pytest.mark.parametrize("doubt", [("error", "read-timeout"), ("status", 500), ("body", "another-number")])
    async def test_of_mobile_commons(
        self,
        doubt: Failure,
        mobile_commons: MobileCommonsClient,
        wire: "Wire",
        reply: type["Reply"],
        caplog: pytest.LogCaptureFixture,
        meter: TellingMeter,
    ) -> None:
        wire.script(answer(doubt, reply))

        error = await error_of(mobile_commons.opt_in(PHONE, "canary path"))

        assert isinstance(error, OutcomeUnknown)
        assert_silent(error)
        assert_nothing_told(caplog, meter)


@pytest.mark.parametrize("requests", [0, 1, 2])
@pytest.mark.parametrize("operation", OPERATIONS)
async def test_a_gate_that_closes_shows_nothing(
    operation: str,
    requests: int,
    action_network: ActionNetworkClient,
    mobile_commons: MobileCommonsClient,
    gate: "Gatekeeper",
    wire: "Wire",
    reply: type["Reply"],
    caplog: pytest.LogCaptureFixture,
    meter: TellingMeter,
) -> None:
    """The gate closes at once, between two tries, and between two calls."""

    def close(_request: httpx.Request) -> "Reply":
        if len(wire.requests) >= requests:
            gate.closed_by = Interrupted("The process is shutting down")
        return reply(500, BODIES["key-echo"]) if len(wire.requests) == 1 else reply(200, GOOD[operation])

    if requests == 0:
        gate.closed_by = Interrupted("The process is shutting down")
    wire.script(close)

    error = await error_of(OPERATIONS[operation](action_network, mobile_commons))

    assert_silent(error)
    assert_nothing_told(caplog, meter)
    assert requests or isinstance(error, Interrupted)


class Silence(httpx.AsyncBaseTransport):
    """A service that takes a request and never answers."""

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("wait", ["answer", "next-try"])
def test_a_cancellation_shows_nothing(
    wait: str, operation: str, reply: type["Reply"], caplog: pytest.LogCaptureFixture, meter: TellingMeter
) -> None:
    """Cancelled while it waits for an answer, and while it waits before another try."""
    refusal = reply(429, BODIES["key-echo"], HEADERS)
    http = Silence() if wait == "answer" else SlowService(lambda _request: httpx.Response(429, text=str(refusal.body)))

    async def story(clock: VirtualClock) -> asyncio.CancelledError:
        async with (
            connect_action_network(clock, http, meter) as action_network,
            connect_mobile_commons(clock, http, meter) as mobile_commons,
        ):
            calling = asyncio.ensure_future(OPERATIONS[operation](action_network, mobile_commons))
            await clock.sleep(0.1)
            assert not calling.done()
            calling.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await calling
            return caught.value

    assert canaries_in(shown(run_in_virtual_time(story))) == []
    assert_nothing_told(caplog, meter)


class TestPoison:
    """A record that cannot be read is named by its place and its id, and by nothing of its own."""

    @pytest.mark.parametrize("kind", [PeopleList, ProfileList, SubscriberList])
    @pytest.mark.parametrize("is_odd", [True, False])
    def test_on_a_page(
        self, kind: type[ServedList], *, is_odd: bool, caplog: pytest.LogCaptureFixture, meter: TellingMeter
    ) -> None:
        listed = kind(40)
        odd = {
            PeopleList: f'{{"given_name": "{ECHO}", "family_name": []}}',
            ProfileList: f'<profile id="x"><email>{ECHO}</email></profile>',
            SubscriberList: f"<sub>{ECHO}</sub>",
        }
        if is_odd:
            listed.odd = {7: odd[kind]}
        else:
            listed.odd, listed.spoiled = {7: listed.record(7).replace("0", ECHO, 1)}, {7: is_cut_off}

        async def story(clock: VirtualClock) -> list[object]:
            http = SlowService(listed, latency=0.01)
            async with (
                connect_action_network(clock, http, meter) as action_network,
                connect_mobile_commons(clock, http, meter) as mobile_commons,
            ):
                walks: dict[type[ServedList], Callable[[], Pages[object]]] = {
                    PeopleList: lambda: action_network.iter_people(modified_after=SINCE),
                    ProfileList: lambda: mobile_commons.iter_profiles(updated_from=SINCE),
                    SubscriberList: lambda: mobile_commons.iter_subscribers("200001", changed_from=SINCE),
                }
                return [record for page in await all_of(walks[kind]()) for record in page.unreadable]

        unreadable = run_in_virtual_time(story)

        assert len(unreadable) == 1
        assert canaries_in(repr(unreadable)) == []
        assert_nothing_told(caplog, meter)

    def test_in_a_look_up(self, caplog: pytest.LogCaptureFixture, meter: TellingMeter) -> None:
        listed = LookedUpProfiles(500, spoiled={123: fails})

        async def story(clock: VirtualClock) -> LookUp:
            async with connect_mobile_commons(clock, SlowService(listed), meter) as client:
                return await client.find_profiles([Phone(f"+{listed.number(at)}") for at in range(100, 150)])

        found = run_in_virtual_time(story)

        assert len(found.unreadable) == 1
        assert canaries_in(repr(found)) == []
        assert_nothing_told(caplog, meter)

    def test_more_of_it_than_a_walk_bears(self, caplog: pytest.LogCaptureFixture, meter: TellingMeter) -> None:
        listed = PeopleList(600, spoiled=dict.fromkeys(range(0, 600, 25), is_cut_off))
        listed.odd = dict.fromkeys(listed.spoiled, f'{{"given_name": "{ECHO}"}}')

        async def story(clock: VirtualClock) -> BaseException | None:
            async with connect_action_network(clock, SlowService(listed), meter) as client:
                return await error_of(all_of(client.iter_people(modified_after=SINCE)))

        error = run_in_virtual_time(story)

        assert isinstance(error, ServiceUnavailable)
        assert_silent(error)
        assert_nothing_told(caplog, meter)


@pytest.mark.parametrize("operation", WALKS)
async def test_a_walk_that_goes_round_in_circles_shows_nothing(
    operation: str,
    action_network: ActionNetworkClient,
    mobile_commons: MobileCommonsClient,
    wire: "Wire",
    reply: type["Reply"],
    caplog: pytest.LogCaptureFixture,
    meter: TellingMeter,
) -> None:
    wire.script(reply(200, GOOD[operation]))

    error = await error_of(OPERATIONS[operation](action_network, mobile_commons))

    assert isinstance(error, ServiceUnavailable)
    assert_silent(error)
    assert_nothing_told(caplog, meter)


@pytest.mark.parametrize("operation", [name for name in OPERATIONS if name not in WALKS])
async def test_an_operation_that_works_logs_nothing_about_anybody(
    operation: str,
    action_network: ActionNetworkClient,
    mobile_commons: MobileCommonsClient,
    wire: "Wire",
    reply: type["Reply"],
    caplog: pytest.LogCaptureFixture,
    meter: TellingMeter,
) -> None:
    wire.script(reply(200, GOOD[operation]))

    error = await error_of(OPERATIONS[operation](action_network, mobile_commons))

    assert (error, meter.codes[0]) == (None, "200")
    assert_silent(error)
    assert_nothing_told(caplog, meter)


def test_clients_show_no_secret(action_network: ActionNetworkClient, mobile_commons: MobileCommonsClient) -> None:
    outputs = repr([action_network, mobile_commons, vars(action_network), vars(mobile_commons)])

    assert [canary for canary in (KEY, AUTHORIZATION, LOGIN.password) if canary in outputs] == []


def test_what_goes_over_the_wire_shows_nothing_of_itself() -> None:
    call = Call("opt_in", "POST", f"/people/{ANA}", {"phone_number": PHONE.digits}, Body(ECHO.encode(), "text/plain"))
    received = Answer(code="200", body=ECHO.encode(), content_type="text/plain", read_at=SINCE)

    assert canaries_in(repr([call, received, PHONE])) == []
