"""DayZero's upload of many customers: the same customers as by single requests, each once, or exit 2 and the reason."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest
from conftest import SECRETS, Ended, Shell, people, write_csv
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import targets
from pipeline.cli import call
from pipeline.push.bulk import placing
from pipeline.push.form import Form
from pipeline.targets.interface import Answer

BULK: Any = targets.load("dayzero").bulk  # type: ignore[attr-defined]
PACE = ("--yes", "--rate", "0", "--quiet", "--timeout", "3", "--settle", "1")


class Place:
    """A sandbox, and the command line that pushes there."""

    def __init__(self, shell: Shell, running: Any, rows: list[dict[str, str]]) -> None:
        self.shell, self.running = shell, running
        write_csv(shell.home / "list.csv", rows)

    def run(self, *flags: str, bulk: bool = True, out: str = "run", to: str = "dayzero") -> Ended:
        more = ("--bulk", "--bulk-rows", "25") if bulk else ()
        return self._call(out, "run", "list.csv", "--to", to, "--out", out, *more, *flags)

    def push(self, *flags: str) -> Ended:
        return self._call("run", "push", "run", *flags)

    def _call(self, out: str, *args: str) -> Ended:
        """The command line within this process: a start of Python for each call would take longer than the call."""
        said, told = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(told):
            code = call([*args, "--base-url", self.running.base_url, *PACE])
        return Ended(code, said.getvalue(), told.getvalue(), self.shell.home / out)

    @property
    def customers(self) -> list[dict[str, Any]]:
        return [c for c in self.running.customers("dayzero") if not c["is_deleted"]]

    def count(self, method: str, path: str) -> int:
        return sum(seen.method == method and seen.path.split("?")[0].endswith(path) for seen in self.running.requests())

    def exactly_once(self, ended: Ended) -> None:
        """Each row that is in has the id of its own customer, and no customer is there twice."""
        there = {c["id"]: c["name"] for c in self.customers}
        assert set(Counter(there.values()).values()) <= {1}
        ins = [r for r in ended.results if r["_status"] == "created"]
        assert {r["_id"]: r["Nombre"] for r in ins} == {i: n for i, n in there.items() if i in {r["_id"] for r in ins}}
        assert len(ins) == len({r["_id"] for r in ins})


@pytest.fixture
def place(shell: Shell, sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, value in {**shell.env, **SECRETS}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(shell.home)
    return lambda rows, **knobs: Place(shell, sandbox(**knobs), rows)


def rows_of(count: int) -> list[dict[str, str]]:
    """Customers with everything that a CSV may spoil: commas, quotes, line breaks, leading zeros and signs."""
    return [row | {"Notas": f'"{n}", 00{n}\nsegunda línea; =1+{n}', "Límite de crédito": f"{n}.50",
                   "Categoría": "-Retail" if n % 3 else ""} for n, row in enumerate(people(count))]  # fmt: skip


@pytest.mark.parametrize("knobs", [{}, {"envelope": False, "short_pages": True}], ids=["envelope", "bare"])
def test_uploads_and_single_requests_make_the_same_customers(place: Any, sandbox: Any, knobs: dict[str, Any]) -> None:
    """The same file both ways: equal customers but for their ids, and far fewer requests."""
    many = place(rows_of(110), **knobs)
    ended = many.run()
    assert (ended.code, ended.counts) == (0, {"created": 110}), ended.err
    many.exactly_once(ended)
    assert many.count("POST", "/customers/bulk-upload") == 5 and many.count("POST", "/customers") == 0
    single = place(rows_of(110), **knobs)
    assert single.run(bulk=False, out="single").counts == {"created": 110}
    assert single.count("POST", "/customers") == 110

    def shape(one: Place) -> list[dict[str, Any]]:
        told = [{n: v for n, v in c.items() if n not in ("id", "created_at", "updated_at")} for c in one.customers]
        return sorted(told, key=lambda c: str(c["email"]))

    assert shape(many) == shape(single)
    assert len(many.running.requests()) < 20 < 110 < len(single.running.requests())


@pytest.mark.parametrize("header_counts", [True, False], ids=["header is row 1", "first row is row 1"])
def test_refused_rows_are_told_however_the_target_numbers_them(place: Any, header_counts: bool) -> None:
    """A fifth of the rows is refused: exactly those are rejected, with the target's words; the others are in."""
    here = place(people(75), bulk_refuse=0.2, bulk_header_counts=header_counts)
    ended = here.run()
    there = {c["name"] for c in here.customers}
    assert 5 < ended.counts["rejected"] < 40 and ended.counts["rejected"] + ended.counts["created"] == 75
    for row in ended.results:
        assert (row["_status"] == "created") is (row["Nombre"] in there), row
        assert "not wanted" in row["_errors"] or row["_status"] == "created"
    here.exactly_once(ended)


