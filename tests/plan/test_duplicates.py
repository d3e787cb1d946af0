"""Rows of one file that are the same customer: each policy, and nothing is dropped silently."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.plan import duplicates
from pipeline.plan.likeness import likeness

POLICIES = st.sampled_from(["error", "first", "last", "all"])


def rows_of(pairs: list[tuple[str, str]], alike: list[int | None] | None = None) -> pl.DataFrame:
    """A frame as `judge` wants it, from (who, body) pairs; `alike` are hashes of name and address."""
    return pl.DataFrame({
        "seq": pl.Series(range(len(pairs)), dtype=pl.UInt32), "row": [i + 2 for i in range(len(pairs))],
        "source": [""] * len(pairs), "sheet": [None] * len(pairs), "who": [w for w, _ in pairs],
        "identity": [w for w, _ in pairs], "body": [f'{{"name":"{b}"}}' for _, b in pairs],
        "alike": alike or [None] * len(pairs),
    }, schema_overrides={"sheet": pl.String, "alike": pl.UInt64})  # fmt: skip


def hashed(who: list[str], valid: list[bool], alike: list[str | None]) -> pl.DataFrame:
    """The hashes of some rows."""
    return duplicates.hashes(
        pl.Series(who, dtype=pl.String), pl.Series(valid, dtype=pl.Boolean), pl.Series(alike, dtype=pl.String)
    )


@settings(max_examples=120, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.sampled_from("AB"), st.sampled_from("xyz")), min_size=2, max_size=8), POLICIES)
def test_every_row_of_a_group_has_a_verdict_that_fits_the_policy(pairs: list[tuple[str, str]], policy: str) -> None:
    """Identical rows: one goes in. Rows that differ: refused, one, or all, as the policy says."""
    verdicts = duplicates.judge(rows_of(pairs), policy, str)  # type: ignore[arg-type]
    for who in {w for w, _ in pairs}:
        seqs = [i for i, (w, _) in enumerate(pairs) if w == who]
        if len(seqs) == 1:
            assert seqs[0] not in verdicts
            continue
        bodies = {pairs[i][1] for i in seqs}
        ready = [i for i in seqs if verdicts[i].status == "ready"]
        if len(bodies) == 1 or policy in ("first", "last"):
            assert len(ready) == 1
        elif policy == "all":
            assert {pairs[i][1] for i in ready} == bodies and len(ready) == len(bodies)
        else:
            assert not ready and all(verdicts[i].issue["code"] == "duplicate.conflict" for i in seqs)  # type: ignore[index]
        for i in seqs:
            if verdicts[i].status == "skipped":
                assert verdicts[i].after in ready and verdicts[i].issue is not None
        assert len({verdicts[i].ordinal for i in seqs}) == len(seqs)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(st.sampled_from("ABCD"), st.sampled_from("xyz"), st.sampled_from([None, 7, 8])), min_size=2, max_size=12),
    POLICIES, st.integers(1, 4),
)  # fmt: skip
def test_customers_may_be_judged_in_shares(pairs: list[tuple[str, str, int | None]], policy: str, shares: int) -> None:
    """All rows of a customer in one share: the verdicts are those of all rows at once."""
    rows = rows_of([(who, body) for who, body, _ in pairs], [alike for *_, alike in pairs])
    parts = [rows.filter(pl.col("who").hash(0) % shares == share) for share in range(shares)]
    judged = [duplicates.judge_some(part, policy, str) for part in parts if part.height]  # type: ignore[arg-type]
    assert dict(duplicates.settled(judged)) == dict(duplicates.judge(rows, policy, str))  # type: ignore[arg-type]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.sampled_from("AB"), st.sampled_from("xyz")), min_size=2, max_size=8), st.data())
def test_verdicts_of_a_range_are_those_of_its_rows(pairs: list[tuple[str, str]], data: st.DataObject) -> None:
    """As a table and row by row they say the same, also where one was changed or added by its row."""
    verdicts = duplicates.judge(rows_of(pairs), "first", str)
    for seq in data.draw(st.lists(st.integers(0, 9), max_size=3)):
        verdict = verdicts.setdefault(seq, duplicates.Verdict())
        verdict.status, verdict.after, verdict.issue = "invalid", None, {"code": "c", "detail": str(seq), "value": "v"}
    first, end = sorted(data.draw(st.tuples(st.integers(0, 10), st.integers(0, 10))))
    table = {line["seq"]: line for line in verdicts.between(first, end).iter_rows(named=True)}
    assert list(table) == [seq for seq in verdicts if first <= seq < end] == sorted(table)
    assert len(verdicts) == len(list(verdicts))
    for seq, line in table.items():
        one = verdicts[seq]
        assert (line["status"], line["after"], line["lane"], line["ordinal"]) == (
            one.status, one.after, one.lane, one.ordinal,
        )  # fmt: skip
        assert [line[n] for n in ("code", "detail", "value")] == [
            one.issue and one.issue[n] for n in ("code", "detail", "value")
        ]


def test_a_conflict_names_the_rows_and_the_fields() -> None:
    """The message says which rows, and in which columns they differ."""
    verdicts = duplicates.judge(rows_of([("A", "x"), ("A", "y")]), "error", lambda n: "Nombre" if n == "name" else n)
    assert verdicts[0].issue is not None
    assert verdicts[0].issue["detail"] == "2, 3, which differ in Nombre"


def test_a_conflict_names_the_sheet_once_where_all_rows_stand_in_it() -> None:
    """The sheet stands behind the last row; rows of several sheets each have their own."""
    rows = rows_of([("A", "x"), ("A", "y")])
    for sheets, said in ((["Norte", "Norte"], "2, 3 of Norte, "), (["Norte", "Sur"], "2 of Norte, 3 of Sur, ")):
        verdicts = duplicates.judge(rows.with_columns(pl.Series("sheet", sheets)), "error", str)
        assert verdicts[0].issue is not None
        assert verdicts[0].issue["detail"].startswith(said)


def test_rows_that_are_not_valid_do_not_compete() -> None:
    """Only valid rows are compared, over batch borders too."""
    one = hashed(["a", "b"], [True, True], [None, None])
    two = hashed(["b", "a", "c"], [False, True, True], [None, None, None])
    assert duplicates.affected(pl.concat([one, two]).get_column).to_list() == [0, 3]


def test_other_customers_that_look_like_one_are_told_and_sent() -> None:
    """Same name and address, another identity: a warning that names the first row; nothing is held back."""
    verdicts = duplicates.judge(rows_of([("A", "x"), ("B", "x"), ("C", "x")], [7, 7, None]), "error", str)
    assert list(verdicts) == [1]
    assert verdicts[1].status == "ready" and verdicts[1].after is None
    assert verdicts[1].issue is not None
    assert (verdicts[1].issue["code"], verdicts[1].issue["detail"]) == ("duplicate.possible", "2")


def test_name_and_address_are_compared_without_case_accents_and_punctuation() -> None:
    """Two spellings of one name and address are alike; a row without an address is like nobody."""
    record = pl.DataFrame({"name": ["Ñandú S.A.", "NANDU SA", "Ñandú S.A."], "address": ["Av. 1", "av 1", None]})
    one, two, none = likeness(record).to_list()
    assert one == two and none is None


def test_a_name_and_address_that_everybody_has_tell_nothing() -> None:
    """A pair is pointed at; a stand-in that thousands of customers share is not, so that they need not be held at once."""
    alike: list[str | None] = ["one|street"] * 2 + ["customer|unknown"] * (duplicates.MOST_ALIKE + 1)
    hashes = hashed([str(i) for i in range(len(alike))], [True] * len(alike), alike)
    assert duplicates.affected(hashes.get_column).to_list() == [0, 1]


TEXTS = st.none() | st.sampled_from("abcdefgh")


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.tuples(TEXTS, st.booleans(), TEXTS), max_size=30), st.integers(1, 40))
def test_affected_rows_are_found_range_by_range(rows: list[tuple[str | None, bool, str | None]], at_once: int) -> None:
    """However few hashes are sorted at once: the valid rows that share who they are, or name and address."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(duplicates, "AT_ONCE", at_once)
        who = [str(at) if row[0] is None else row[0] for at, row in enumerate(rows)]
        found = duplicates.affected(hashed(who, [r[1] for r in rows], [r[2] for r in rows]).get_column)
    valid = [(r, name) for r, name in zip(rows, who, strict=True) if r[1]]
    assert found.to_list() == [
        at for at, (row, name) in enumerate(zip(rows, who, strict=True))
        if row[1] and (sum(name == n for _, n in valid) > 1 or (row[2] and sum(row[2] == r[2] for r, _ in valid) > 1))
    ]  # fmt: skip


