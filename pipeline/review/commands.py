"""Turn what a page asks for into calls of the desk and of the push, one at a time, and into the JSON that the page shows."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import Any

from pipeline import wire
from pipeline.errors import Misuse, Stop
from pipeline.language import say
from pipeline.review import mapped, saved, view
from pipeline.review.desk import Changed, Desk
from pipeline.review.pushing import Pushing, standing

Json = dict[str, Any]
READS = ("state", "rows", "values", "pulse")
EDITS = ("edit", "accept", "once", "column", "default", "undo", "redo")
CHANGES = (*EDITS, "check", "save", "plan", "cancel", "push")


class Busy(Misuse):
    """A push is under way; nothing is edited meanwhile."""


class Review:
    """What one page, or several on the same run, may ask for."""

    def __init__(self, desk: Desk, pushing: Pushing, lang: str) -> None:
        """`lang` is en or es."""
        self.desk, self.pushing, self.lang = desk, pushing, lang
        self.touched = time.monotonic()
        self._lock = threading.RLock()
        self._standing = standing(desk)
        self._warm = False

    @property
    def busy(self) -> bool:
        """Whether a push is under way."""
        return self.pushing.running

    def state(self, _: Json) -> Json:
        """Everything but the rows."""
        desk = self.desk
        return {
            "version": desk.version, "run": desk.folder.path.name, "path": str(desk.folder.path),
            "target": desk.target.title, "mode": desk.facts["mode"], "workspace": desk.facts["workspace"],
            "headers": desk.headers, "several": len(desk.facts["sources"]) > 1, "counts": desk.counts(),
            "all": self._standing, "causes": view.causes(desk, self.lang), "once": view.said(desk),
            "columns": mapped.columns(desk), "fields": mapped.targets(desk, self.lang),
            "undo": _short(desk.history.undoable()), "redo": _short(desk.history.redoable()),
            "anything": desk.folded.anything, "planned": bool(desk.history.planned()), "pushing": self.busy,
        }  # fmt: skip

    def rows(self, asked: Json) -> Json:
        """A stretch of the rows that a filter shows."""
        wanted = view.Filter(**{n: str(asked.get(n, "")) for n in ("code", "column", "status", "where", "text")})
        at = view.positions(self.desk, wanted)
        start = max(0, int(asked.get("start", 0)))
        count = min(view.MOST_ROWS, max(0, int(asked.get("end", 0)) - start))
        return {
            "version": self.desk.version,
            "total": len(at),
            "rows": view.rows(self.desk, at.slice(start, count), self.lang),
        }

    def values(self, asked: Json) -> Json:
        """The values of one cause."""
        return {"values": view.values(self.desk, str(asked["code"]), str(asked["column"]))}

    def pulse(self, _: Json) -> Json:
        """What a page asks every second: the version, and how far a push is."""
        told = self.pushing.told
        return {
            "version": self.desk.history.version, "pushing": self.busy, "result": self.pushing.result, "stage": told.stage,
            "total": told.total, "done": told.done, "note": ", ".join(filter(None, (wire.waiting(), told.beside))),
        }  # fmt: skip

    def edit(self, asked: Json) -> Json:
        """Change one cell."""
        text = asked["text"]
        self.desk.edit(int(asked["id"]), int(asked["cell"]), asked.get("before"), None if text is None else str(text))
        return self._row(int(asked["id"]))

    def accept(self, asked: Json) -> Json:
        """Put all suggestions of one cause into their cells."""
        return {"count": self.desk.accept_all(str(asked["code"]), str(asked["column"]), int(asked["version"]))}

    def once(self, asked: Json) -> Json:
        """Replace a value in all rows of a column."""
        texts = {n: str(asked[n]) for n in ("field", "value", "replacement", "code", "column")}
        if not texts["replacement"].strip():
            raise Misuse(say("the replacement is blank"), say("Write what is to take the place of the value."))
        self.desk.change({"kind": "once", **texts}, int(asked["version"]))
        return {}

    def column(self, asked: Json) -> Json:
        """Change which field a column feeds."""
        entry = {"kind": "map", "header": str(asked["header"]), "field": str(asked["field"])}
        self.desk.change(entry, int(asked["version"]))
        return {}

    def default(self, asked: Json) -> Json:
        """Change what stands for the blank cells of a field."""
        entry = {"kind": "default", "field": str(asked["field"]), "value": str(asked["value"])}
        self.desk.change(entry, int(asked["version"]))
        return {}

    def undo(self, asked: Json) -> Json:
        """Take the last edit back."""
        return {"done": self.desk.undo(int(asked["version"]))}

    def redo(self, asked: Json) -> Json:
        """Make the last edit again."""
        return {"done": self.desk.redo(int(asked["version"]))}

    def check(self, _: Json) -> Json:
        """Judge every row with every other."""
        return {"counts": self.desk.check_all()}

    def save(self, _: Json) -> Json:
        """Write the corrected file."""
        name = saved.save(self.desk)
        return {"name": name, "path": str(self.desk.folder.file(name))}

    def plan(self, asked: Json) -> Json:
        """Plan the round, and say what a push would do."""
        self._same(asked, self.desk.version)
        return self.pushing.plan()

    def cancel(self, _: Json) -> Json:
        """Take the planned round back."""
        self.pushing.cancel()
        return {}

    def push(self, asked: Json) -> Json:
        """Push the planned round; where another page has taken it back, its edits are in no round."""
        self._same(asked, self.pushing.planned)
        self.pushing.begin(self._pushed)
        return {}

    def _pushed(self) -> None:
        with self._lock:
            self.desk.load()
            self.desk.history.touch()
            self._standing = standing(self.desk)

    def _same(self, asked: Json, planned: int | None) -> None:
        if not int(asked["version"]) == self.desk.version == planned:
            raise Changed(say("another page has changed this run"), say("Look at the page again, then push."))

    def _row(self, origin: int) -> Json:
        import polars as pl

        return {"row": view.rows(self.desk, self.desk.base.positions(pl.Series([origin])), self.lang)}

    def call(self, name: str, asked: Json) -> Json:
        """Answer one request; only `pulse` is answered while another one is."""
        if name == "pulse":
            return self.pulse(asked)
        with self._lock:
            self.touched = time.monotonic()
            if self.busy and name in CHANGES:
                raise Busy(say("a push is under way; the rows can be edited when it has finished"))
            if name in CHANGES:
                self.desk.look()
            if name in EDITS and self.desk.history.planned():
                self.pushing.cancel()  # an edit makes the planned round another one
            answer = {**getattr(self, name)(asked), "at": self.desk.version}
        if name == "rows" and not self._warm:
            self._warm = True
            threading.Thread(target=self._warmed, name="warm", daemon=True).start()
        return answer

    def _warmed(self) -> None:
        """Judge one row while the person reads the page, so that the first edit does not wait for what is loaded once."""
        with self._lock, contextlib.suppress(Stop):
            self.desk.rehearse(self.desk.folded)


def _short(entry: Json | None) -> Json | None:
    """An edit as the page names it."""
    if entry is None:
        return None
    count = len(entry["cells"]) if entry["kind"] == "cells" else 1
    return {"kind": entry["kind"], "count": count}
