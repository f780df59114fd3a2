"""The store: opened once by the process, shared by all its runs."""

from sqlalchemy.ext.asyncio import AsyncConnection

from anmc.store.engine import open_engine
from anmc.store.hashkey import HashKey, settle_hash_key
from anmc.store.memory import SqlMemory
from anmc.store.revisions import migrate
from anmc.store.scope import StoreScope
from anmc.store.transactions import Transactions

__all__ = ["Store", "StoreScope"]


class Store:
    """An open store; made by `open`."""

    def __init__(self, transactions: Transactions, hash_key: bytes) -> None:
        self._transactions = transactions
        self._hash_key = hash_key

    @classmethod
    async def open(cls, url: str, *, hash_key: bytes | None = None) -> "Store":
        """Open the store, bring its schema up to this version and settle the hash key.

        `hash_key` is the text of `ANMC_HASH_KEY`; None lets the store make a key and keep it. From then on only
        that key opens the store, whether kept inside or given from outside.

        Raises:
            SettingsInvalid: URL or hash key cannot be used, or the store was written by a newer version.
            StoreUnavailable: the store cannot be read or written now.
        """
        transactions = Transactions(await open_engine(url))

        async def prepare(connection: AsyncConnection) -> HashKey:
            await connection.run_sync(migrate)
            return await settle_hash_key(connection, hash_key)

        try:
            settled = await transactions.write(prepare)
        except BaseException:
            await transactions.close()
            raise
        if settled.was_erased:
            # Until the log is emptied the key can still be read in it; closing does that, use opens again.
            await transactions.close()
        return cls(transactions, settled.key)

    @property
    def hash_key(self) -> bytes:
        """The key of `Hasher`."""
        return self._hash_key

    def memory(self, scope: StoreScope) -> SqlMemory:
        """Return one integration's part of the store."""
        return SqlMemory(self._transactions, scope)

    async def close(self) -> None:
        """Close the store; a later use would open it again."""
        await self._transactions.close()
