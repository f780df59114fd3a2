"""What a push does with one profile: the rows of sync.md section 5, the first that fits."""

from dataclasses import replace
from typing import Final

from anmc.api.names import Category, Direction, Reason
from anmc.rules.consent import WISH_TEXT, is_new_opt_out, read_wish
from anmc.rules.decisions import (
    Ambiguous,
    FieldsPlan,
    MatchedPerson,
    NewPerson,
    NoMatch,
    PersonMatch,
    PushDecision,
    PushFacts,
    PushNeed,
)
from anmc.rules.fields import (
    draft_person,
    held_missing,
    hold_back,
    moved_fields,
    newest_record,
    plan_fields,
    required_fields_empty,
    stuck_fields,
)
from anmc.rules.gone import is_lifted
from anmc.rules.hashing import Hasher
from anmc.rules.match import column_person_id
from anmc.rules.normalise import email_or_none
from anmc.rules.outcomes import Outcome, strongest
from anmc.rules.phone import PhoneProblem, is_american
from anmc.rules.policy import Policy
from anmc.rules.records import Person, Phone
from anmc.rules.remembered import LinkState
from anmc.rules.states import Membership, Wish
from anmc.rules.withdrawal import needs_repair

_NOTHING: Final = Outcome(Category.NO_DIFFERENCE, Reason.NOTHING_TO_CARRY)
_LINKED: Final = Outcome(Category.LINKED, Reason.APPLIED)
_DIFFERS: Final = Outcome(Category.HELD, Reason.OPT_IN_STATUS_DIFFERS)
_ADDED_NUMBER: Final = "phone_number"


def triage_push(facts: PushFacts, policy: Policy, hasher: Hasher) -> Outcome | PushNeed:  # noqa: PLR0911 - one per row
    """Decide the rows that need nobody from Action Network, else say what the profile needs."""
    membership = facts.membership.membership
    if isinstance(facts.phone, PhoneProblem) and facts.link is None:
        return Outcome(Category.NO_EXPORT, facts.phone.reason)  # P22
    if membership is Membership.UNCLEAR:
        return Outcome(Category.HELD, Reason.MEMBERSHIP_UNCLEAR)  # P20
    if needs_repair(facts.membership, facts.suppression, policy):
        return PushNeed.REPAIR  # P18
    if carries_opt_out(facts):
        return PushNeed.OPT_OUT_MATCH
    if membership is Membership.PENDING:
        return Outcome(Category.DEFERRED_SUBSCRIPTION, Reason.AWAITING_CONFIRMATION)  # P8
    if membership is Membership.NEVER and facts.link is None:
        return Outcome(Category.NO_DIFFERENCE, Reason.NOT_SUBSCRIBED)  # P16
    rows = (*policy.mappings, *policy.missing)
    moves = facts.link is not None and any(moved_fields(rows, facts.profile.values, facts.link.settled, hasher))
    if membership is Membership.ACTIVE and not _is_suppressed(facts):
        return PushNeed.OPT_IN_MATCH if moves or not _is_in_step(facts, policy) else _NOTHING
    return PushNeed.LINKED_PERSON if moves else _with_notes(facts, _standing(facts))


def decide_opt_out(facts: PushFacts, match: PersonMatch) -> PushDecision:
    """Carry a new opt-out to everybody who holds the number, and to the linked person in any case (C9)."""
    followed = _follow(facts, match)
    link = followed.link
    linked = (link.person_id,) if link is not None and link.state is LinkState.LIVE else ()
    match match:
        case MatchedPerson():
            outcome = _with_notes(followed, Outcome(Category.OPTED_OUT_IN_ACTION_NETWORK, Reason.APPLIED))
            holders = tuple(dict.fromkeys((*linked, match.person_id)))
            link_to = match.person_id if facts.link is None or followed is not facts else None
            return PushDecision(outcome, opt_out=holders, link_to=link_to, merged=match.merged)  # P9
        case Ambiguous() if holders := tuple(dict.fromkeys((*linked, *match.holders))):
            several = match.reason is Reason.SEVERAL_MATCHES
            reason = Reason.OPT_OUT_APPLIED_TO_ALL if several else match.reason  # P11, else P19
            return PushDecision(Outcome(Category.SKIPPED_MEMBERS, reason), opt_out=holders)
        case _:
            gone = None if link is None else link.person_id
            return PushDecision(Outcome(Category.NO_EXPORT, Reason.OPT_OUT_WITHOUT_MATCH), gone=gone)  # P10


