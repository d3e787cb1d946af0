"""Invented runs in the shape that the report is given: facts, and rows with their outcomes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from pipeline.handoff import Choice, Mapping, SourceFacts
from pipeline.report import Facts, Table

HEADERS = ("Razón Social", "RUT", "Correo", "País", "Región", "Notas")
FIELDS = ("name", "tax_id", "email", "country", "state", None)
ISSUE = ("field", "column", "value", "code", "detail", "suggestion")


def facts(headers: Sequence[str] = HEADERS, **changes: Any) -> Facts:
    """Facts of an invented run over `headers`, which feed FIELDS in this order."""
    fed = (*FIELDS, *([None] * len(headers)))
    choices = tuple(Choice(i, header, fed[i], "alias" if fed[i] else "none") for i, header in enumerate(headers))
    base = Facts(
        headers=tuple(headers), sources=(SourceFacts("clientes.csv", "csv", "utf-8", ";", header_row=1),),
        delimiter=";", workbook=False, run="clientes-piriod-20260102T030405Z", target="Piriod", workspace="acc_demo",
        mode="LIVE", host="https://api.piriod.com", version="0.1.0", started="2026-01-02T03:04:05Z",
        finished="2026-01-02T03:09:10Z", mapping=Mapping(choices), decisions={"decimal": ","},
        unchecked=("Payment terms could not be fetched.",), next_command="customer-import push runs/x --retry failed",
        requests=12,
    )  # fmt: skip
    return replace(base, **changes)


def issue(code: str, field: str | None = None, column: str | None = None, value: str | None = None, detail: str | None = "",
          suggestion: str | None = None) -> dict[str, str | None]:  # fmt: skip
    """One problem of a row."""
    return dict(zip(ISSUE, (field, column, value, code, detail, suggestion), strict=True))


def row(number: int, cells: Sequence[str | None], status: str = "created", *issues: dict[str, str | None],
        **more: Any) -> dict[str, Any]:  # fmt: skip
    """One outcome; `more` overrides any other column."""
    made: dict[str, Any] = {
        "source": "clientes.csv", "sheet": None, "row": number, **{f"c{i}": cell for i, cell in enumerate(cells)},
        "status": status, "action": "create" if status in ("created", "ready") else "none",
        "id": f"cus_{number}" if status == "created" else None, "http_status": 201 if status == "created" else None,
        "attempts": 1 if status in ("created", "rejected", "failed", "unknown") else 0,
        "retryable": {"failed": True, "rejected": False}.get(status), "key": f"k{number:06d}",
        "issues": list(issues), "changes": "",
    }  # fmt: skip
    return made | more


def schema(width: int) -> dict[str, Any]:
    """The columns of a batch whose source has `width` columns."""
    text, number = pl.String, pl.Int32
    return {
        "source": text, "sheet": text, "row": pl.UInt32, **{f"c{i}": text for i in range(width)}, "status": text,
        "action": text, "id": text, "http_status": number, "attempts": number, "retryable": pl.Boolean, "key": text,
        "issues": pl.List(pl.Struct(dict.fromkeys(ISSUE, text))), "changes": text,
    }  # fmt: skip


def table(rows: Sequence[dict[str, Any]], width: int = len(HEADERS), size: int = 3) -> Table:
    """The rows in batches of `size`."""

    def batches() -> Iterator[pl.DataFrame]:
        for start in range(0, len(rows), size):
            yield pl.DataFrame(rows[start : start + size], schema=schema(width))

    return batches


def story() -> list[dict[str, Any]]:
    """A small run in which every status and several problems occur."""
    good = (
        "Comercial Los Andes SpA",
        "76.086.428-5",
        "pagos@losandes.example",
        "Chile",
        "Metropolitana",
        "00123",
    )
    return [
        row(2, good, changes="tax_id: 76.086.428-5 -> 76086428-5 | country: Chile -> CL"),
        row(3, ("Viña Sur", None, "vina@@sur", "Chile", "Atlantis", "=1+1"), "invalid",
            issue("email.syntax", "email", "Correo", "vina@@sur", "two @ signs"),
            issue("state.unknown", "state", "Región", "Atlantis", "CL"),
            issue("tax_id.may_be_required", "tax_id", "RUT", None, "CL")),
        row(4, good, "skipped", issue("duplicate.identical", None, None, None, "2")),
        row(5, good, "skipped", issue("plan.existing", None, None, None, "cus_9"),
            issue("tax_id.unchecked", "tax_id", "RUT", "76.086.428-5", "no rule")),
        row(6, good, "rejected", issue("target.rejected", "email", "Correo", "pagos@losandes.example",
            "Enter a valid email address."), http_status=400),
        row(7, good, "failed", issue("target.failed", None, None, None, "connection refused")),
        row(8, good, "unknown", issue("target.unknown", None, None, None, "time-out")),
        row(9, good, "not_attempted", issue("target.not_attempted")),
        row(10, good, "updated", action="update", id="cus_10", changes="email: a -> b"),
        row(11, good, "unchanged", id="cus_11"),
    ]  # fmt: skip