def test_of_three_alike_only_other_customers_are_told() -> None:
    """The same row again is skipped as such; one issue each."""
    verdicts = duplicates.judge(rows_of([("A", "x"), ("A", "x"), ("B", "x")], [7, 7, 7]), "error", str)
    assert {at: v.issue and v.issue["code"] for at, v in verdicts.items()} == {
        0: None,
        1: "duplicate.identical",
        2: "duplicate.possible",
    }
    assert verdicts[2].issue is not None and verdicts[2].issue["detail"] == "2"


@pytest.mark.parametrize("policy", ["error", "first", "last", "all"])
def test_one_identity_may_be_that_of_the_whole_file(policy: duplicates.Policy) -> None:
    """A shop's own e-mail in each of 20,000 different rows: work that grows with the rows, and not with their square."""
    count = 20_000
    rows = pl.DataFrame({"seq": pl.int_range(count, dtype=pl.UInt32, eager=True)}).with_columns(
        row=pl.col("seq") + 2, source=pl.lit(""), sheet=pl.lit(None, pl.String), who=pl.lit("email=a@x.example"),
        identity=pl.lit("email=a@x.example"), alike=pl.lit(None, pl.UInt64),
        body=pl.concat_str(pl.lit('{"name":"'), pl.col("seq").cast(pl.String), pl.lit('"}')),
    )  # fmt: skip
    verdicts = duplicates.judge(rows, policy, str)
    ready = [seq for seq, verdict in verdicts.items() if verdict.status == "ready"]
    assert len(verdicts) == count
    assert ready == {"error": [], "first": [0], "last": [count - 1], "all": list(range(count))}[policy]
    assert {v.lane for v in verdicts.values()} == {policy == "all"}