def decide_opt_in(facts: PushFacts, match: PersonMatch, policy: Policy, hasher: Hasher) -> PushDecision:
    """Carry an active membership, with the changed fields, to the person who was found or is made.

    Raises:
        ValueError: the profile is no active, unsuppressed member, or the matched person was not read.
    """
    if isinstance(match, Ambiguous):
        changed = match.reason is Reason.PHONE_CHANGED
        category = Category.FIELD_CONFLICT if changed else Category.SKIPPED_MEMBERS  # P21, else P7
        return PushDecision(Outcome(category, match.reason))
    gone = facts.link.person_id if facts.link is not None else column_person_id(facts.profile, policy)
    is_back = is_lifted(facts.gone_at, facts.membership) and not _is_suppressed(facts)  # M14
    if isinstance(match, NoMatch) and gone is not None and not is_back:
        return PushDecision(Outcome(Category.PROCESSING_ERROR, Reason.PERSON_GONE), gone=gone)  # P12
    if facts.membership.membership is not Membership.ACTIVE or _is_suppressed(facts):
        raise ValueError("only an active membership is carried as an opt-in")
    if empty := required_fields_empty(policy.mappings, facts.profile.values, Direction.PUSH):
        return PushDecision(Outcome(Category.NO_EXPORT, Reason.REQUIRED_FIELD_EMPTY, empty))  # P14
    if isinstance(match, NoMatch):
        return _create(facts, policy, hasher)
    followed, person = _follow(facts, match), _as_read(match)
    decision = _carry_opt_in(followed, person, policy, hasher, by_email=match.by_email)
    return _relink(decision, match) if followed is not facts else decision


def decide_data(facts: PushFacts, match: MatchedPerson, policy: Policy, hasher: Hasher) -> PushDecision:
    """Carry what changed on a linked profile that is no member to opt in; rule P17.

    Raises:
        ValueError: the matched person was not read.
    """
    followed, person = _follow(facts, match), _as_read(match)
    decision = _carry_data(followed, person, policy, hasher)
    return _relink(decision, match) if followed is not facts else decision


def _follow(facts: PushFacts, match: PersonMatch) -> PushFacts:
    """Let a link lead to the person who took the place of the one it named (M8, M10); else the facts themselves."""
    if not isinstance(match, MatchedPerson):
        return facts
    link = facts.link
    if link is not None and (link.person_id != match.person_id or link.state is not LinkState.LIVE):
        link = replace(link, person_id=match.person_id, state=LinkState.LIVE)
    if link is facts.link and not match.merged:
        return facts
    notes = (*facts.notes, Reason.PERSON_MERGED) if match.merged else facts.notes
    return replace(facts, link=link, notes=notes)


def _relink(decision: PushDecision, match: MatchedPerson) -> PushDecision:
    return replace(decision, link_to=match.person_id, merged=match.merged)


def _as_read(match: MatchedPerson) -> Person:
    if match.person is None:
        raise ValueError("what is carried is decided on the person as read")
    return match.person


def _carry_data(facts: PushFacts, person: Person, policy: Policy, hasher: Hasher) -> PushDecision:
    if empty := required_fields_empty(policy.mappings, facts.profile.values, Direction.PUSH):
        return PushDecision(Outcome(Category.NO_EXPORT, Reason.REQUIRED_FIELD_EMPTY, empty))
    wish = _stated_wish(facts, person, policy)
    plan, held = hold_back(_plan(facts, person, policy, hasher), wish=wish, sync_type=policy.sync_type)
    return _update(facts, person, plan, (*held, _standing(facts)))


def _standing(facts: PushFacts) -> Outcome:
    """Return what a profile amounts to that carries no consent write, apart from its data."""
    if _is_suppressed(facts) and facts.membership.membership is Membership.ACTIVE:
        return Outcome(Category.HELD, Reason.PREVIOUSLY_OPTED_OUT)  # P23
    if facts.membership.membership is Membership.UNDELIVERABLE:
        return Outcome(Category.NO_DIFFERENCE, Reason.UNDELIVERABLE)  # P13
    return _NOTHING  # P15


def _carry_opt_in(facts: PushFacts, person: Person, policy: Policy, hasher: Hasher, *, by_email: bool) -> PushDecision:
    """Bring one person in step: linked or matched by id (P1), by number (P2, P6) or by e-mail (P3)."""
    wish = _stated_wish(facts, person, policy)
    consent: dict[str, str] = {}
    outcomes: tuple[Outcome, ...] = ()
    if wish is Wish.UNKNOWN or (wish is Wish.FALSE and _is_older(facts, person)):  # C11
        consent, wish = {policy.opt_in_field: WISH_TEXT[Wish.TRUE]}, Wish.TRUE
    elif wish is Wish.FALSE:
        outcomes = (_DIFFERS,)
    if by_email and isinstance(facts.phone, Phone):
        consent[_ADDED_NUMBER] = facts.phone.digits
    plan, held = hold_back(_plan(facts, person, policy, hasher), wish=wish, sync_type=policy.sync_type)
    column = policy.constituent_column
    if facts.link is not None:
        if column_person_id(facts.profile, policy) == person.id:
            return _update(facts, person, plan, (*outcomes, *held), consent=consent)
        # Linked, and the id is not there: its write failed, only an opt-out has made the link (P4, P9), or the
        # person was merged.
        decision = _update(facts, person, plan, (*outcomes, *held, _LINKED), consent=consent)
        return replace(decision, profile_update={column: person.id})

    decision = _update(facts, person, plan, (*outcomes, *held, _LINKED), consent=consent)
    is_named = facts.profile.values.get(column) == person.id
    profile_update = {**plan.to_profile, **({} if is_named else {column: person.id})}
    return PushDecision(
        outcome=decision.outcome,
        update=decision.update,
        profile_update=profile_update,
        link_to=person.id,
        settle=decision.settle,
    )


