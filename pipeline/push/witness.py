"""Turn a customer who is certainly at the target into proof that its filter, or its list, shows who is there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection

from pipeline.client import Client, Missing
from pipeline.journal import Entry, Journal
from pipeline.push.queue import Queue, Row
from pipeline.targets.interface import Created, Target

Case = tuple[Row, Entry]

MOST_DISMISSED = 20
"""So many customers of ours may have been deleted by others before nobody is asked for any more."""


class Witness:
    """A row of the run whose customer was created and answered for; another one where that customer was deleted."""

    def __init__(
        self, client: Client, target: Target, journal: Journal, queue: Queue,
        found: Callable[[Row], Awaitable[Collection[str]]],
    ) -> None:  # fmt: skip
        """`found` gives the ids that the target's filter shows for a row. Nothing is asked yet."""
        self._client, self._target, self._journal, self._queue, self._found = client, target, journal, queue, found
        self._case: Case | None = None
        self._dismissed: set[int] = set()

    @property
    def case(self) -> Case | None:
        """The row and its entry; None where no row was created yet."""
        if self._case is None and (known := self._journal.a_created(beside=self._dismissed)) is not None:
            row = self._queue.rows([known.seq]).get(known.seq)
            self._case = (row, known) if row is not None else None
        return self._case

    async def is_found(self) -> bool:
        """Whether the filter shows the customer.

        Raises:
            Failed: the target does not answer.
        """
        while (case := self.case) is not None:
            if case[1].id in await self._found(case[0]):
                return True
            if not await self.dismissed():
                break
        return False

    async def dismissed(self) -> bool:
        """Whether the target says that it has no such customer any more; then another one takes his place, if there is one.

        Where there is no other, he stays: that he is not shown then tells against the list.

        Raises:
            Failed: the target does not answer.
        """
        if self.case is None or len(self._dismissed) >= MOST_DISMISSED:
            return False
        _, entry = self.case
        if entry.id is None or self._journal.a_created(beside={*self._dismissed, entry.seq}) is None:
            return False
        if not await self._deleted(entry.id):
            return False
        self._dismissed.add(entry.seq)
        self._case = None
        return self.case is not None

    async def _deleted(self, id_: str) -> bool:
        call = self._target.retrieve(id_)
        try:
            outcome = self._target.outcome(call, await self._client.read(call))
        except Missing:
            return True
        flag = self._target.deleted
        return flag is not None and isinstance(outcome, Created) and outcome.record.get(flag) is True
