"""Turn what the user asked for into one immutable value that every step of the flow reads."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pipeline.errors import Misuse
from pipeline.language import later, say, spoken

if TYPE_CHECKING:
    from pipeline.targets.interface import Target

SETTLE_EXTRA = 60.0
RETRIES = 5
FRESH = 60.0
"""So many seconds a look-up of the plan counts, where this process has made it and nobody has pushed since."""
RETRY: dict[str, tuple[str, ...]] = {"none": (), "failed": ("failed",), "all": ("failed", "rejected")}
"""The states of rows that `--retry` tries again."""
DECISIONS = {"countries": later("countries"), "states": later("states"), "terms": later("terms"),
             "existing customers": later("existing customers")}  # fmt: skip
MARK = "decimal mark of "
"""How a decision begins that is about one field's amounts."""


def decided(name: str) -> str:
    """One of the `decisions` of plan.json, whose names programs read, as a person reads it."""
    if name.startswith(MARK):
        return say("decimal mark of {field}", field=name.removeprefix(MARK))
    return say(DECISIONS[name]) if name in DECISIONS else name


def error_limit(text: str | None, total: int) -> Callable[[int, int], bool] | None:
    """Read `N`, or `N%` of the `total` rows to be sent: a test of (errors, rows so far); None without a limit.

    Raises:
        Misuse: it is neither.
    """
    if text is None:
        return None
    if not re.fullmatch(r"\d+|\d+(\.\d+)?%", text):
        raise Misuse(
            say("--max-errors {text!r} is no number", text=text),
            say("Write it like --max-errors 10 or --max-errors 5%."),
        )
    limit = float(text[:-1]) * total / 100 if text.endswith("%") else float(text)
    return lambda errors, _rows: errors > 0 and errors >= max(limit, 1)


@dataclass(frozen=True)
class Server:
    """Where the target is: `kind` is live, test or sandbox; `secrets` by the name of their variable.

    `pace` is how fast and how patiently it is asked while a run is planned; None: as it is the target's way.
    """

    base_url: str
    kind: Literal["live", "test", "sandbox"]
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    database: str | None = None
    pace: PushOptions | None = field(default=None, repr=False, compare=False)

    @property
    def mode(self) -> str:
        """The mode as reports show it."""
        return {"live": "LIVE", "test": "test", "sandbox": "sandbox"}[self.kind]

    def private(self, target: Target) -> tuple[str, ...]:
        """The values of the target's secrets that nobody may see, as they are and as its headers hold them."""
        values = [self.secrets[s.variable] for s in target.secrets if s.private and self.secrets.get(s.variable)]
        sent = (
            v.rpartition(" ")[2] for n, v in target.headers(self.secrets, False).items() if n.lower() == "authorization"
        )
        return tuple(dict.fromkeys((*values, *sent)))


@dataclass(frozen=True)
class PushOptions:
    """Pace, patience and stopping; None where nobody says it: then it is the target's, or our default."""

    rate: float | None = None
    concurrency: int | None = None
    max_retries: int | None = None
    timeout: float | None = None
    settle: float | None = None
    max_errors: str | None = None
    canary: int | None = None
    retry: Literal["none", "failed", "all"] = "none"
    bulk: bool = False
    bulk_rows: int | None = None
    bulk_part: str | None = None
    raw_csv: bool = False
    lang: str = field(default_factory=spoken)

    def rate_for(self, target: Target, server: Server) -> float | None:
        """Requests a second; None for no limit."""
        if self.rate is not None:
            return self.rate or None
        return None if server.kind == "sandbox" else target.pace.rate

    @property
    def retries(self) -> int:
        """How often what is safe to repeat is repeated."""
        return RETRIES if self.max_retries is None else self.max_retries

    def timeout_for(self, target: Target) -> float:
        """Seconds for one request."""
        return self.timeout or target.pace.timeout

    def settle_for(self, target: Target) -> float:
        """Seconds until "not there" counts."""
        return self.settle if self.settle is not None else self.timeout_for(target) + SETTLE_EXTRA

    def concurrency_for(self, target: Target) -> int:
        """Requests at once."""
        return self.concurrency or target.pace.concurrency


@dataclass(frozen=True)
class RunOptions:
    """The flags of `run` that say what is read, how it is understood, and what is done with it."""

    sources: tuple[str, ...]
    target: str
    out: Path | None = None
    offline: bool = False
    base_url: str | None = None
    dry_run: bool = False
    sheet: str | None = None
    header_row: int | None = None
    encoding: str | None = None
    delimiter: str | None = None
    limit: int | None = None
    mapping_file: Path | None = None
    assigned: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)
    preset: str | None = None
    decimal: str | None = None
    date_order: Literal["dmy", "mdy", "ymd"] | None = None
    account_country: str | None = None
    business_currency: str | None = None
    states_file: Path | None = None
    on_existing: Literal["skip", "update", "error"] = "skip"
    match: str | None = None
    duplicates: Literal["error", "first", "last", "all"] = "error"
    blank: Literal["keep", "clear"] = "keep"
    test_mode: bool = False
