"""Turn writes that were answered 403 into verdicts: the target refuses that row alone, or the credentials.

A firewall before an API answers 403 to a text that it dislikes; so does an API whose token may not write. What tells
them apart are the others: a row that was refused so is held back, certainly not in, until one that was sent later is
accepted. Then it was the row. Where a plain read is refused as well, or too many rows are refused one after the other,
it is the credentials: nothing further is sent, and the rows wait for the next push. Who knows that it is the texts of so
many rows says with `--max-errors` how many may be refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from pipeline.client import Client, Failed, Missing
from pipeline.errors import Unavailable
from pipeline.journal import Entry, Journal
from pipeline.language import say, say_n
from pipeline.push.answered import cut
from pipeline.push.queue import Row
from pipeline.targets.interface import Answer, Target

FORBIDDEN = 403
MOST = 40
"""So many rows in a row, each refused so, mean that it is not the rows."""
MOST_AT_FIRST = 5
"""So do fewer, where nothing was ever accepted."""
SHOWN, LOOKED_AT = 200, 10_000  # characters
_MARKUP = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^>]*>|\s+", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True)
class Held:
    """A row that was refused with 403 at a moment of the journal's clock; whether it was told to be there before that."""

    row: Row
    refused: Entry
    told_before: bool
    at: float


class Forbidden:
    """Knows the rows that were refused so, and of which it is not known yet what it means."""

    def __init__(
        self, client: Client, target: Target, journal: Journal, max_errors: Callable[[int, int], bool] | None = None
    ) -> None:  # fmt: skip
        """Nothing is asked yet; `max_errors` says of how many refused rows the user has not allowed as many."""
        self._client, self._target, self._journal, self._max_errors = client, target, journal, max_errors
        self._held: list[Held] = []
        self._accepted = False

    async def hold(self, row: Row, entry: Entry, answer: Answer, at: float, *, told_before: bool) -> Unavailable | None:
        """Let the row wait for the others; or say that the credentials are refused."""
        if (why := await self.barred()) is not None:
            return Unavailable(why.message)
        said = say("{status}: {said}", status=answer.status, said=readable(answer))
        refused = replace(entry, state="rejected", problems=[(None, "target.rejected_row", cut(said))])
        self._held.append(Held(row, refused, told_before, at))
        count = len(self._held)
        if count < (MOST if self._proven() else MOST_AT_FIRST):
            return None
        if self._max_errors is not None and not self._max_errors(count, count):
            return None
        return self._it_is_not_the_rows()

    async def barred(self) -> Unavailable | None:
        """Why nothing of this push can succeed: a plain read is refused as well, or not answered; else None."""
        known = self._journal.a_created()
        plain = self._target.search({}, None) if known is None or known.id is None else self._target.retrieve(known.id)
        try:
            await self._client.read(plain)
        except Missing:
            return None
        except Unavailable as error:
            return error
        except Failed as error:
            return Unavailable(
                say("the target answers {status}, and then nothing: {error}", status=FORBIDDEN, error=error)
            )
        return None

    def accepted(self, entry: Entry) -> list[Held]:
        """The rows that were refused before this one, which was accepted, left."""
        if entry.state not in ("created", "updated") or entry.http_status is None or entry.http_status >= 300:
            return []
        self._accepted = True
        if not self._held:
            return []
        before = [one for one in self._held if entry.sent_at is not None and one.at <= entry.sent_at]
        self._held = [one for one in self._held if one not in before]
        return before

    async def at_last(self) -> list[Held] | Unavailable:
        """The rows that are left when nothing else is to be sent."""
        if self._held:
            await self._journal.flush()
        if self._held and not self._proven():
            return self._it_is_not_the_rows()
        held, self._held = self._held, []
        return held

    def _proven(self) -> bool:
        """Whether a write was accepted, in this push or before."""
        if not self._accepted:
            counts = self._journal.counts()
            self._accepted = bool(counts.get("created") or counts.get("updated"))
        return self._accepted

    def _it_is_not_the_rows(self) -> Unavailable:
        count = len(self._held)
        return Unavailable(
            say_n(
                "{title} refuses to take {n} row, and shows its customers: may the token write? ({said})",
                "{title} refuses to take {n} rows one after the other, and shows its customers: may the token write? ({said})",
                count,
                title=self._target.title,
                said=self._held[-1].refused.problems[0][2],
            ),
            say("If it is what these rows hold, and the token may write: push RUN --max-errors 100% passes them, and tells "
                "them as rejected where a later row is taken."),
        )  # fmt: skip


def readable(answer: Answer) -> str:
    """What the answer says, without the markup of a page."""
    body = answer.json if isinstance(answer.json, dict) else {}
    if isinstance(said := body.get("detail", body.get("message")), str):
        return said[:SHOWN]
    return _MARKUP.sub(" ", answer.text[:LOOKED_AT]).strip()[:SHOWN] or say("no readable answer")
