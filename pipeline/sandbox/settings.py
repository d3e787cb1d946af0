"""Turn the open questions about the vendors into knobs: what the sandbox answers, and how it fails.

Each field carries its help text as metadata, so that a command line can offer it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

Duplicate = Literal["allow", "reject", "conflict"]


# ruff: noqa: RUF009 (what the fields call is dataclasses.field, under a shorter name)


def _knob(default: Any, help_: str) -> Any:
    return field(default=default, metadata={"help": help_})


def _chance(help_: str) -> Any:
    return field(default=0.0, metadata={"help": help_, "probability": True})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the sandbox answers, and how it fails. Probabilities are 0..1, durations are seconds.

    A write is POST (except DayZero's check-duplicates), PATCH, PUT or DELETE; everything else reads.
    """

    database: Path | None = _knob(None, "SQLite file that keeps the data; none: in memory")
    seed: int = _knob(0, "seed of the faults")

    tokens: tuple[str, ...] | None = _knob(None, "accepted tokens; none: every one but 'wrong'")
    expire_after: int | None = _knob(None, "after so many requests the tokens that were used expire: 401; none: never")
    workspaces: tuple[str, ...] | None = _knob(None, "known workspaces and businesses; none: every one but 'wrong'")
    account_country: str = _knob("CL", "Piriod: the account's own country, where tax_id is required")
    require_tax_settings: bool = _knob(False, "Piriod: require tax_settings where tax_id is required")
    firewall: str | None = _knob(
        None, "a request that holds this text is answered 403, by a firewall's page; none: no firewall"
    )
    largest_body: int = _knob(1_000_000, "largest JSON body in bytes; a CSV may have 50 times as many")

    latency: float = _knob(0.0, "seconds before every answer")
    rate_429: float = _chance("share of requests answered 429, nothing done")
    retry_after: float | Literal["date"] | None = _knob(
        None, "Retry-After of 429 and 503: seconds, 'date' (2 seconds ahead), or none"
    )
    status_503: float = _chance("share of requests answered 503 (maintenance), nothing done")
    rate_5xx: float = _chance("share of writes answered 500, 502, 503 or 504, nothing done")
    get_5xx: float = _chance("share of reads answered 500, 502, 503 or 504")
    drop_before: float = _chance("share of writes whose connection is closed, nothing done")
    get_drop: float = _chance("share of reads whose connection is closed")
    commit_then_drop: float = _chance("share of writes that are done, then the connection is closed")
    error_after_commit: float = _chance("share of writes that are done, then answered 500")
    html_502: float = _chance("share of writes that are done, then answered by a proxy's HTML page")
    cut_short: float = _chance("share of writes that are done, then answered by half a body")
    get_cut_short: float = _chance("share of reads answered by half a body")
    late_commit: float = _knob(0.0, "seconds after which a dropped write is done all the same")
    late_commit_rate: float = field(
        default=1.0, metadata={"help": "share of writes that late_commit concerns", "probability": True}
    )
    fault_limit: int | None = _knob(None, "after so many faults the sandbox behaves; none: never")

    filter_lag: float = _knob(0.0, "seconds before a new customer appears in lists")
    filter_empty: float = _chance("share of filtered lists that are falsely empty")
    filter_ignored: bool = _knob(False, "Piriod: metadata filters are ignored, as unknown ones always are")
    email_case_sensitive: bool = _knob(True, "e-mails differ by case in filters and duplicates")
    duplicate: Duplicate = _knob(
        "allow", "an equal tax_id (Piriod) or email (DayZero): allow (201), reject (400) or conflict (409)"
    )
    soft_deleted_blocks: bool = _knob(False, "DayZero: the email of a deleted customer counts as taken")
    patch_merges: bool = _knob(True, "Piriod: PATCH merges metadata and tax_settings; else it replaces them")
    put_replaces: bool = _knob(False, "DayZero: PUT clears the optional fields it does not name")
    next_http: bool = _knob(False, "Piriod: next links have http:// and no port, as behind a proxy")
    string_state_ids: bool = _knob(False, "Piriod: state ids are texts such as 'CL-RM'")
    envelope: bool = _knob(True, "DayZero: answers are {success, message, code, data}; else bare")
    short_pages: bool = _knob(False, "DayZero: pages are {items, next_cursor, has_more}, as in the guide")
    bulk_header_counts: bool = _knob(True, "DayZero: bulk errors count the header as row 1")
    bulk_part: str = _knob("file", "DayZero: name of the form's part that holds the CSV")
    bulk_columns: str | None = _knob(None, "DayZero: columns of the CSV and its template, by commas; none: every field")
    bulk_most: int = _knob(0, "DayZero: a CSV with more rows is refused whole; 0: none is")
    bulk_refuse: float = _chance("DayZero: share of the rows of a CSV that are refused")
    bulk_cuts: int = _knob(0, "DayZero: texts of a CSV are cut to so many characters, silently; 0: none is")

    def __post_init__(self) -> None:
        """Refuse what no server could do.

        Raises:
            ValueError: a probability outside 0..1, a negative duration or size, an unknown word.
        """
        for knob in fields(self):
            value = getattr(self, knob.name)
            if "probability" in knob.metadata and not 0 <= value <= 1:
                raise ValueError(f"{knob.name} is a probability, 0 to 1, not {value}")
        for name in ("latency", "late_commit", "filter_lag", "largest_body", "fault_limit", "bulk_most", "bulk_cuts"):
            if (getattr(self, name) or 0) < 0:
                raise ValueError(f"{name} cannot be negative")
        if self.duplicate not in ("allow", "reject", "conflict"):
            raise ValueError(f"duplicate is allow, reject or conflict, not {self.duplicate!r}")
        after = self.retry_after
        if after is not None and after != "date" and (isinstance(after, str) or after < 0):
            raise ValueError(f"retry_after is seconds or 'date', not {after!r}")
