import io
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from anmc_simulators.seed import seed
from anmc_simulators.simulation import Simulation
from demo.cast import RECORDS, TEXTERS, choose_cast
from demo.checks import Checks
from demo.errors import DemoError, NotWhatHappened
from demo.manifest import Manifest, fit_sample

SAMPLES = Path(__file__).resolve().parents[2] / "deploy" / "samples"


def seeded_kinds(people: int) -> dict[str, Any]:
    kinds: dict[str, Any] = seed(Simulation(), people=people, number=1)["kinds"]
    return kinds


def fit(now: datetime) -> Manifest:
    sample = [SAMPLES / "minimal" / "integration.yaml", *sorted((SAMPLES / "secrets").glob("*_*.yaml"))]
    return fit_sample(
        "\n---\n".join(path.read_text() for path in sample),
        urls={"mobileCommons": "http://127.0.0.1:1", "actionNetwork": "http://127.0.0.1:2"},
        tokens={"mobile-commons": "first-token", "action-network": "second-token"},
        opt_in_path="300001",
        now=now,
    )


@pytest.fixture
def told() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def checks(told: io.StringIO) -> Checks:
    return Checks(Console(file=told, width=100))


def test_nobody_plays_two_parts_but_those_who_are_ticked_again() -> None:
    cast = choose_cast(seeded_kinds(200))

    people = [one for part in (*cast.texters, *cast.records) for one in part.people]

    assert len(set(people)) == len(people) == sum(part.count for part in (*TEXTERS, *RECORDS))
    assert set(cast.ticked_again.people) < set(people)


def test_strangers_are_strangers_to_the_seed() -> None:
    kinds = seeded_kinds(200)
    seeded = {person["phone"] for kind in kinds.values() for person in kind["people"] if "phone" in person}

    strangers = {one.phone for part in choose_cast(kinds).texters if not part.kind for one in part.people}

    assert strangers
    assert not strangers & seeded


def test_a_seed_that_is_too_small_for_the_parts_is_refused() -> None:
    with pytest.raises(DemoError, match="too few people"):
        choose_cast(seeded_kinds(20))


def test_the_sample_is_applied_with_nothing_but_what_the_demo_needs() -> None:
    sample = yaml.safe_load((SAMPLES / "minimal" / "integration.yaml").read_text())

    (integration, *_) = yaml.safe_load_all(fit(datetime(2026, 2, 3, 15, tzinfo=UTC)).text)

    assert integration["spec"].pop("consent") == {"sendWindow": {"start": "00:00", "end": "24:00"}}
    assert integration["spec"].pop("push") == {"interval": "24h"}
    assert integration["spec"].pop("pull")["timeZone"] == "America/New_York"
    sample["spec"]["active"] = True
    sample["spec"]["mobileCommons"] |= {"url": "http://127.0.0.1:1", "optInPath": "300001"}
    sample["spec"]["actionNetwork"] |= {"url": "http://127.0.0.1:2"}
    assert integration == sample


def test_each_secret_gets_its_own_token() -> None:
    manifest = fit(datetime(2026, 2, 3, 15, tzinfo=UTC))

    secrets = [document for document in yaml.safe_load_all(manifest.text) if document["kind"] == "Secret"]

    assert {secret["metadata"]["name"]: secret["stringData"] for secret in secrets} == {
        "mobile-commons": {"token": "first-token"},
        "action-network": {"token": "second-token"},
    }
    assert "token" not in manifest.integration


@pytest.mark.parametrize(
    ("now", "schedule"),
    [
        pytest.param(datetime(2026, 2, 3, 6, 59, tzinfo=UTC), "0 13 * * *", id="two-at-night-in-New-York-in-winter"),
        pytest.param(datetime(2026, 7, 3, 18, 0, tzinfo=UTC), "0 2 * * *", id="two-in-the-afternoon-in-summer"),
    ],
)
def test_the_nightly_pull_keeps_out_of_the_story(now: datetime, schedule: str) -> None:
    (integration, *_) = yaml.safe_load_all(fit(now).text)

    assert integration["spec"]["pull"]["schedule"] == schedule


def test_a_claim_that_holds_is_told_and_counted(checks: Checks, told: io.StringIO) -> None:
    checks.equal("two and two [are] four", found=2 + 2, expected=4)

    assert checks.count == 1
    assert "two and two [are] four" in told.getvalue()


@pytest.mark.parametrize(
    "make_claim",
    [
        pytest.param(lambda checks: checks.equal("texts", found=1, expected=0), id="one"),
        pytest.param(
            lambda checks: checks.all_equal("texts", [("first", 0, 0), ("second", 1, 0), ("third", 2, 0)]), id="several"
        ),
    ],
)
def test_a_claim_that_does_not_hold_ends_the_story_in_one_line(
    checks: Checks, told: io.StringIO, make_claim: Callable[[Checks], None]
) -> None:
    with pytest.raises(NotWhatHappened, match=r"^texts.*: expected 0, found 1$"):
        make_claim(checks)

    assert checks.count == 0
    assert told.getvalue() == ""
