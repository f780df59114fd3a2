"""Whatever a service answers, its readers return something or raise an error of theirs: no hang, no growth, no more.

The files of `corpus/` are answers that are broken, or meant to break whoever reads them (operations.md 13).
"""

import asyncio
import functools
import gzip
import json
import resource
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from anmc.clients.action_network import people
from anmc.clients.action_network.client import ActionNetworkClient
from anmc.clients.action_network.models import CustomFields, PersonAnswer, find_id
from anmc.clients.calls import Answer
from anmc.clients.failures import Denied, Refused, Unreadable
from anmc.clients.mobile_commons import answers
from anmc.clients.mobile_commons.client import MobileCommonsClient
from anmc.clients.served import Served
from anmc.clients.unpacking import MAX_BODY_BYTES, read_body
from anmc.errors import AnmcError
from anmc.rules.records import Phone
from anmc.sync.ports import Pages
from anmc_simulators.clock import Clock
from anmc_simulators.seed import COMPANY_KEY, GROUP_KEY, TOKEN, seed
from anmc_simulators.server import create_apps
from anmc_simulators.simulation import Simulation

if TYPE_CHECKING:
    from clients.conftest import Reply, Wire

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PHONE = Phone("+12025550123")
CORPUS = Path(__file__).parent / "corpus"

Read = Callable[[Answer], object]

ACTION_NETWORK: dict[str, Read] = {
    "people": people._read_page,
    "people-looked-up": people._read_everybody,
    "person": lambda answer: PersonAnswer.read(answer).to_person(),
    "custom-fields": CustomFields.read,
    "shown-id": lambda answer: find_id(answer.body),
}
MOBILE_COMMONS: dict[str, Read] = {
    "profiles": answers.read_profiles,
    "subscribers": answers.read_subscribers,
    "profiles-looked-up": answers.look_up_reader([PHONE]),
    "profile": answers.profile_reader(PHONE),
    "campaigns": answers.read_campaigns,
    "shown-id": lambda answer: answers.find_profile_id(answer.body),
    "shown-id-of-row": lambda answer: answers.find_profile_id_of_row(answer.body),
}

quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def readable(read: Read, body: bytes) -> object:
    """Return what a reader makes of a body, None if it says that it makes nothing of it."""
    try:
        return read(Answer(code="200", body=body, content_type="", read_at=NOW))
    except (Unreadable, Refused, Denied):
        return None


def corpus(service: str) -> list[Any]:
    return [pytest.param(file.read_bytes(), id=file.name) for file in sorted((CORPUS / service).iterdir())]


HUGE: dict[str, Callable[[], bytes]] = {
    "attribute": lambda: b'<response success="' + b"x" * 12_000_000 + b'"/>',
    "text": lambda: b'<response success="true"><profiles num="0">' + b"x" * 12_000_000 + b"</profiles></response>",
    "elements": lambda: b'<response success="true"><profiles num="0">' + b"<a/>" * 200_000 + b"</profiles></response>",
    "attributes": lambda: b"<response " + b" ".join(b'a%d=""' % number for number in range(20_000)) + b"/>",
    "depth": lambda: b"<a>" * 200_000,
    "half-comments": lambda: b"<!--" * 100_000,
    "lists": lambda: b"[" * 1_000_000,
    "string": lambda: b'{"_links": {}, "x": "' + b"x" * 8_000_000 + b'"}',
    "number": lambda: b'{"_links": {}, "x": ' + b"9" * 1_000_000 + b"}",
    "members": lambda: b'{"_links": {}' + b"".join(b',"%d":0' % number for number in range(200_000)) + b"}",
}


class TestCorpus:
    @pytest.mark.parametrize("body", corpus("action_network"))
    def test_action_network(self, body: bytes) -> None:
        for read in ACTION_NETWORK.values():
            readable(read, body)

    @pytest.mark.parametrize("body", corpus("mobile_commons"))
    def test_mobile_commons(self, body: bytes) -> None:
        for read in MOBILE_COMMONS.values():
            readable(read, body)

    @pytest.mark.parametrize("name", HUGE)
    def test_what_is_too_large_for_a_file(self, name: str) -> None:
        body = HUGE[name]()

        for read in (*ACTION_NETWORK.values(), *MOBILE_COMMONS.values()):
            readable(read, body)

    @pytest.mark.parametrize("body", corpus("action_network"))
    async def test_a_walk_over_people(
        self, body: bytes, action_network: ActionNetworkClient, wire: "Wire", reply: type["Reply"]
    ) -> None:
        wire.script(reply(200, body))

        await self.assert_ends(action_network.iter_people(modified_after=NOW))

        assert len(wire.requests) < 50

    @pytest.mark.parametrize("body", corpus("mobile_commons"))
    async def test_a_walk_over_profiles(
        self, body: bytes, mobile_commons: MobileCommonsClient, wire: "Wire", reply: type["Reply"]
    ) -> None:
        wire.script(reply(200, body))

        await self.assert_ends(mobile_commons.iter_profiles(updated_from=NOW))

        assert len(wire.requests) < 50

    @staticmethod
    async def assert_ends(walk: Pages[object]) -> None:
        """Check that a walk ends by itself, or by an error of ours."""
        try:
            async with aclosing(walk) as pages:
                async for page in pages:
                    assert page.number < 10
        except AnmcError as error:
            assert error.sentence  # noqa: PT017  # either end will do

    def test_memory_stays_bounded(self) -> None:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for service, readers in (("action_network", ACTION_NETWORK), ("mobile_commons", MOBILE_COMMONS)):
            for file in (CORPUS / service).iterdir():
                for read in readers.values():
                    readable(read, file.read_bytes())

        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


