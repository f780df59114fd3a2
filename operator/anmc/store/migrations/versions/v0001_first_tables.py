"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create all tables."""
    _create_scopes()
    _create_seen()
    _create_links()
    _create_ledger()
    _create_queue()
    _create_staged()
    _create_dead_letters()
    _create_positions()


def _integration_id() -> sa.Column[int]:
    return sa.Column("integration_id", sa.Integer, sa.ForeignKey("integration.id"), primary_key=True)


def _ledger_scope_id() -> sa.Column[int]:
    return sa.Column("ledger_scope_id", sa.Integer, sa.ForeignKey("ledger_scope.id"), primary_key=True)


def _outcome() -> list[sa.Column[object]]:
    return [
        sa.Column("category", sa.String(32), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("fields", sa.Text, nullable=False),
        sa.Column("is_settled", sa.Boolean, nullable=False),
        sa.Column("run_id", sa.Text, nullable=False),
    ]


def _create_scopes() -> None:
    op.create_table(
        "hash_key",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("key", sa.LargeBinary),
        sa.Column("fingerprint", sa.LargeBinary(32), nullable=False),
    )
    op.create_table(
        "integration",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("uid", sa.Text, nullable=False, unique=True),
    )
    op.create_table(
        "ledger_scope",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
    )


def _create_seen() -> None:
    op.create_table(
        "person_seen",
        _integration_id(),
        sa.Column("person_id", sa.Text, primary_key=True),
        sa.Column("number_hash", sa.LargeBinary(32)),
        sa.Column("stated_wish", sa.String(32)),
        sa.Column("wish_is_ours", sa.Boolean, nullable=False),
        sa.Column("modified_date", sa.BigInteger),
        sa.Column("fingerprint", sa.LargeBinary(32), nullable=False),
        *_outcome(),
        sa.Column("stated_sms", sa.String(32)),
        sa.Index(None, "integration_id", "number_hash"),
    )
    op.create_table(
        "profile_seen",
        _integration_id(),
        sa.Column("profile_id", sa.Text, primary_key=True),
        sa.Column("number_hash", sa.LargeBinary(32)),
        sa.Column("membership", sa.String(32), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(32), nullable=False),
        sa.Column("subscription_stamp", sa.LargeBinary(32), nullable=False),
        sa.Column("email_hash", sa.LargeBinary(32)),
        *_outcome(),
        sa.Index(None, "integration_id", "email_hash"),
    )


def _create_links() -> None:
    op.create_table(
        "field_set",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("names", sa.Text, nullable=False, unique=True),
    )
    op.create_table(
        "link",
        _integration_id(),
        sa.Column("profile_id", sa.Text, primary_key=True),
        sa.Column("person_id", sa.Text, nullable=False),
        sa.Column("number_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("field_set_id", sa.Integer, sa.ForeignKey("field_set.id"), nullable=False),
        sa.Column("settled", sa.LargeBinary, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("missed_walks", sa.Integer, nullable=False),
        sa.Column("walked_at", sa.BigInteger),
        sa.UniqueConstraint("integration_id", "person_id"),
    )
    op.create_table(
        "alias",
        _integration_id(),
        sa.Column("former_id", sa.Text, primary_key=True),
        sa.Column("person_id", sa.Text, nullable=False),
        sa.Index(None, "integration_id", "person_id"),
    )
    op.create_table(
        "tombstone",
        _integration_id(),
        sa.Column("record_id", sa.Text, primary_key=True),
        sa.Column("gone_at", sa.BigInteger, nullable=False),
    )


def _create_ledger() -> None:
    op.create_table(
        "suppression",
        _ledger_scope_id(),
        sa.Column("number_hash", sa.LargeBinary(32), primary_key=True),
        sa.Column("opted_out_at", sa.BigInteger, nullable=False),
        sa.Column("origin", sa.String(32), nullable=False),
        sa.Column("handled_at", sa.BigInteger),
        sa.Column("ended_at", sa.BigInteger),
        sa.Index(
            "ix_suppression_live",
            "ledger_scope_id",
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        ),
    )
    op.create_table(
        "opt_in_attempt",
        _ledger_scope_id(),
        sa.Column("number_hash", sa.LargeBinary(32), primary_key=True),
        sa.Column("campaign_id", sa.Text, primary_key=True),
        sa.Column("intended_at", sa.BigInteger, primary_key=True),
        sa.Column("result", sa.String(32), nullable=False),
        sa.Column("calls", sa.Integer, nullable=False),
        sa.Index(None, "ledger_scope_id", "intended_at"),
    )


def _create_queue() -> None:
    op.create_table(
        "queued_opt_in",
        _integration_id(),
        sa.Column("person_id", sa.Text, primary_key=True),
        sa.Column("number_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("decided_at", sa.BigInteger, nullable=False),
        sa.Column("not_before", sa.BigInteger, nullable=False),
        sa.Index(None, "integration_id", "decided_at", "person_id"),
    )


def _create_staged() -> None:
    op.create_table(
        "staged_opt_out",
        _integration_id(),
        sa.Column("number_hash", sa.LargeBinary(32), primary_key=True),
        sa.Column("person_id", sa.Text),
        sa.Column("profile_id", sa.Text),
        sa.Column("opted_out_at", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("direction", sa.String(32), nullable=False),
        sa.Column("opts_out", sa.Boolean, nullable=False),
        sa.Column("is_approved", sa.Boolean, nullable=False),
    )


def _create_dead_letters() -> None:
    op.create_table(
        "dead_letter",
        _integration_id(),
        sa.Column("direction", sa.String(32), primary_key=True),
        sa.Column("record_id", sa.Text, primary_key=True),
        sa.Column("category", sa.String(32), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("first_failed_at", sa.BigInteger, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("next_try_at", sa.BigInteger, nullable=False),
        sa.Column("is_opt_out", sa.Boolean, nullable=False),
        sa.Column("is_eligible", sa.Boolean, nullable=False),
        sa.Column("since", sa.BigInteger),
        sa.Column("listing", sa.String(32)),
        sa.Column("stretch_start", sa.BigInteger),
        sa.Column("stretch_end", sa.BigInteger),
    )


def _create_positions() -> None:
    op.create_table(
        "position",
        _integration_id(),
        sa.Column("direction", sa.String(32), primary_key=True),
        sa.Column("watermark", sa.BigInteger),
        sa.Column("eligible_since", sa.BigInteger),
        sa.Column("walked_at", sa.BigInteger),
        sa.Column("sweep_failures", sa.Integer),
        sa.Column("next_sweep_at", sa.BigInteger),
        sa.Column("run_id", sa.Text),
        sa.Column("trigger", sa.String(32)),
        sa.Column("generation", sa.BigInteger),
        sa.Column("started_at", sa.BigInteger),
        sa.Column("saved_at", sa.BigInteger),
        sa.Column("lower_bound", sa.BigInteger),
        sa.Column("next_page", sa.Integer),
        sa.Column("full", sa.Boolean),
        sa.Column("read_until", sa.BigInteger),
        sa.Column("tally", sa.JSON),
    )