def _create(facts: PushFacts, policy: Policy, hasher: Hasher) -> PushDecision:
    """Make a person of a member whom nobody knows, with an e-mail address or, if the spec says so, without."""
    email = email_or_none(facts.profile.values.get("email"))
    if email is None and not policy.create_without_email:
        return PushDecision(Outcome(Category.NO_EXPORT, Reason.EMAIL_MISSING))  # P5
    draft = draft_person(policy.mappings, facts.profile.values, is_american=_is_american(facts))
    values = {name: value for name, value in draft.values.items() if name != "email_address"}
    person = NewPerson(
        digits=facts.phone.digits if isinstance(facts.phone, Phone) else None,
        email=email,
        values={**values, policy.opt_in_field: WISH_TEXT[Wish.TRUE]},
        source_code=policy.source_code,
    )
    stuck = held_missing(stuck_fields(policy.missing, facts.profile.values, {}, hasher))
    outcome = _with_notes(facts, Outcome(Category.EXPORTED, Reason.APPLIED), *stuck, notes=draft.notes)
    return PushDecision(outcome, create=person, settle=draft.settle)  # P4


def _update(
    facts: PushFacts,
    person: Person,
    plan: FieldsPlan,
    outcomes: tuple[Outcome, ...],
    *,
    consent: dict[str, str] | None = None,
) -> PushDecision:
    """Put consent and fields into one PUT, and name what counts."""
    values = {**plan.to_person, **(consent or {})}
    if values:
        outcomes = (Outcome(Category.UPDATED_IN_ACTION_NETWORK, Reason.APPLIED, plan.moved), *outcomes)
    return PushDecision(
        outcome=_with_notes(facts, *outcomes, _NOTHING, notes=plan.notes),
        update=(person.id, values) if values else None,
        settle=plan.settle,
    )


def _plan(facts: PushFacts, person: Person, policy: Policy, hasher: Hasher) -> FieldsPlan:
    return plan_fields(
        policy.mappings,
        facts.profile.values,
        person.values,
        {} if facts.link is None else facts.link.settled,
        direction=Direction.PUSH,
        hasher=hasher,
        is_first_link=facts.link is None,
        newest=newest_record(facts.profile, person),
        is_american=_is_american(facts),
        missing=policy.missing,
    )


def _is_american(facts: PushFacts) -> bool:
    return isinstance(facts.phone, Phone) and is_american(facts.phone)


def _stated_wish(facts: PushFacts, person: Person, policy: Policy) -> Wish:
    """Return the wish as read, or the last one stated if the field says nothing (C1)."""
    wish = read_wish(person.values.get(policy.opt_in_field)).wish
    seen = facts.person_seen
    if wish is Wish.UNKNOWN and seen is not None and seen.person_id == person.id:
        return seen.stated_wish or wish
    return wish


def _is_older(facts: PushFacts, person: Person) -> bool:
    """Say whether a False is older than the membership, or ours, for an opt-out that has ended since."""
    seen, activated_at = facts.person_seen, facts.membership.at
    if seen is not None and seen.person_id == person.id and seen.wish_is_ours and seen.stated_wish is Wish.FALSE:
        return True
    modified_date = person.modified_date
    return modified_date is not None and activated_at is not None and modified_date < activated_at


def _is_in_step(facts: PushFacts, policy: Policy) -> bool:
    """Say whether a linked member is known to say True and names the person: nobody has to be asked (M1).

    Who was last seen with another number, or whose number somebody else was seen with, has to be looked at (M3, M11).
    """
    if facts.link is None or facts.link.state is not LinkState.LIVE or facts.person_seen is None:
        return False
    if facts.person_seen.number_hash != facts.link.number_hash or facts.holders - {facts.link.person_id}:
        return False
    return (
        facts.person_seen.stated_wish is Wish.TRUE
        and column_person_id(facts.profile, policy) == facts.link.person_id
        and not required_fields_empty(policy.mappings, facts.profile.values, Direction.PUSH)
    )


def carries_opt_out(facts: PushFacts) -> bool:
    """Say whether a profile tells of an opt-out that Action Network has to hear of; rule C10."""
    was_active = facts.seen is not None and facts.seen.membership is Membership.ACTIVE
    return is_new_opt_out(facts.membership, facts.suppression, was_active=was_active, lower_bound=facts.lower_bound)


def _is_suppressed(facts: PushFacts) -> bool:
    return facts.suppression is not None and facts.suppression.is_live


def _with_notes(facts: PushFacts, *outcomes: Outcome, notes: tuple[Reason, ...] = ()) -> Outcome:
    return strongest(outcomes, notes=(*facts.membership.notes, *facts.notes, *notes))
