"""What does not go by itself: people who leave, opt-ins that wait, doubles, failures, a run that would do too much."""

import json
from collections.abc import Callable
from typing import Any, Final

from rich.console import Console
from rich.padding import Padding

from demo import tables
from demo.cast import Act, Box, Cast, Membership, Someone
from demo.checks import Checks
from demo.errors import DemoError
from demo.integration import OBJECT, Integration, Run
from demo.sights import Eyes
from demo.waiting import wait_for
from demo.world import World

NEW_TOWN: Final = "Lakeside"

ALWAYS_ALLOWED: Final = 20
"""Opt-outs that no limit stops."""


class Difficulties:
    """Goes on where the story ends; `group` and `company` are as the seed answered."""

    def __init__(
        self,
        world: World,
        console: Console,
        checks: Checks,
        step: Callable[[str], None],
        *,
        cast: Cast,
        company: dict[str, Any],
        group: dict[str, Any],
    ) -> None:
        self._world = world
        self._simulators = world.simulators
        self._integration = Integration(world)
        self._show = console.print
        self._checks = checks
        self._step = step
        self._cast = cast
        self._company = company
        self._group = group
        self._eyes = Eyes(self._simulators, column=company["constituent_id_column"], box=group["opt_in_field"])

    def tell(self) -> None:
        """Tell them one after the other.

        Raises:
            DemoError: a step does not happen, or not as it is told.
        """
        self._somebody_leaves()
        self._opt_in_waits()
        self._too_much()

    def _somebody_leaves(self) -> None:
        """An opt-out made in Action Network, a write that fails, and a double."""
        self._step("Somebody leaves in Action Network, a write fails, an address is used twice")
        leaver, mover, *_ = self._members()
        self._tell(
            "The box of one member is unticked. Another one moves to a new town, and Mobile Commons refuses such "
            "writes for a while. A stranger texts the keyword and gives the e-mail address of somebody else."
        )
        self._tick(leaver, "0")
        self._simulators.edit_person(mover.person_id, {"locality": NEW_TOWN})
        self._simulators.order_fault("status", operation="update_profile", status=422)
        self._wait_for_filter(mover)
        run = self._run("pull")
        self._show(tables.outcomes_table("How the records ended", run.outcomes))
        self._checks.equal(
            "who left by the box is out of Mobile Commons too",
            found=(run.outcomes.get("OptedOutInMobileCommons"), self._eyes.look(leaver).membership),
            expected=(1, Membership.OUT),
        )
        self._checks.equal(
            "the write that failed is kept as a dead letter, and the others went on",
            found=(run.result, run.outcomes.get("UnableToUpdate"), self._people()["deadLetters"]),
            expected=("PartiallySucceeded", 1, 1),
        )
        self._simulators.recover()
        again = self._run("pull")
        self._checks.equal(
            "once Mobile Commons works again, the next pull brings it over, and no dead letter is left",
            found=(again.result, self._city(mover), self._people()["deadLetters"]),
            expected=("Succeeded", NEW_TOWN, 0),
        )
        stranger, holder = self._cast.spare, self._cast.texters[0].people[-1]
        email = (self._simulators.holder(holder.phone) or {}).get("email_addresses", [{}])[0].get("address", "")
        self._simulators.text_keyword(stranger.phone, campaign_id=self._company["campaign_id"])
        self._simulators.fill_form(stranger.phone, {"email": email})
        pushed = self._run("push")
        self._show(tables.outcomes_table("How the records of the push ended", pushed.outcomes))
        self._checks.equal(
            "the double is skipped, for a person to decide",
            found=(pushed.outcomes.get("SkippedMembers"), self._simulators.holder(stranger.phone)),
            expected=(1, None),
        )

    def _opt_in_waits(self) -> None:
        """An opt-in that the daily cap holds back until a later push."""
        self._step("An opt-in waits for its turn")
        texts, (newcomer,) = len(self._simulators.texts()), self._cast.newcomers
        self._tell("The daily cap is set to what has gone out today; somebody new ticks the box.")
        self._patch({"consent": {"maxOptInsPerDay": texts}})
        self._tick(newcomer, "1")
        self._wait_for_filter(newcomer)
        run = self._run("pull")
        self._checks.equal(
            "there is a profile, no subscription and no text yet",
            found=(
                run.outcomes.get("Imported"),
                self._eyes.look(newcomer).membership,
                self._people()["deferredOptIns"],
                len(self._simulators.texts()) - texts,
            ),
            expected=(1, Membership.NEVER, 1, 0),
        )
        self._patch({"consent": {"maxOptInsPerDay": 500}})
        pushed = self._run("push")
        self._checks.equal(
            "with room under the cap the next push lets them in: one text, to them",
            found=(
                pushed.outcomes.get("Subscribed"),
                self._people()["deferredOptIns"],
                [text["phone"] for text in self._simulators.texts()[texts:]],
            ),
            expected=(1, 0, [self._phone_of(newcomer)]),
        )

    def _too_much(self) -> None:
        """A mistake that would opt out everybody, and the word of a person that it is none."""
        self._step("Somebody uploads a sheet that unticks every box")
        everybody = self._members()
        for one in everybody:
            self._tick(one, "0")
        self._checks.equal(
            f"{len(everybody)} members are linked and say yes, more than the {ALWAYS_ALLOWED} that no limit stops",
            found=len(everybody) > ALWAYS_ALLOWED,
            expected=True,
        )
        self._wait_for_filter(everybody[-1])
        before = self._eyes.members(everybody)
        run = self._run("pull")
        self._show(tables.outcomes_table("How the records ended", run.outcomes))
        self._show(tables.conditions_table(self._integration.status()["conditions"]))
        self._checks.equal(
            "the pull stops before the first opt-out: everybody is still a member",
            # Of the one whose name differs on both sides that is told first.
            found=(run.result, run.outcomes["Held"] + run.outcomes["FieldConflict"], self._eyes.members(everybody)),
            expected=("Failed", len(everybody), before),
        )
        self._checks.equal("the integration is stalled", found=self._reason("Stalled"), expected="SafetyStop")
        self._tell("A person has read the report and says that it is right:")
        self._show(f"  $ kubectl annotate {OBJECT} anmc.io/safety-override=as-wished\n", highlight=False)
        self._world.kubectl("annotate", OBJECT, "anmc.io/safety-override=as-wished", "--overwrite")
        self._world.wait_until("jsonpath={.status.lastHandledSafetyOverride}=as-wished", of=OBJECT)
        outcomes = {one["category"]: one["count"] for one in self._integration.status()["pull"]["lastRun"]["outcomes"]}
        self._show(tables.outcomes_table("How the records of the pull that followed ended", outcomes))
        self._checks.equal(
            "then all of them leave Mobile Commons, and nothing is stalled any more",
            found=(outcomes.get("OptedOutInMobileCommons"), self._eyes.members(everybody), self._reason("Stalled")),
            expected=(len(everybody), 0, None),
        )

    def _members(self) -> list[Someone]:
        """Return who acted, is linked, a member, and says yes: the sync has seen that yes."""
        candidates = [one for part in self._cast.everybody if part.act is not Act.STOP for one in part.people]
        found = []
        for one in candidates:
            sight = self._eyes.look(one)
            if (sight.membership, sight.box, sight.has_id) == (Membership.MEMBER, Box.TRUE, True):
                person = self._simulators.person(one.person_id) if one.person_id else self._simulators.holder(one.phone)
                found.append(Someone(phone=self._phone_of(one), person_id=person["id"] if person else ""))
        if not found:
            raise DemoError("the story has left no members")
        return found

    def _tick(self, someone: Someone, box: str) -> None:
        self._simulators.edit_person(someone.person_id, {"custom_fields": {self._group["opt_in_field"]: box}})

    def _phone_of(self, someone: Someone) -> str:
        if someone.phone:
            return someone.phone
        person = self._simulators.person(someone.person_id) or {}
        return str(person["phone_numbers"][0]["number"])

    def _city(self, someone: Someone) -> str | None:
        profile = self._simulators.profile(someone.phone)
        return None if profile is None else profile["fields"].get("city")

    def _people(self) -> dict[str, int]:
        people: dict[str, int] = self._integration.status()["people"]
        return people

    def _reason(self, condition: str) -> str | None:
        return next(
            (one["reason"] for one in self._integration.status()["conditions"] if one["type"] == condition), None
        )

    def _patch(self, spec: dict[str, Any]) -> None:
        """Change the spec and wait until the operator works by it."""
        self._world.kubectl("patch", OBJECT, "--type=merge", f"--patch={json.dumps({'spec': spec})}")
        generation = json.loads(self._world.kubectl("get", OBJECT, "--output=json"))["metadata"]["generation"]
        self._world.wait_until(f"jsonpath={{.status.observedGeneration}}={generation}", of=OBJECT)
        self._world.wait_until("condition=Ready", of=OBJECT)

    def _run(self, direction: str) -> Run:
        self._show(f"  $ kubectl annotate {OBJECT} anmc.io/{direction}-requested-at=<now>\n", highlight=False)
        return self._integration.run(direction)

    def _wait_for_filter(self, someone: Someone) -> None:
        """Wait until a pull can see the last edit: Action Network's filter trails."""

        def look() -> bool | None:
            return self._simulators.filter_shows_newest(someone.person_id, key=self._group["key"]) or None

        wait_for("Action Network's filter shows the last edit", look)

    def _tell(self, text: str) -> None:
        self._show(Padding(text, (0, 20, 1, 2)))
