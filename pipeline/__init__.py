"""Turn a customer list in a spreadsheet into customers in a billing system: never twice, never lost.

    source file ──read──▶ Sheet ──mapping──▶ Mapping ──normalise──▶ Clean ──validate──▶ Checked ──plan──▶ plan.parquet
                                                                                                              │
    results.csv errors.csv report.html ◀──report── outcomes ◀──journal.db── push ◀── the same plan, now or tomorrow

A spreadsheet flows downwards through the stages in bounded batches of text columns; every stage hands the
next one immutable values (`handoff`); problems travel as rows of a table beside the data (`issues`).

The import rule: `cli` → `run` → the stages → `client`, `lookups`, `journal`, `pace`, `targets` → `handoff`,
`schema` → `columns`, `taxids` → `issues`, `errors`, `progress`. Imports go downwards only; stages never
import each other, nor do targets. Only `cli` talks to a person, only `client` talks to a network.
"""
