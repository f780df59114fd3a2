"""The tables, one schema for SQLite and PostgreSQL (sync.md 1).

Nothing raw about a person fits in here: text columns hold ids of the two services, run ids, field names and
words of closed sets; everything else is a hash, a time, a number or a truth value. Rows name their integration
and ledger scope by a small integer, since a uid in each row and index would double the size of a link.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

from anmc.api.names import Category, Direction, Reason, Trigger
from anmc.rules.dead_letters import Listing
from anmc.rules.remembered import AttemptResult, LinkState, OptOutOrigin
from anmc.rules.states import Membership, SmsStatus, Wish
from anmc.store.columns import Moment, Names, Word, a_hash

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Every constraint has a name, so that a migration can change it on both databases."""


def _integration() -> Column[int]:
    return Column("integration_id", ForeignKey("integration.id"), primary_key=True)


def _ledger_scope() -> Column[int]:
    return Column("ledger_scope_id", ForeignKey("ledger_scope.id"), primary_key=True)


hash_key = Table(
    "hash_key",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # always 1
    Column("key", LargeBinary),  # empty when `ANMC_HASH_KEY` holds it
    Column("fingerprint", a_hash(), nullable=False),
)

integration = Table(
    "integration",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("uid", Text, nullable=False, unique=True),
)

ledger_scope = Table(
    "ledger_scope",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
)

person_seen = Table(
    "person_seen",
    metadata,
    _integration(),
    Column("person_id", Text, primary_key=True),
    Column("number_hash", a_hash()),
    Column("stated_wish", Word(Wish)),
    Column("wish_is_ours", Boolean, nullable=False),
    Column("modified_date", Moment),
    Column("fingerprint", a_hash(), nullable=False),
    Column("category", Word(Category), nullable=False),
    Column("reason", Word(Reason), nullable=False),
    Column("fields", Names, nullable=False),
    Column("is_settled", Boolean, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("stated_sms", Word(SmsStatus)),
    Index(None, "integration_id", "number_hash"),
)

profile_seen = Table(
    "profile_seen",
    metadata,
    _integration(),
    Column("profile_id", Text, primary_key=True),
    Column("number_hash", a_hash()),
    Column("membership", Word(Membership), nullable=False),
    Column("fingerprint", a_hash(), nullable=False),
    Column("subscription_stamp", a_hash(), nullable=False),
    Column("email_hash", a_hash()),
    Column("category", Word(Category), nullable=False),
    Column("reason", Word(Reason), nullable=False),
    Column("fields", Names, nullable=False),
    Column("is_settled", Boolean, nullable=False),
    Column("run_id", Text, nullable=False),
    Index(None, "integration_id", "email_hash"),
)

field_set = Table(
    "field_set",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("names", Names, nullable=False, unique=True),
)

link = Table(
    "link",
    metadata,
    _integration(),
    Column("profile_id", Text, primary_key=True),
    Column("person_id", Text, nullable=False),
    Column("number_hash", a_hash(), nullable=False),
    Column("field_set_id", ForeignKey("field_set.id"), nullable=False),
    Column("settled", LargeBinary, nullable=False),
    Column("state", Word(LinkState), nullable=False),
    Column("missed_walks", Integer, nullable=False),
    Column("walked_at", Moment),  # start of the newest weekly walk that showed the profile
    UniqueConstraint("integration_id", "person_id"),
)

alias = Table(
    "alias",
    metadata,
    _integration(),
    Column("former_id", Text, primary_key=True),
    Column("person_id", Text, nullable=False),
    Index(None, "integration_id", "person_id"),
)

tombstone = Table(
    "tombstone",
    metadata,
    _integration(),
    Column("record_id", Text, primary_key=True),  # of a person, or of a profile: one is a UUID, the other a number
    Column("gone_at", Moment, nullable=False),
)

suppression = Table(
    "suppression",
    metadata,
    _ledger_scope(),
    Column("number_hash", a_hash(), primary_key=True),
    Column("opted_out_at", Moment, nullable=False),
    Column("origin", Word(OptOutOrigin), nullable=False),
    Column("handled_at", Moment),
    Column("ended_at", Moment),
)
Index(
    "ix_suppression_live",
    suppression.c.ledger_scope_id,
    sqlite_where=suppression.c.ended_at.is_(None),
    postgresql_where=suppression.c.ended_at.is_(None),
)

opt_in_attempt = Table(
    "opt_in_attempt",
    metadata,
    _ledger_scope(),
    Column("number_hash", a_hash(), primary_key=True),
    Column("campaign_id", Text, primary_key=True),
    Column("intended_at", Moment, primary_key=True),
    Column("result", Word(AttemptResult), nullable=False),
    Column("calls", Integer, nullable=False),
    Index(None, "ledger_scope_id", "intended_at"),
)

queued_opt_in = Table(
    "queued_opt_in",
    metadata,
    _integration(),
    Column("person_id", Text, primary_key=True),
    Column("number_hash", a_hash(), nullable=False),
    Column("decided_at", Moment, nullable=False),
    Column("not_before", Moment, nullable=False),
    Index(None, "integration_id", "decided_at", "person_id"),
)

staged_opt_out = Table(
    "staged_opt_out",
    metadata,
    _integration(),
    Column("number_hash", a_hash(), primary_key=True),
    Column("person_id", Text),
    Column("profile_id", Text),
    Column("opted_out_at", Moment, nullable=False),
    Column("reason", Word(Reason), nullable=False),
    Column("direction", Word(Direction), nullable=False),
    Column("opts_out", Boolean, nullable=False),
    Column("is_approved", Boolean, nullable=False),
)

dead_letter = Table(
    "dead_letter",
    metadata,
    _integration(),
    Column("direction", Word(Direction), primary_key=True),
    Column("record_id", Text, primary_key=True),
    Column("category", Word(Category), nullable=False),
    Column("reason", Word(Reason), nullable=False),
    Column("first_failed_at", Moment, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("next_try_at", Moment, nullable=False),
    Column("is_opt_out", Boolean, nullable=False),
    Column("is_eligible", Boolean, nullable=False),
    Column("since", Moment),
    Column("listing", Word(Listing)),  # where the record is found again; without it the next two are empty
    Column("stretch_start", Moment),
    Column("stretch_end", Moment),
)

position = Table(
    "position",
    metadata,
    _integration(),
    Column("direction", Word(Direction), primary_key=True),
    Column("watermark", Moment),
    Column("eligible_since", Moment),
    Column("walked_at", Moment),
    Column("sweep_failures", Integer),  # in a row; without one this and the next are empty
    Column("next_sweep_at", Moment),
    Column("run_id", Text),  # of the checkpoint; without one this and all that follow are empty
    Column("trigger", Word(Trigger)),
    Column("generation", BigInteger),
    Column("started_at", Moment),
    Column("saved_at", Moment),
    Column("lower_bound", Moment),
    Column("next_page", Integer),
    Column("full", Boolean),
    Column("read_until", Moment),
    Column("tally", JSON(none_as_null=True)),
)
