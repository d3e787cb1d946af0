"""Turn what the columns mean into one choice for each field: the best column, or a pattern of several (`candidates`).

A name is made of several columns (`names`), and an address of those of one place (`address`).
"""

from __future__ import annotations

from pydantic import BaseModel

from pipeline.mapping.address import choose_address
from pipeline.mapping.candidates import Plan, feed_best
from pipeline.mapping.columns import Source
from pipeline.mapping.names import choose_name
from pipeline.mapping.presets import NAME_ORDER, Preset
from pipeline.schema import fields


def choose(sources: list[Source], record: type[BaseModel], preset: Preset | None, headers: tuple[str, ...],
           done: frozenset[str]) -> Plan:  # fmt: skip
    """Choose for every field of `record` that is not `done` already.

    Raises:
        Misuse: two equally good columns for one field differ.
    """
    plan = Plan(headers)
    known = fields(record)
    if "name" in known and "name" not in done:
        choose_name(plan, sources, preset.name_order if preset else NAME_ORDER)
    for role in known:
        if role not in ("name", "address", "state", "zip_code", "country", *done):
            feed_best(plan, role, [s for s in sources if s.role == role])
    choose_address(plan, sources, record, done)
    for source in sources:
        if source.role.partition(".")[0] in known and known[source.role.partition(".")[0]].kind == "object":
            feed_best(plan, source.role, [s for s in sources if s.role == source.role])
    if "tax_id" in plan.fed and "~tax_id_check_digit" not in done:
        feed_best(plan, "~tax_id_check_digit", [s for s in sources if s.role == "check_digit"])
    return plan