@pytest.mark.slow
@pytest.mark.parametrize(
    "knobs",
    [{"commit_then_drop": 1.0, "fault_limit": 1}, {"drop_before": 1.0, "fault_limit": 1},
     {"error_after_commit": 1.0, "fault_limit": 2}, {"html_502": 1.0, "fault_limit": 1}, {"cut_short": 0.7},
     {"rate_429": 0.4, "retry_after": 0}, {"filter_lag": 0.6}, {"rate_5xx": 0.3, "get_5xx": 0.2, "get_drop": 0.1},
     {"soft_deleted_blocks": True, "bulk_refuse": 0.2}],
    ids=lambda k: "+".join(k),
)  # fmt: skip
def test_every_customer_exists_once_whatever_the_server_does(place: Any, knobs: dict[str, Any]) -> None:
    """Lost answers, refusals to answer, late lists: what is unknown is settled, and nothing is there twice."""
    here = place(people(60), seed=5, **knobs)
    ended = here.run()
    for _ in range(4):
        if ended.counts.get("created", 0) + ended.counts.get("rejected", 0) == 60:
            break
        ended = here.push("--bulk", "--retry", "failed")
    assert ended.counts.get("created", 0) + ended.counts.get("rejected", 0) == 60, (ended.counts, ended.err)
    assert len(here.customers) == ended.counts["created"]
    here.exactly_once(ended)


def test_an_email_that_the_target_hides_is_sent_alone_and_not_lost(place: Any) -> None:
    """A deleted customer blocks its e-mail: the upload skips the row without a word, and a request of its own decides."""
    here = place(people(30), soft_deleted_blocks=True)
    for row in here.run("--limit", "3", bulk=False, out="before").results:
        _delete(here.running.base_url, row["_id"])
    ended = here.run()
    assert ended.counts == {"created": 30}, ended.err
    assert here.count("POST", "/customers") == 3 + 3
    here.exactly_once(ended)


def _delete(base: str, id_: str) -> None:
    import httpx

    headers = {"authorization": "Bearer dz_1", "x-business-id": "0198c0de-0000-7000-8000-000000000001"}
    with httpx.Client(trust_env=False) as client:
        assert client.delete(f"{base}/api/v1/customers/{id_}", headers=headers).status_code == 200


@pytest.mark.slow
def test_a_customer_that_differs_from_what_was_sent_is_unknown(place: Any) -> None:
    """The upload cuts texts silently: the row is neither in nor sent again."""
    rows = people(20)
    rows[7]["Dirección"] = "Av. Siempre Viva 742, piso 3, oficina 31, a la vuelta de la esquina"
    here = place(rows, bulk_cuts=60)
    ended = here.run()
    assert ended.code == 1 and ended.counts == {"created": 19, "unknown": 1}
    assert "not exactly as it was sent" in ended.results[7]["_errors"]
    assert len(here.customers) == 20 and here.count("POST", "/customers") == 0


@pytest.mark.slow
def test_what_the_target_took_and_does_not_show_is_never_sent_again(place: Any) -> None:
    """The upload cuts even the e-mails: it says that it created the rows, and nobody has their e-mails."""
    here = place(people(6), bulk_cuts=24)
    for ended in (here.run(), here.push("--bulk", "--retry", "all")):
        assert (ended.code, ended.counts) == (1, {"unknown": 6}), ended.err
    assert {r["_error_codes"] for r in ended.results} == {"target.unknown_created"}
    assert len(here.customers) == 6 and here.count("POST", "/customers") == 0


@pytest.mark.parametrize(
    ("knobs", "flags", "said"),
    [({"bulk_columns": "name,email,phone,tax_id"}, (), "no column for address"),
     ({"bulk_columns": "name,phone,address,tax_id"}, (), "no column for email"),
     ({}, ("--match", "tax_id"), "--match"), ({}, ("--duplicates", "all"), "for itself"),
     ({}, ("--bulk-part", 'a"b'), "--bulk-part")],
    ids=["a column is missing", "no e-mail", "match", "shared e-mail", "part"],
)  # fmt: skip
def test_where_an_upload_is_not_safe_nothing_is_sent(
    place: Any, knobs: dict[str, Any], flags: tuple[str, ...], said: str
) -> None:
    """Exit 2, the reason, and a plan that a push without --bulk executes."""
    rows = people(10)
    if "--duplicates" in flags:
        rows[4]["Correo"] = rows[2]["Correo"]
    here = place(rows, **knobs)
    ended = here.run(*flags)
    assert ended.code == 2 and said in ended.err, ended.err
    assert here.customers == [] and here.count("POST", "/customers/bulk-upload") == 0
    assert here.push().counts == {"created": 10}


@pytest.mark.parametrize(("knobs", "cure"), [({"bulk_part": "csv"}, ("--bulk-part", "csv")),
                                             ({"bulk_most": 10}, ("--bulk-rows", "10"))], ids=["part", "size"])  # fmt: skip
def test_a_refused_file_stops_the_push_with_exit_2_and_its_rows_go_on(
    place: Any, knobs: dict[str, Any], cure: tuple[str, ...]
) -> None:
    """422 or 413 for the whole file: no row is blamed, and the next push may upload otherwise."""
    here = place(people(40), **knobs)
    ended = here.run()
    assert ended.code == 2 and "upload was refused" in ended.err and ended.counts == {"not_attempted": 40}
    assert here.count("POST", "/customers/bulk-upload") == 1
    ended = here.push("--bulk", *cure)
    assert (ended.code, ended.counts) == (0, {"created": 40}), ended.err
    here.exactly_once(ended)


