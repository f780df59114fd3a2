"""What a pull does with one person: the rows of sync.md section 6, the first that fits."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from anmc.api.names import Category, Direction, Reason, SyncType
from anmc.rules.consent import WISH_TEXT, WishReading, may_opt_in
from anmc.rules.decisions import Ambiguous, NoMatch, PullDecision, PullFacts
from anmc.rules.fields import (
    cut_notes,
    hold_back,
    newest_record,
    plan_fields,
    required_fields_empty,
    to_profile_values,
)
from anmc.rules.gone import is_lifted
from anmc.rules.hashing import Hasher
from anmc.rules.outcomes import Outcome, strongest
from anmc.rules.phone import PhoneProblem, is_american
from anmc.rules.policy import Policy
from anmc.rules.records import Person, Phone, Profile
from anmc.rules.remembered import Link, LinkState, PersonSeen
from anmc.rules.states import Membership, Wish
from anmc.rules.withdrawal import WithdrawalStep

_NOTHING: Final = Outcome(Category.NO_DIFFERENCE, Reason.NOTHING_TO_CARRY)
_WRITES_TO_PEOPLE: Final = frozenset(
    {Category.EXPORTED, Category.UPDATED_IN_ACTION_NETWORK, Category.OPTED_OUT_IN_ACTION_NETWORK}
)


def recognise(person: Person, seen: PersonSeen | None, fingerprint: bytes) -> Outcome | None:
    """Return the outcome of a person who was handled in this very form, None if there is something to decide.

    Rule Q21.
    """
    if seen is None or not seen.is_settled or seen.fingerprint != fingerprint:
        return None
    if seen.modified_date == person.modified_date:
        return Outcome(Category.NO_NEW_CHANGES, Reason.UNCHANGED)
    is_echo = seen.outcome.category in _WRITES_TO_PEOPLE
    return Outcome(Category.NO_DIFFERENCE, Reason.OWN_WRITE) if is_echo else _NOTHING


def decide_pull(facts: PullFacts, policy: Policy, hasher: Hasher) -> PullDecision:
    """Decide about one person whose form is not known yet.

    What becomes of a withdrawal is decided apart from it, whatever the row (Q9, Q9b, Q25): the outcome is that of the
    rest, to which the opt-out is added when it is done.
    """
    if facts.withdrawal is WithdrawalStep.VOID:
        return _return_wish(facts, policy, hasher)
    decision = _decide(facts, policy, hasher)
    if note := _HELD_BACK.get(facts.withdrawal):
        return replace(decision, outcome=_with_reason(decision.outcome, note))
    return decision


def _with_reason(outcome: Outcome, reason: Reason) -> Outcome:
    """Name why a withdrawal went no further: with what was done for the person, unless something worse is named."""
    if outcome.category in _EFFECTS:
        return replace(outcome, reason=reason)
    return strongest((outcome, _held(reason)))


def _return_wish(facts: PullFacts, policy: Policy, hasher: Hasher) -> PullDecision:
    """Say True again to a person whose own act is newer than the withdrawal (section 3.2)."""
    is_said = facts.wish.wish is Wish.TRUE
    returned = replace(facts, withdrawal=WithdrawalStep.NONE, wish=WishReading(Wish.TRUE, is_readable=True))
    decision = _decide(returned, policy, hasher)
    if is_said or facts.shared_number or not isinstance(facts.match, Profile):
        return decision
    outcome = Outcome(Category.UPDATED_IN_ACTION_NETWORK, Reason.OPT_IN_IS_NEWER)
    return replace(
        decision,
        outcome=strongest((outcome, decision.outcome)),
        person_update={**decision.person_update, policy.opt_in_field: WISH_TEXT[Wish.TRUE]},
    )


def _decide(facts: PullFacts, policy: Policy, hasher: Hasher) -> PullDecision:
    for row in _STOPS:
        if outcome := row(facts, policy, hasher):
            return PullDecision(outcome)
    refusal = _refusal(facts, policy)
    rule = _not_opted_in(facts, policy, refusal) if refusal in _NO_WISH else _RULES[refusal]
    if isinstance(facts.match, Profile) and rule.writes:
        return _write(facts, facts.match, rule, policy, hasher, stage_opt_in=refusal is None)
    if isinstance(facts.match, Profile) or not rule.creates:
        return PullDecision(_with_notes(facts, rule.outcome))
    if not facts.eligible:
        return PullDecision(Outcome(Category.HELD, Reason.NOT_RECENT))  # Q0
    return _create(facts, rule, policy, stage_opt_in=refusal is None)


def _number(facts: PullFacts, _policy: Policy, _hasher: Hasher) -> Outcome | None:
    """Q11: nobody to look for."""
    if isinstance(facts.phone, PhoneProblem) and facts.link is None:
        return Outcome(Category.NO_IMPORT, facts.phone.reason)
    return None


def _ambiguous(facts: PullFacts, _policy: Policy, _hasher: Hasher) -> Outcome | None:
    """Q12, Q18: it is not clear which record belongs to which, or the number came from another person."""
    if facts.shared_number:
        return Outcome(Category.SKIPPED_MEMBERS, Reason.SEVERAL_MATCHES)
    if isinstance(facts.match, Ambiguous):
        return Outcome(Category.SKIPPED_MEMBERS, facts.match.reason)
    return None


def _phone_changed(facts: PullFacts, _policy: Policy, hasher: Hasher) -> Outcome | None:
    """Q13: the number of a linked person is another one, or gone (M6, M11)."""
    if facts.link is None:
        return None
    if isinstance(facts.phone, Phone) and hasher.number(facts.phone) == facts.link.number_hash:
        return None
    return Outcome(Category.FIELD_CONFLICT, Reason.PHONE_CHANGED)


def _profile_deleted(facts: PullFacts, _policy: Policy, _hasher: Hasher) -> Outcome | None:
    """Q17: a profile that was deleted is not made again, and one that others made again is not taken for it (M14)."""
    if facts.link is None:
        return None
    is_buried = facts.link.state is LinkState.RETIRED and not is_lifted(facts.profile_gone_at, facts.membership)
    if isinstance(facts.match, NoMatch) or is_buried:
        return Outcome(Category.UNABLE_TO_UPDATE, Reason.PROFILE_DELETED)
    return None


def _required(facts: PullFacts, policy: Policy, _hasher: Hasher) -> Outcome | None:
    """Q15: a value that the mapping requires is missing."""
    if empty := required_fields_empty(policy.mappings, facts.person.values, Direction.PULL):
        return Outcome(Category.NO_IMPORT, Reason.REQUIRED_FIELD_EMPTY, empty)
    return None


_STOPS: Final[tuple[Callable[[PullFacts, Policy, Hasher], Outcome | None], ...]] = (
    _number,
    _ambiguous,
    _phone_changed,
    _profile_deleted,
    _required,
)
"""The rows after which nothing is written, in the order of the table."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """What the consent of a person allows: `outcome` if nothing else happens.

    `writes`: a profile that is there may be linked and written. `creates`: one may be made.
    """

    outcome: Outcome
    writes: bool = True
    creates: bool = False


def _held(reason: Reason) -> Outcome:
    return Outcome(Category.HELD, reason)


_RULES: Final[Mapping[Reason | None, _Rule]] = {
    None: _Rule(_NOTHING, creates=True),  # Q1 without a profile, Q2 with one
    Reason.PREVIOUSLY_OPTED_OUT: _Rule(_held(Reason.PREVIOUSLY_OPTED_OUT)),  # Q4
    Reason.UNDELIVERABLE: _Rule(_held(Reason.UNDELIVERABLE), creates=True),  # Q6
    Reason.MEMBERSHIP_UNCLEAR: _Rule(_held(Reason.MEMBERSHIP_UNCLEAR), writes=False),  # Q23
    Reason.ALREADY_SUBSCRIBED: _Rule(Outcome(Category.NO_DIFFERENCE, Reason.ALREADY_SUBSCRIBED)),  # Q3
    Reason.AWAITING_CONFIRMATION: _Rule(Outcome(Category.DEFERRED_SUBSCRIPTION, Reason.AWAITING_CONFIRMATION)),  # Q5
    Reason.NO_OPT_IN_PATH: _Rule(_held(Reason.NO_OPT_IN_PATH), creates=True),  # Q7
    Reason.NOT_RECENT: _Rule(_held(Reason.NOT_RECENT)),
    # Earlier opt-in calls that forbid another one (C12, C18).
    Reason.REFUSED_BY_VENDOR: _Rule(_held(Reason.REFUSED_BY_VENDOR)),
    Reason.SERVICE_REFUSED: _Rule(Outcome(Category.UNABLE_TO_UPDATE, Reason.SERVICE_REFUSED)),
}
"""What follows for a person whose wish is True, by the answer of C12."""

_EFFECTS: Final = frozenset({Category.IMPORTED, Category.UPDATED_IN_MOBILE_COMMONS, Category.UPDATED_IN_ACTION_NETWORK})

_HELD_BACK: Final[Mapping[WithdrawalStep, Reason]] = {
    WithdrawalStep.REVOKE: Reason.WITHDRAWAL_REVOKED,
    WithdrawalStep.RECORD: Reason.OPT_OUT_NOT_CARRIED,
}
"""Why a withdrawal ends nothing in Mobile Commons."""

_NO_WISH: Final = frozenset({Reason.NOT_OPTED_IN, Reason.OPT_IN_FIELD_UNREADABLE})


def _not_opted_in(facts: PullFacts, policy: Policy, reason: Reason | None) -> _Rule:
    """Say what follows where the wish is False or Unknown; `reason` is one of the two of `_NO_WISH`."""
    reason = reason or Reason.NOT_OPTED_IN
    if not isinstance(facts.match, Profile):
        creates = policy.sync_type is SyncType.LIBERAL
        return _Rule(Outcome(Category.NO_IMPORT, reason), creates=creates)  # Q8, Q10
    is_active = facts.membership.membership is Membership.ACTIVE
    if facts.wish.wish is Wish.FALSE and is_active and not facts.is_leaving:
        return _Rule(_held(Reason.OPT_IN_STATUS_DIFFERS))  # Q19
    return _Rule(_NOTHING if facts.wish.is_readable else _held(reason))  # Q22


def _refusal(facts: PullFacts, policy: Policy) -> Reason | None:
    if facts.is_leaving and facts.wish.wish is Wish.TRUE:
        return Reason.PREVIOUSLY_OPTED_OUT  # C13
    return may_opt_in(
        wish=facts.wish,
        eligible=facts.eligible,
        sms_status=facts.person.sms_status,
        membership=facts.membership,
        suppression=facts.suppression,
        attempt=facts.attempt,
        opt_in_path=policy.opt_in_path,
    )


def _write(
    facts: PullFacts, profile: Profile, rule: _Rule, policy: Policy, hasher: Hasher, *, stage_opt_in: bool
) -> PullDecision:
    """Link and bring the two records in step; a conflict (Q14) stops the data alone."""
    link = _link_with(profile, facts)
    is_new = link is None or bool(facts.merged)
    plan = plan_fields(
        policy.mappings,
        profile.values,
        facts.person.values,
        {} if link is None else link.settled,
        direction=Direction.PULL,
        hasher=hasher,
        is_first_link=link is None,
        newest=newest_record(profile, facts.person),
        is_american=isinstance(facts.phone, Phone) and is_american(facts.phone),
        missing=policy.missing,
    )
    plan, held = hold_back(plan, wish=facts.wish.wish, sync_type=policy.sync_type)
    outcomes = [rule.outcome, *held]
    profile_update = dict(plan.to_profile)
    if profile_update:
        outcomes.append(Outcome(Category.UPDATED_IN_MOBILE_COMMONS, Reason.APPLIED, plan.moved))
    if is_new:
        reason = Reason.PERSON_MERGED if facts.merged else Reason.APPLIED
        outcomes.append(Outcome(Category.LINKED, reason, plan.moved))
    is_named = profile.values.get(policy.constituent_column) == facts.person.id
    if (profile_update or is_new) and not is_named:
        profile_update[policy.constituent_column] = facts.person.id
    return PullDecision(
        outcome=_with_notes(facts, *outcomes, notes=plan.notes),
        profile_update=profile_update or None,
        person_update=plan.to_person,
        link=is_new or (link is not None and link.state is not LinkState.LIVE),
        stage_opt_in=stage_opt_in,
        settle=plan.settle,
    )


def _link_with(profile: Profile, facts: PullFacts) -> Link | None:
    """Return the link of the two records, None if they never had one, or one that ended."""
    link = facts.link
    if link is None or link.profile_id != profile.id or link.state is LinkState.RETIRED:
        return None
    return link


def _create(facts: PullFacts, rule: _Rule, policy: Policy, *, stage_opt_in: bool) -> PullDecision:
    """Make a profile with the person's values and id, and without an opt-in path (Q24)."""
    values = to_profile_values(policy.mappings, facts.person.values)
    notes = cut_notes(policy.mappings, facts.person.values, Direction.PULL)
    return PullDecision(
        outcome=_with_notes(facts, Outcome(Category.IMPORTED, Reason.APPLIED), rule.outcome, notes=notes),
        profile_update={**values, policy.constituent_column: facts.person.id},
        creates_profile=True,
        link=True,
        stage_opt_in=stage_opt_in,
        settle=frozenset(mapping.field for mapping in policy.mappings),
    )


def _with_notes(facts: PullFacts, *outcomes: Outcome, notes: tuple[Reason, ...] = ()) -> Outcome:
    merged = (Reason.PERSON_MERGED,) if facts.merged else ()
    return strongest(outcomes, notes=(*facts.membership.notes, *merged, *notes))
