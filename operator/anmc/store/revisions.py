"""The revision of the stored schema, brought up to this version's."""

from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from anmc.errors import SettingsInvalid
from anmc.store.engine import DATABASE_URL

_SCRIPTS: Final = "anmc.store:migrations"


def migrate(connection: Connection) -> None:
    """Apply what is missing, inside the caller's transaction: a failed step leaves the former schema.

    Raises:
        SettingsInvalid: the store was written by a newer version.
    """
    config = Config()
    config.set_main_option("script_location", _SCRIPTS)
    scripts = ScriptDirectory.from_config(config)
    stored = set(MigrationContext.configure(connection).get_current_heads())
    if stored == set(scripts.get_heads()):
        return
    if not stored <= {script.revision for script in scripts.walk_revisions()}:
        raise SettingsInvalid(
            f"{DATABASE_URL}: the store was written by a newer version of the operator",
            remedy="Run that version or a newer one, or restore a backup from before the upgrade.",
        )
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
