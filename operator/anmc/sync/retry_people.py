"""A pull tries people again who failed in an earlier one: read by id, decided about like any other (sync.md W12)."""

import asyncio
from collections.abc import Sequence

from anmc.api.names import Reason
from anmc.errors import AnmcError, PersonGone
from anmc.rules.dead_letters import DeadLetter
from anmc.rules.outcomes import Outcome
from anmc.rules.records import Person, PersonId
from anmc.sync.book import RECORDS_PER_COMMIT, RunBook
from anmc.sync.failures import RECORD_ERRORS, failed
from anmc.sync.identity import break_link
from anmc.sync.imports import Importer
from anmc.sync.ports import Known, Service
from anmc.sync.run import RunContext
from anmc.sync.tally import Detail


async def retry_people(context: RunContext, book: RunBook, importer: Importer) -> None:
    """Handle the people who are due and whom this run has not read; one that fails again stops nothing.

    It belongs to the reading: whoever recovers may have been opted in, or out, and both are applied after it (C13).
    """
    due = book.letters.take_due()
    for start in range(0, len(due), RECORDS_PER_COMMIT):
        await _retry(context, book, importer, due[start : start + RECORDS_PER_COMMIT])
        await book.commit()


async def _retry(context: RunContext, book: RunBook, importer: Importer, letters: Sequence[DeadLetter]) -> None:
    people = [PersonId(letter.record_id) for letter in letters]
    known = await context.memory.recall(people=people)
    for person_id in people:
        book.take_up(person_id, known.people.get(person_id), person_id=person_id)
    async with asyncio.TaskGroup() as group:
        reads = [group.create_task(_read(context, book, letter, known)) for letter in letters]
    found = [person for read in reads if (person := read.result()) is not None]
    if not found:
        return
    try:
        await importer.handle(found)
    except RECORD_ERRORS as error:  # the numbers of all of them could not be looked up
        for letter in letters:
            if not book.letters.is_concluded(letter):
                _conclude(context, book, letter, failed(error, Service.MOBILE_COMMONS), known)


async def _read(context: RunContext, book: RunBook, letter: DeadLetter, known: Known) -> Person | None:
    """Return the person as they are now, None if nothing can be done for them in this run."""
    context.floor[Service.ACTION_NETWORK] += 1
    try:
        return await context.action_network.get_person(PersonId(letter.record_id))
    except RECORD_ERRORS as error:
        if isinstance(error, PersonGone):  # Q16
            await break_link(context, known.link_of_person.get(PersonId(letter.record_id)))
        _conclude(context, book, letter, _outcome(letter, error), known)
        return None


def _outcome(letter: DeadLetter, error: AnmcError) -> Outcome:
    """Return what became of a person who cannot be read: one who is gone leaves the dead letters (Q16).

    A service that fails at a record which it could not show before has not become another problem.
    """
    outcome = failed(error, Service.ACTION_NETWORK)
    is_poison = outcome.reason is Reason.SERVICE_FAILED and letter.outcome.reason is Reason.UNREADABLE_RECORD
    return letter.outcome if is_poison else outcome


def _conclude(context: RunContext, book: RunBook, letter: DeadLetter, outcome: Outcome, known: Known) -> None:
    person_id = PersonId(letter.record_id)
    seen, link = known.people.get(person_id), known.link_of_person.get(person_id)
    book.count(Detail(person_id, outcome, person_id, link.profile_id if link else None), seen, trace=letter.trace)
    if seen is not None:
        book.enter(people=[context.sightings.released_person(seen, outcome)])