@functools.cache
def served() -> dict[str, bytes]:
    """Return real answers of the simulated services, by reader."""
    return asyncio.run(_ask_simulators())


async def _ask_simulators() -> dict[str, bytes]:
    simulation = Simulation(clock=Clock(lambda: NOW))
    seed(simulation, people=6, number=3)
    apps = create_apps(simulation)
    (company,) = simulation.mobile_commons.companies.values()
    number = next(iter(company.profiles))
    bodies = {}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=apps["action_network"]),
        base_url="http://sim.example.org/api/v2",
        headers={"OSDI-API-Token": GROUP_KEY},
    ) as client:
        bodies["people"] = (await client.get("/people")).content
        person = json.loads(bodies["people"])["_embedded"]["osdi:people"][0]
        bodies["person"] = json.dumps(person).encode()
        bodies["custom-fields"] = (await client.get("/metadata/custom_fields")).content
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=apps["mobile_commons"]),
        base_url="http://sim.example.org/api",
        headers={"Authorization": f"Bearer {TOKEN}"},
        params={"company": COMPANY_KEY},
    ) as client:
        bodies["profiles"] = (await client.get("/profiles")).content
        bodies["profile"] = (await client.get("/profile", params={"phone_number": number})).content
        bodies["campaigns"] = (await client.get("/campaigns", params={"include_opt_in_paths": "1"})).content
        campaign = next(iter(company.campaigns))
        bodies["subscribers"] = (await client.get("/campaign_subscribers", params={"campaign_id": campaign})).content
    return bodies


READERS: dict[str, Read] = {
    **{name: ACTION_NETWORK[name] for name in ("people", "person", "custom-fields")},
    **{name: MOBILE_COMMONS[name] for name in ("profiles", "profile", "campaigns", "subscribers")},
}

TOKENS = [
    *(b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"<!DOCTYPE x>", b"<![CDATA[", b"]]>", b"<!--", b"-->"),
    *(b"&", b"&#0;", b"<", b">", b'"', b"'", b"/>", b"<?xml?>", b"{", b"}", b"[", b"]", b",", b":", b"null", b"NaN"),
    *(b"1e999", b"-", b"\\", b"\\ud800", b"true", b"<profile", b"</profile>", b"<a>" * 300, b"[" * 300, b"9" * 5000),
]


@st.composite
def mutations(draw: st.DrawFn) -> Callable[[bytes], bytes]:
    """Return a change to an answer: something cut out, doubled, put in or overwritten, at a few places."""
    changes = draw(
        st.lists(
            st.tuples(
                st.sampled_from(["cut", "double", "insert", "overwrite"]),
                st.floats(0, 1),
                st.integers(1, 300),
                st.one_of(st.sampled_from(TOKENS), st.binary(max_size=8)),
            ),
            min_size=1,
            max_size=4,
        )
    )

    def change(body: bytes) -> bytes:
        for kind, place, length, token in changes:
            start = int(place * len(body))
            end = start + length
            match kind:
                case "cut":
                    body = body[:start] + body[end:]
                case "double":
                    body = body[:end] + body[start:]
                case "insert":
                    body = body[:start] + token + body[start:]
                case _:
                    body = body[:start] + token + body[start + len(token) :]
        return body

    return change


class TestMutations:
    def test_an_answer_as_it_is_can_be_read(self) -> None:
        assert [name for name, body in served().items() if readable(READERS[name], body) is None] == ["profile"]
        number = served()["profile"].partition(b"<phone_number>")[2].partition(b"<")[0].decode()
        assert readable(answers.profile_reader(Phone(f"+{number}")), served()["profile"]) is not None

    @pytest.mark.parametrize("name", READERS)
    def test_an_answer_cut_off_anywhere_is_none(self, name: str) -> None:
        body = served()[name].rstrip()
        for length in range(0, len(body) - 1, 7):
            assert readable(READERS[name], body[:length]) is None

    @pytest.mark.parametrize("name", READERS)
    @quick
    @given(change=mutations())
    def test_an_answer_that_was_damaged_is_an_answer_or_none(self, name: str, change: Callable[[bytes], bytes]) -> None:
        readable(READERS[name], change(served()[name]))


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=5),
    st.just("action_network:x"),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=6,
)
MEMBERS = [
    *("identifiers", "created_date", "modified_date", "given_name", "family_name", "email_addresses", "phone_numbers"),
    *("postal_addresses", "languages_spoken", "custom_fields", "_links"),
]
odd_people = st.one_of(values, st.dictionaries(st.sampled_from(MEMBERS), values, max_size=6))

