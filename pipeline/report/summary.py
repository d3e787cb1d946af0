"""Turn a summary into the JSON document that programs read."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from pipeline.report.facts import Facts, Summary

SCHEMA_VERSION = 1


def document(summary: Summary, facts: Facts) -> dict[str, Any]:
    """The content of summary.json, schema version 1.

    A new version number means that a name changed its meaning or went away; new names may come without one.
    """
    return {
        "schema_version": SCHEMA_VERSION,
        "run": facts.run,
        "plan": facts.mark,
        "target": facts.target,
        "workspace": facts.workspace,
        "mode": facts.mode,
        "base_url": facts.host,
        "dry_run": facts.dry_run,
        "rows": summary.rows,
        "counts": dict(summary.counts),
        "actions": dict(summary.actions),
        "conservation": summary.conservation,
        "not_in": summary.not_in,
        "requests": facts.requests,
        "started": facts.started,
        "finished": facts.finished,
        "version": facts.version,
        "sources": [asdict(source) for source in facts.sources],
        "decisions": dict(facts.decisions),
        "unchecked": list(facts.unchecked),
        "notes": list(summary.notes),
        "causes": [asdict(cause) for cause in summary.causes],
        "changes": [{"field": c.field, "column": c.column, "cells": c.cells} for c in summary.changes],
        "files": list(summary.files),
        "next_command": facts.next_command,
    }
