from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest

from anmc.api.names import InitialSync, Mode, SendWindowZone, SyncType
from anmc.api.spec import DataSyncIntegrationSpec
from anmc.errors import InvalidSpec

REQUIRED_ONLY: dict[str, Any] = {
    "mobileCommons": {"credentialsSecretRef": {"name": "mobile-commons"}},
    "actionNetwork": {"credentialsSecretRef": {"name": "action-network"}, "optInField": "sms_opt_in"},
}


def a_spec(**fields: Any) -> dict[str, Any]:
    """Return a spec with fields by their path: `a_spec(push__interval="5m")`."""
    spec = deepcopy(REQUIRED_ONLY)
    for path, value in fields.items():
        *parents, last = path.split("__")
        place = spec
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = value
    return spec


DEFAULTS: list[tuple[str, object]] = [
    ("active", False),
    ("notes", ""),
    ("sync_type", SyncType.CONSERVATIVE),
    ("initial_sync", InitialSync.WINDOW),
    ("mobile_commons.url", "https://secure.mcommons.com"),
    ("mobile_commons.company_key", None),
    ("mobile_commons.opt_in_path", None),
    ("mobile_commons.campaign_id", None),
    ("mobile_commons.constituent_id_column", "constituent_id"),
    ("mobile_commons.max_concurrent_requests", 50),
    ("action_network.url", "https://actionnetwork.org"),
    ("action_network.source_code", "Mobile Commons"),
    ("action_network.create_without_email", False),
    ("action_network.max_requests_per_minute", 234),
    ("push.interval", timedelta(minutes=5)),
    ("push.mode", Mode.APPLY),
    ("pull.schedule", "0 2 * * *"),
    ("pull.time_zone", "America/New_York"),
    ("pull.lookback", timedelta(hours=48)),
    ("pull.starting_deadline", timedelta(hours=6)),
    ("pull.mode", Mode.APPLY),
    ("consent.opt_out_from_action_network", True),
    ("consent.send_window.start", "09:00"),
    ("consent.send_window.end", "20:00"),
    ("consent.send_window.zone", SendWindowZone.RECIPIENT),
    ("consent.max_opt_ins_per_day", 500),
    ("safety.max_opt_out_percent", 20),
    ("safety.max_creates_per_run", 10_000),
    ("safety.max_failure_percent", 20),
    ("default_region", "US"),
    ("allowed_country_codes", (1,)),
    ("reports.keep_pulls", 14),
    ("reports.keep_pushes", 12),
]


@pytest.mark.parametrize(("path", "default"), DEFAULTS, ids=[path for path, _ in DEFAULTS])
def test_what_is_absent_has_the_default_of_the_api(path: str, default: object) -> None:
    value: object = DataSyncIntegrationSpec.from_dict(REQUIRED_ONLY)

    for attribute in path.split("."):
        value = getattr(value, attribute)

    assert value == default


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (a_spec(active="yes"), "spec.active: must be true or false"),
        (a_spec(reports__keepPulls="14"), "spec.reports.keepPulls: must be a whole number"),
        (a_spec(reports__keepPulls=0), "spec.reports.keepPulls: must be at least 1"),
        (a_spec(safety__maxOptOutPercent=101), "spec.safety.maxOptOutPercent: must be at most 100"),
        (a_spec(syncType="Eager"), "spec.syncType: must be 'Conservative' or 'Liberal'"),
        (a_spec(notes="n" * 4097), "spec.notes: must have at most 4096 characters"),
        (a_spec(pull__schedule=""), "spec.pull.schedule: must have at least 1 characters"),
        (a_spec(allowedCountryCodes=[]), "spec.allowedCountryCodes: must have at least 1 entries"),
        (a_spec(pull=None), "spec.pull: must be an object"),
        (a_spec(fieldMappings="none"), "spec.fieldMappings: must be a list"),
        (a_spec(pushInterval="5m"), "spec.pushInterval: is not a field that the operator knows"),
        (a_spec(sync_type="Liberal"), "spec.sync_type: is not a field that the operator knows"),
        (a_spec(push__interval=300), "spec.push.interval: must be a duration such as 5m or 36h"),
        (a_spec(push__interval="59s"), "spec.push.interval: must be at least 1m and at most 24h"),
        (a_spec(pull__lookback="721h"), "spec.pull.lookback: must be at least 1h and at most 720h"),
        (
            a_spec(consent__sendWindow__start="20:00"),
            "spec.consent.sendWindow: start must be before end; a window over midnight is not possible",
        ),
        (
            a_spec(actionNetwork__credentialsSecretRef__name="mobile-commons"),
            "spec: mobileCommons and actionNetwork must name different Secrets",
        ),
        ({}, "spec.mobileCommons: is required; spec.actionNetwork: is required"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_used_is_named_as_the_user_spells_it(written: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidSpec) as refusal:
        DataSyncIntegrationSpec.from_dict(written)

    assert refusal.value.message == message


def test_a_refusal_never_repeats_the_value() -> None:
    with pytest.raises(InvalidSpec) as refusal:
        DataSyncIntegrationSpec.from_dict(a_spec(mobileCommons__url="https://ana:hidden@service.example"))

    assert "hidden" not in str(refusal.value)
    assert refusal.value.__cause__ is None
    assert refusal.value.__context__ is None


@pytest.mark.parametrize(
    "url",
    [
        "https://service.example/api",
        "https://service.example?key=1",
        "https://service.example#top",
        "https://ana@service.example",
        "ftp://service.example",
        "service.example",
        "https://",
        "https://service.example:port",
        "https://service.example:0",
        "https://service. example",
    ],
)
def test_an_address_that_is_no_origin_is_refused(url: str) -> None:
    with pytest.raises(InvalidSpec, match=r"spec\.actionNetwork\.url: must be an origin"):
        DataSyncIntegrationSpec.from_dict(a_spec(actionNetwork__url=url))


def test_the_closing_slash_of_an_origin_goes() -> None:
    spec = DataSyncIntegrationSpec.from_dict(a_spec(actionNetwork__url="http://127.0.0.1:18081/"))

    assert spec.action_network.url == "http://127.0.0.1:18081"


@pytest.mark.parametrize(
    ("start", "end", "minutes", "always"),
    [
        ("09:00", "20:00", (540, 1200), False),
        ("00:00", "24:00", (0, 1440), True),
        ("00:00", "23:59", (0, 1439), False),
    ],
)
def test_the_send_window_counts_in_minutes_of_the_day(
    start: str,
    end: str,
    minutes: tuple[int, int],
    always: bool,  # noqa: FBT001 - a column of the table
) -> None:
    written = a_spec(consent__sendWindow={"start": start, "end": end})

    window = DataSyncIntegrationSpec.from_dict(written).consent.send_window

    assert (window.start_minute, window.end_minute) == minutes
    assert window.is_always_open is always