texts = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=6
)


@st.composite
def elements(draw: st.DrawFn) -> str:
    """Return a profile or a row with some of its parts in some order."""
    tag = draw(st.sampled_from(["profile", "sub"]))
    attribute = draw(st.sampled_from(['id="17"', 'id=""', 'id="x"', "", 'campaign_id="1"']))
    names = ["phone_number", "profile_id", "status", "updated_at", "address", "subscriptions", "integrations", "email"]
    children = "".join(
        f"<{name}>{_escaped(draw(texts))}</{name}>" for name in draw(st.lists(st.sampled_from(names), max_size=5))
    )
    known = draw(
        st.sampled_from(
            ["", "<phone_number>12025550123</phone_number>", "<subscriptions><subscription/></subscriptions>"]
        )
    )
    return f"<{tag} {attribute}>{children}{known}</{tag}>"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


class TestShapes:
    """What is well-formed is read record by record, and none of them is lost on the way."""

    @quick
    @given(page=st.lists(odd_people, max_size=6))
    @example(page=[{"identifiers": ["action_network:p"], "given_name": 1}, None])
    def test_each_person_is_read_or_named_as_unreadable(self, page: list[object]) -> None:
        body = json.dumps({"_links": {}, "_embedded": {"osdi:people": page}}).encode()

        read = readable(people._read_page, body)

        assert isinstance(read, Served)
        assert read.size == len(page)

    @quick
    @given(page=st.lists(elements(), max_size=6))
    def test_each_profile_and_row_is_read_or_named_as_unreadable(self, page: list[str]) -> None:
        for read, container, tag in (
            (answers.read_profiles, "profiles", "profile"),
            (answers.read_subscribers, "subscriptions", "sub"),
        ):
            records = [record for record in page if record.startswith(f"<{tag} ")]
            payload = f'<{container} num="{len(records)}">{"".join(records)}</{container}>'

            page_read = readable(read, f'<response success="true">{payload}</response>'.encode())

            assert isinstance(page_read, Served)
            assert page_read.size == len(records)

    @quick
    @given(body=st.binary(max_size=200))
    def test_noise_is_an_answer_or_none(self, body: bytes) -> None:
        for read in (*ACTION_NETWORK.values(), *MOBILE_COMMONS.values()):
            readable(read, body)


async def _chunks(body: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


def unpacked(body: bytes, *, encoding: str | None = "gzip", size: int = 1000) -> bytes | None:
    """Return an unpacked body, None if it says that there is none."""
    try:
        return asyncio.run(read_body(_chunks(body, size), encoding=encoding))
    except Unreadable:
        return None


def packed() -> bytes:
    return gzip.compress(served()["people"])


class TestPacking:
    def test_a_packed_answer_is_unpacked(self) -> None:
        assert {size: unpacked(packed(), size=size) for size in (1, 7, 10_000)} == dict.fromkeys(
            (1, 7, 10_000), served()["people"]
        )

    def test_one_that_is_cut_off_is_none(self) -> None:
        body = packed()
        for length in range(0, len(body) - 1, 7):
            assert unpacked(body[:length]) is None

    @settings(max_examples=40, deadline=None)
    @given(change=mutations(), size=st.sampled_from([1, 100, 5000]))
    def test_one_that_was_damaged_is_an_answer_or_none(self, change: Callable[[bytes], bytes], size: int) -> None:
        body = unpacked(change(packed()), size=size)

        assert body is None or len(body) <= MAX_BODY_BYTES

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param(lambda: b"", id="nothing"),
            pytest.param(lambda: b"\x1f\x8b", id="only-the-beginning"),
            pytest.param(lambda: served()["people"], id="not-packed"),
            pytest.param(lambda: zlib.compress(served()["people"]), id="packed-otherwise"),
            pytest.param(lambda: gzip.compress(b"0" * (MAX_BODY_BYTES + 1)), id="bursts"),
        ],
    )
    def test_what_is_no_packed_answer_is_none(self, body: Callable[[], bytes]) -> None:
        assert unpacked(body(), size=65536) is None

    @pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "zstd", "x" * 10_000])
    def test_a_packing_that_was_not_asked_for_is_none(self, encoding: str) -> None:
        assert unpacked(packed(), encoding=encoding) is None
