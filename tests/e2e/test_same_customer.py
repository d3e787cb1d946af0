"""Rows of the same customer, over a server that loses answers: all, the next of them, or none twice."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from conftest import Shell, people, write_csv
from e2e.pushing import PACE, push_until_settled


@pytest.mark.parametrize("target", ["piriod", "dayzero"])
def test_all_rows_of_one_customer_go_in_one_after_the_other(
    target: str, shell: Shell, sandbox: Any, tmp_path: Path
) -> None:
    """`--duplicates all`: 40 branches under one id, answers lost: each branch exists once, none is unknown."""
    one = people(1)[0]
    write_csv(tmp_path / "list.csv", [one | {"Nombre": f"Sucursal {i}"} for i in range(40)])
    running = sandbox(seed=5, commit_then_drop=0.15, rate_5xx=0.1)
    ended = shell(
        "run",
        "list.csv",
        "--to",
        target,
        "--base-url",
        running.base_url,
        "--duplicates",
        "all",
        *PACE,
        "--out",
        "run",
        secrets=True,
    )
    if ended.code != 0:
        ended = push_until_settled(shell, running, tmp_path / "run")
    names = Counter(c["name"] for c in running.customers(target))
    assert ended.counts == {"created": 40}, ended.counts
    assert len(names) == 40 and set(names.values()) == {1}


def test_when_the_first_row_of_a_customer_is_refused_the_next_is_tried(
    shell: Shell, sandbox: Any, tmp_path: Path
) -> None:
    """`--duplicates first`: the target refuses the first row; the second one of the same customer goes in."""
    one = people(1)[0] | {"send_invoices": "", "Moneda": "XTS"}
    two = people(1)[0] | {"send_invoices": "", "Moneda": "CLP", "Nombre": "La segunda"}
    write_csv(tmp_path / "list.csv", [one, two])
    running = sandbox()
    ended = shell(
        "run",
        "list.csv",
        "--to",
        "piriod",
        "--base-url",
        running.base_url,
        "--duplicates",
        "first",
        *PACE,
        secrets=True,
    )
    statuses = [r["_status"] for r in ended.results]
    if statuses[0] == "rejected":
        assert statuses == ["rejected", "created"]
        assert [c["name"] for c in running.customers("piriod")] == ["La segunda"]
    else:  # the currency is one that the checks refuse: then only the second row competes
        assert statuses == ["invalid", "created"], statuses


@pytest.mark.parametrize("target", ["piriod", "dayzero"])
def test_followers_of_a_customer_that_is_there_are_never_created(
    target: str, shell: Shell, sandbox: Any, tmp_path: Path
) -> None:
    """A customer that the target has already stays one, whatever the file repeats and whatever becomes of the update."""
    rows = people(1)
    write_csv(tmp_path / "first.csv", rows)
    running = sandbox()
    args = ("--to", target, "--base-url", running.base_url, *PACE)
    assert shell("run", "first.csv", *args, "--out", "a", secrets=True).counts == {"created": 1}
    write_csv(tmp_path / "second.csv", [rows[0], rows[0] | {"Nombre": "Otra"}, rows[0]])
    for number, policy in enumerate(("skip", "update", "error")):
        for duplicates in ("first", "last", "error"):
            shell(
                "run",
                "second.csv",
                *args,
                "--on-existing",
                policy,
                "--duplicates",
                duplicates,
                "--out",
                f"{number}{duplicates}",
                secrets=True,
            )
    assert len(running.customers(target)) == 1


@pytest.mark.parametrize("policy", ["skip", "update"])
def test_rows_without_an_identity_are_found_again_by_their_key(
    policy: str, shell: Shell, sandbox: Any, tmp_path: Path
) -> None:
    """No tax id of its own and no reference: the same list twice still creates nobody twice, nor does a stale plan."""
    rows = [r | {"RUT": "XAXX010101000" if i % 2 else "", "País": "México", "Región": "Jalisco", "Teléfono": ""}
            for i, r in enumerate(people(6))]  # fmt: skip
    write_csv(tmp_path / "list.csv", rows)
    running = sandbox()
    args = ("run", "list.csv", "--to", "piriod", "--base-url", running.base_url, *PACE, "--on-existing", policy)
    plan = shell(*args, "--dry-run", "--out", "plan", secrets=True)
    assert plan.counts == {"ready": 6}, plan.err
    assert shell(*args, "--out", "one", secrets=True).counts == {"created": 6}
    again = shell(*args, "--out", "two", secrets=True)
    assert again.counts == ({"skipped": 6} if policy == "skip" else {"unchanged": 6}), again.err
    shell("push", "plan", "--base-url", running.base_url, *PACE, secrets=True)
    assert len(running.customers("piriod")) == 6
