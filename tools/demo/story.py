"""The story: what happens at each step, shown and held against what is really there."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from rich.console import Console
from rich.padding import Padding
from rich.syntax import Syntax

from anmc_simulators.invented import KINDS
from anmc_simulators.invented import Membership as Invented
from demo import tables
from demo.cast import Act, Cast, Part, Sight, Someone, choose_cast
from demo.checks import Checks
from demo.difficulties import Difficulties
from demo.integration import OBJECT, Integration, Run
from demo.manifest import fit_sample
from demo.sights import Eyes
from demo.waiting import wait_for
from demo.world import REPOSITORY, World

PEOPLE: Final = 200

NEW_CITY: Final = "Riverside"
NEW_NAME: Final = "Robin"

Seen = Sequence[tuple[Part, Sequence[Sight]]]


class Story:
    """Tells the steps in order; each uses what the ones before have left."""

    def __init__(self, world: World, console: Console, checks: Checks, step: Callable[[str], None]) -> None:
        self._world = world
        self._simulators = world.simulators
        self._integration = Integration(world)
        self._console = console
        self._show = console.print
        self._checks = checks
        self._step = step
        self._seed = world.simulators.seed(PEOPLE)
        self._company: dict[str, Any] = self._seed["mobile_commons"]
        self._group: dict[str, Any] = self._seed["action_network"]
        self.runs: list[Run] = []
        """The runs that were asked for, in order."""
        self._cast: Cast = choose_cast(self._seed["kinds"])
        self._eyes = Eyes(
            self._simulators, column=self._company["constituent_id_column"], box=self._group["opt_in_field"]
        )

    def go_on(self) -> Difficulties:
        """Return what does not go by itself, for the same people."""
        return Difficulties(
            self._world,
            self._console,
            self._checks,
            self._step,
            cast=self._cast,
            company=self._company,
            group=self._group,
        )

    @property
    def somebody(self) -> str:
        """The number of a member whom the story has left alone since they joined."""
        return self._cast.texters[0].people[0].phone

    def tell(self) -> None:
        """Tell everything from the people's invention to the runs that find nothing to do.

        Raises:
            DemoError: a step does not happen, or not as it is told.
        """
        self._introduce_people()
        self._apply()
        self._let_people_act()
        self._push()
        self._pull()
        self._run_again()

    def _introduce_people(self) -> None:
        self._step(f"{PEOPLE} invented people, known to one service or to both")
        self._show(tables.kinds_table(self._seed["kinds"]))
        counts = [kind["count"] for kind in self._seed["kinds"].values()]
        self._checks.equal(
            f"{PEOPLE} people: {self._company['profiles']} profiles in Mobile Commons, "
            f"{self._group['people']} records in Action Network",
            found=sum(counts),
            expected=PEOPLE,
        )

    def _apply(self) -> None:
        self._step("The integration: deploy/samples/minimal, with what fits this demo")
        manifest = fit_sample(
            self._world.kubectl("kustomize", str(REPOSITORY / "deploy" / "samples" / "minimal")),
            urls={"mobileCommons": self._simulators.mobile_commons, "actionNetwork": self._simulators.action_network},
            tokens={"mobile-commons": self._company["token"], "action-network": self._group["key"]},
            opt_in_path=self._company["opt_in_path_id"],
            now=datetime.now(UTC),
        )
        self._show(Syntax(manifest.integration, "yaml", theme="ansi_dark", background_color="default"))
        self._show()
        self._tell(
            f"Two Secrets come with it, each with a token: {' and '.join(manifest.secrets)}. A push would come every "
            "five minutes and a pull each night; here both are far away, as the demo asks for every run itself."
        )
        self._world.kubectl("apply", "--filename=-", stdin=manifest.text)
        self._world.wait_until("condition=Ready", of=OBJECT)
        # Every activation starts a push; it would share the people with the one that is asked for below.
        self._world.wait_until("jsonpath={.status.push.lastSuccessTime}", of=OBJECT)
        status = self._integration.status()
        self._show(tables.conditions_table(status["conditions"]))
        states = {condition["type"]: condition["status"] for condition in status["conditions"]}
        self._checks.equal("it is Ready", found=states.get("Ready"), expected="True")
        self._checks.equal("both services accept the keys", found=states.get("CredentialsValid"), expected="True")
        self._checks.equal(
            "the push that comes with the activation found nothing new",
            found=status["push"]["lastRun"]["recordsRead"],
            expected=0,
        )

    def _let_people_act(self) -> None:
        self._step("People text, staff edit records")
        for part in (*self._cast.texters, *self._cast.records):
            self._play(part)
        self._show(tables.acts_table("By text, to Mobile Commons", self._cast.texters))
        self._show(tables.acts_table("By hand, in Action Network", self._cast.records))

    def _play(self, part: Part) -> None:
        for one in part.people:
            match part.act:
                case Act.KEYWORD:
                    self._simulators.text_keyword(one.phone, campaign_id=self._company["campaign_id"])
                case Act.KEYWORD_AND_FORM:
                    self._simulators.text_keyword(one.phone, campaign_id=self._company["campaign_id"])
                    self._simulators.fill_form(one.phone, {"email": one.email})
                case Act.STOP:
                    self._simulators.text_stop(one.phone)
                case Act.TICK:
                    self._simulators.edit_person(one.person_id, {"custom_fields": {self._group["opt_in_field"]: "1"}})
                case Act.MOVE:
                    self._simulators.edit_person(one.person_id, {"locality": NEW_CITY})
                case Act.RENAME:
                    self._simulators.edit_person(one.person_id, {"given_name": NEW_NAME})

    def _push(self) -> None:
        self._step("A push: Mobile Commons to Action Network")
        self._tell(
            "Who texted the keyword gets a true opt-in there, who texted STOP a false one. A stranger becomes a person "
            "if there is an e-mail address. The id of each person is written to the profile: it joins the two."
        )
        run = self._run("push")
        seen = self._eyes.see(self._cast.texters)
        self._show(tables.sights_table("What both services hold now", seen))
        self._show(tables.outcomes_table(f"How the {run.read} records ended, by the status", run.outcomes))
        self._check_run(run)
        self._check_sights("opt-ins and opt-outs have arrived, ids are on the profiles", seen)
        self._checks.equal("every outcome is the one that was to come", found=run.outcomes, expected=self._cast.pushed)
        self._checks.equal("no text went out", found=self._simulators.texts(), expected=[])

    def _pull(self) -> None:
        again = self._cast.ticked_again
        self._step("A pull: Action Network to Mobile Commons")
        self._tell(
            "Edits come over, and whose box is ticked is subscribed through the opt-in path, which sends the welcome "
            f"text. Just before it, somebody ticks the box of {again.count} people again who have texted STOP: "
            "they must not be texted."
        )
        self._play(again)
        self._wait_for_filter(again.people[-1])
        run = self._run("pull")
        seen = self._eyes.see((*self._cast.records, again))
        self._show(tables.sights_table("What both services hold now", seen))
        self._show(tables.outcomes_table(f"How the {run.read} records ended, by the status", run.outcomes))
        self._check_run(run)
        self._check_sights("profiles are made and updated, ids are written", seen)
        self._check_fields()
        self._check_texts(run)

    def _check_fields(self) -> None:
        moved = [one for part in self._cast.records if part.act is Act.MOVE for one in part.people]
        cities = [profile["fields"].get("city") for profile in self._profiles(moved)]
        self._checks.equal(
            f"the new city is on all {len(cities)} profiles of those who moved",
            found=set(cities),
            expected={NEW_CITY},
        )
        renamed = [one for part in self._cast.records if part.act is Act.RENAME for one in part.people]
        self._checks.equal(
            "a name that differs on both sides is left alone, for a person to decide",
            found=[profile["fields"]["first_name"] == NEW_NAME for profile in self._profiles(renamed)],
            expected=[False] * len(renamed),
        )

    def _check_texts(self, run: Run) -> None:
        texts = self._simulators.texts()
        who = {one.phone: part.who for part in self._cast.everybody for one in part.people}
        self._show()
        self._show(tables.texts_table("Texts that went out, by the simulator's journal", texts, who))
        texted, calls = [text["phone"] for text in texts], self._simulators.opt_in_calls()
        asked = [one.phone for part in self._cast.records if part.ends_as.texts for one in part.people]
        out = self._eyes.opted_out(self._may_have_left())
        self._checks.equal(
            f"the {len(asked)} people who newly asked for it got the welcome text, nobody else, nobody twice",
            found=sorted(texted),
            expected=sorted(asked),
        )
        self._checks.equal(
            f"of {len(out)} people who opted out, nobody was texted", found=out & set(texted), expected=set()
        )
        self._checks.equal("nor was Mobile Commons asked to opt in any of them", found=out & set(calls), expected=set())
        self._checks.equal("the status counts as many", found=run.outcomes.get("Subscribed", 0), expected=len(texts))

    def _run_again(self) -> None:
        self._step("Once more: a push and a pull with nothing new to carry")
        texts = len(self._simulators.texts())
        runs = [self._run("push"), self._run("pull")]
        self._show(tables.runs_table(runs))
        for run in runs:
            self._check_run(run)
        self._checks.equal("nothing was written to either service", found=[run.writes for run in runs], expected=[0, 0])
        self._checks.equal("no text went out", found=len(self._simulators.texts()) - texts, expected=0)

    def _run(self, direction: str) -> Run:
        self._show(f"  $ kubectl annotate {OBJECT} anmc.io/{direction}-requested-at=<now>\n", highlight=False)
        run = self._integration.run(direction)
        self.runs.append(run)
        return run

    def _tell(self, text: str) -> None:
        self._show(Padding(text, (0, 20, 1, 2)))

    def _check_run(self, run: Run) -> None:
        self._checks.equal(
            f"the {run.direction} that was asked for succeeded",
            found=(run.trigger, run.result),
            expected=("Request", "Succeeded"),
        )
        self._checks.equal(
            f"each of its {run.read} records has one outcome", found=sum(run.outcomes.values()), expected=run.read
        )

    def _check_sights(self, claim: str, seen: Seen) -> None:
        rows = ((f"{part.who}: {part.act}", sight, part.ends_as) for part, sights in seen for sight in sights)
        self._checks.all_equal(claim, rows)

    def _wait_for_filter(self, someone: Someone) -> None:
        """Wait until a pull can see the last edit: Action Network's filter trails."""

        def look() -> bool | None:
            return self._simulators.filter_shows_newest(someone.person_id, key=self._group["key"]) or None

        wait_for("Action Network's filter shows the last edit", look)

    def _profiles(self, people: Iterable[Someone]) -> list[dict[str, Any]]:
        found = [self._simulators.profile(one.phone) for one in people if one.phone]
        return [profile for profile in found if profile is not None]

    def _may_have_left(self) -> list[Someone]:
        """Return everybody who acts, and whom the seed has out from the start."""
        out = [kind.name for kind in KINDS if kind.membership is Invented.OPTED_OUT]
        seeded = [Someone(phone=person["phone"]) for name in out for person in self._seed["kinds"][name]["people"]]
        return [*seeded, *(one for part in self._cast.everybody for one in part.people)]