def test_piriod_has_no_upload(place: Any) -> None:
    """Exit 2 and the reason."""
    ended = place(people(2)).run(to="piriod")
    assert ended.code == 2 and "Leave --bulk out" in ended.err


def test_the_canary_and_the_error_limit_count_rows_of_uploads(place: Any) -> None:
    """--canary 30 sends 30 rows in two uploads; --max-errors stops after the upload that passes it."""
    here = place(people(100), bulk_refuse=0.3)
    first = here.run("--canary", "30", "--max-errors", "100%")
    assert first.code == 6 and first.counts["not_attempted"] == 70
    second = here.push("--bulk", "--bulk-rows", "10", "--max-errors", "4")
    assert second.code == 4 and 20 < second.counts["not_attempted"] < 70, second.counts
    assert "not wanted" in second.err
    here.exactly_once(second)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_killed_in_the_middle_of_uploads_every_customer_exists_once(place: Any) -> None:
    """`kill -9` while a file is on its way, then push --bulk: every row once, with its own id."""
    here = place(people(240), latency=0.03, commit_then_drop=0.1, seed=2)
    where = ("--base-url", here.running.base_url)
    assert here.run("--dry-run", bulk=False).code == 0
    flags = ("--bulk", "--bulk-rows", "30", *PACE)
    for kill in range(6):
        process = here.shell.start("push", "run", *where, *flags, secrets=True)
        seen, deadline = here.count("POST", "/bulk-upload"), time.monotonic() + 30
        while here.count("POST", "/bulk-upload") <= seen and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.002)
        time.sleep(0.008 * kill)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    ended = here.push("--bulk", "--bulk-rows", "30", "--retry", "failed")
    assert (ended.code, ended.counts) == (0, {"created": 240}), (ended.counts, ended.err)
    assert len(here.customers) == 240
    here.exactly_once(ended)


@dataclass(frozen=True)
class Told:
    created: int
    skipped: int
    errors: tuple[tuple[int, str], ...]


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(["in", "hidden", "refused", "skipped", "other"]), min_size=1, max_size=12),
       st.sampled_from([0, 1, 2]), st.sampled_from([None, 0, 1, 2]))  # fmt: skip
def test_a_refusal_is_never_put_on_a_row_that_is_in(fates: list[str], first: int, known: int | None) -> None:
    """Whatever is hidden, skipped or changed: a row that the target took is not called refused, where numbers are right.

    `known` is a numbering learned before; a target does not change it.
    """
    known = None if known is None else first
    errors = tuple((at + first, f"no {at}") for at, fate in enumerate(fates) if fate == "refused")
    taken = sum(f in ("in", "hidden", "other") for f in fates)
    told = Told(taken, fates.count("skipped"), errors)
    absent = {at for at, fate in enumerate(fates) if fate in ("hidden", "refused", "skipped")}
    placed = placing(told, absent, fates.count("in"), fates.count("other"), known)
    if placed is not None:
        assert {at for at in placed[1] if fates[at] in ("in", "hidden", "other")} == set()
        if placed[0] == first:
            assert placed[1] == {at - first: text for at, text in errors}


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(st.dictionaries(st.sampled_from(["name", "email", "notes", "credit_limit_cents"]),
                                st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1)
                                | st.integers(0, 2**63 - 1)), min_size=1, max_size=5))  # fmt: skip
def test_a_csv_reader_gives_back_what_was_written(records: list[dict[str, Any]]) -> None:
    """Any text survives the file: quotes, commas, line breaks of every kind, formula signs."""
    names = ("name", "notes", "credit_limit_cents", None, "email")
    table = Form(BULK, ("name", "notes", "credit_limit_cents", "other", "email"), names).table(records)
    read = list(csv.DictReader(io.StringIO(table.decode(), newline=""), strict=True))
    assert [{n: v for n, v in row.items() if v} for row in read] == [
        {n: str(v) for n, v in r.items() if str(v)} for r in records
    ]
    call, kind = BULK.upload(table, "file")
    assert table in call.body and kind.partition("boundary=")[2].encode() not in table


@pytest.mark.parametrize(
    ("body", "columns"),
    [({"csv_content_stringified": "name,email\nA,b@c.example\n"}, ("name", "email")),
     ({"success": True, "data": {"csv_content_stringified": "\ufeffname;email\r\n"}}, ("name", "email")),
     ({"csv_content_stringified": None, "csv_content_object": [{"name": "", "email": ""}]}, ("name", "email")),
     ({"csv_content_stringified": '"name","e,mail"\n'}, ("name", "e,mail")), ({}, ()), ([], ()), (None, ())],
)  # fmt: skip
def test_the_template_is_read_in_each_documented_shape(body: Any, columns: tuple[str, ...]) -> None:
    """As a text or as objects, in an envelope or bare; what is no template has no columns."""
    assert BULK.columns(Answer(200, {}, body, json.dumps(body))) == columns
