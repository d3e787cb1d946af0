"""What new users stumbled over: each was told something untrue, or something that did not help."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from conftest import Shell

from pipeline.cli import counted
from pipeline.cli.flags import country_code, currency_code, pairs
from pipeline.errors import Misuse
from pipeline.identity import readable

BLANK_ID = "Razón Social,RUT,Dirección,Comuna,País\nUno SpA,,Av. Uno 1,Providencia,CL\n"


def test_a_file_that_is_not_there_is_said_before_credentials_are_asked_for(shell: Shell) -> None:
    """Nobody is sent for a token because of a mistyped name."""
    ended = shell("run", "nowhere.csv", "--to", "piriod")
    assert ended.code == 3
    assert "nowhere.csv does not exist" in ended.err
    assert "PIRIOD_API_TOKEN" not in ended.err


def test_the_last_lines_say_what_the_target_said(shell: Shell, tmp_path: Path) -> None:
    """A refusal without the target's words helps nobody; a blank cell is not quoted."""
    (tmp_path / "a.csv").write_text(BLANK_ID, encoding="utf-8")
    ended = shell("run", tmp_path / "a.csv", "--to", "piriod", "--sandbox", "--out", "out")
    assert ended.counts == {"rejected": 1}, ended.out
    assert "The target refused the value in RUT: This field is required (row 2)" in ended.out
    assert "the target refused RUT: This field is required" in ended.results[0]["_errors"]


def test_an_error_file_of_an_earlier_round_is_answered_with_the_newest_one(shell: Shell, tmp_path: Path) -> None:
    """The command to type names the newest file, and no target: the run knows it."""
    (tmp_path / "a.csv").write_text(BLANK_ID, encoding="utf-8")
    shell("run", tmp_path / "a.csv", "--to", "piriod", "--sandbox", "--out", "out")
    first = (tmp_path / "out" / "errors.csv").read_bytes()
    (tmp_path / "b.csv").write_bytes(first)
    shell("run", tmp_path / "b.csv")
    (tmp_path / "c.csv").write_bytes(first.replace(b"Av. Uno 1", b"Av. Uno 2"))
    shell("run", tmp_path / "c.csv")
    ended = shell("run", tmp_path / "b.csv")
    assert ended.code == 2
    assert "customer-import run" in ended.err
    assert "out/errors." in ended.err.splitlines()[-1].replace("\\", "/")
    assert "--to" not in ended.err


def test_identities_and_times_read_as_a_person_writes_them() -> None:
    """The country's code in capitals, the time to the minute."""
    assert readable("tax_id=760864285|country=cl") == "tax_id 760864285, country CL"
    assert readable("email=a@b.cl") == "email a@b.cl"
    assert counted.when("2026-11-21T15:30:43+00:00") == "2026-11-21 15:30 UTC"
    assert counted.when("long ago") == "long ago"


GOOD = "Razón Social,RUT,Dirección,Comuna,Correo\n"
ROW = "{name},76.086.428-5,Av. Uno 1,Providencia,{mail}\n"


def test_a_constant_that_cannot_be_is_a_slip_of_the_command(shell: Shell, tmp_path: Path) -> None:
    """It would keep out every row, and no cell of the file could be corrected: nothing is planned (exit 2)."""
    (tmp_path / "a.csv").write_text(GOOD + ROW.format(name="Uno", mail="a@uno.cl"), encoding="utf-8")
    planned = ("run", "a.csv", "--to", "piriod", "--dry-run", "--offline", "--out", "out")
    for flag, said in (("--set", "country=Chlie"), ("--default", "country=Chlie"), ("--set", "send_invoices=perhaps")):
        ended = shell(*planned, *(() if "country" in said else ("--set", "country=CL")), flag, said)
        assert ended.code == 2
        assert f"{flag} {said}: '{said.partition('=')[2]}' in " in ended.err
        assert not (tmp_path / "out").exists()
    (tmp_path / "m.toml").write_text('[set]\ncountry = "Chlie"\n', encoding="utf-8")
    assert "[set] country=Chlie: 'Chlie' in country" in shell(*planned, "--mapping", "m.toml").err
    for said in ("country=Chile", "country=chl", "currency=$"):
        ended = shell(*planned[:-1], said, "--set", said, "--default", "country=CL")
        assert ended.code == 0, ended.err


def test_a_web_address_and_the_mark_of_an_open_list_are_no_missing_files(shell: Shell, tmp_path: Path) -> None:
    """Who pastes a link is told to download; who names Excel's own mark is told to name the list."""
    ended = shell("inspect", "https://docs.example.com/spreadsheets/d/abc/edit")
    assert ended.code == 3
    assert "https://docs.example.com/spreadsheets/d/abc/edit is an address, not a file" in ended.err
    assert "Download the list" in ended.err
    for name in ("~$clientes.xlsx", ".~lock.clientes.ods#"):
        (tmp_path / name).write_bytes(b"\x03Ana")
        ended = shell("run", name, "--to", "piriod", "--sandbox")
        assert ended.code == 3
        assert "leaves it while the list is open" in ended.err


def test_what_goes_wrong_with_a_connection_is_said_in_the_users_language(shell: Shell, tmp_path: Path) -> None:
    """No word of a library is shown where nobody listens, and where the address does not exist."""
    (tmp_path / "a.csv").write_text(GOOD + ROW.format(name="Uno", mail="a@uno.cl"), encoding="utf-8")
    for url, said in (("http://127.0.0.1:9", "nada responde en 127.0.0.1:9"),
                      ("https://no-such-host.invalid", "no se encuentra la dirección no-such-host.invalid")):  # fmt: skip
        ended = shell("run", "a.csv", "--to", "piriod", "--set", "country=CL", "--base-url", url, "--yes",
                      "--max-retries", "0", "--lang", "es", secrets=True)  # fmt: skip
        assert ended.code == 5, ended.err
        assert said in ended.err
        assert "annot connect" not in ended.err


def test_the_error_workbook_reads_as_a_person_writes(shell: Shell, tmp_path: Path) -> None:
    """A question keeps its mark alone, and what is wrong with a whole row is shown whole: its cell breaks its lines."""
    rows = ROW.format(name="Uno", mail="ana@gmial.com") + ROW.format(name="Dos", mail="ana@gmial.com")
    (tmp_path / "a.csv").write_text(GOOD + rows, encoding="utf-8")
    ended = shell("run", "a.csv", "--to", "piriod", "--set", "country=CL", "--dry-run", "--offline", "--out", "out")
    assert ended.counts == {"invalid": 2}, ended.out
    sheet = openpyxl.load_workbook(tmp_path / "out" / "errors.xlsx")["Rows"]
    heads = {cell.value: cell.column for cell in sheet[1]}
    whole = sheet.cell(2, heads["_errors"])
    assert whole.fill.fill_type == "solid" and whole.alignment.wrap_text
    note = sheet.cell(2, heads["Correo"]).comment.text
    assert "did they mean ana@gmail.com?\n" in note


@pytest.mark.parametrize("flag", ["--set", "--default", "--map"])
def test_octets_that_are_no_text_are_no_value(flag: str) -> None:
    """A terminal of another encoding: said at once, before any row would hold half a character."""
    with pytest.raises(Misuse) as stop:
        pairs(("notes=ni\udcf1o",), flag)
    assert flag in stop.value.message and "UTF-8" in stop.value.remedy
    stop.value.message.encode()


@pytest.mark.parametrize(
    ("flag", "value"),
    [("--account-country", "XX"), ("--account-country", "Chile"), ("--account-country", "C1"),
     ("--business-currency", "ZZZ"), ("--business-currency", "pesos"), ("--business-currency", "")],
)  # fmt: skip
def test_a_code_that_no_country_or_currency_has_is_refused(shell: Shell, tmp_path: Path, flag: str, value: str) -> None:
    """Unnoticed, it would switch off what it is typed for; in a correction too."""
    (tmp_path / "a.csv").write_text(BLANK_ID, encoding="utf-8")
    ended = shell("run", tmp_path / "a.csv", "--to", "piriod", "--dry-run", "--offline", flag, value)
    assert ended.code == 2 and f"{flag} {value!r} is no ISO code" in ended.err
    shell("run", tmp_path / "a.csv", "--to", "piriod", "--sandbox", "--out", "out")
    ended = shell("run", tmp_path / "out" / "errors.csv", flag, value)
    assert ended.code == 2 and f"{flag} {value!r} is no ISO code" in ended.err


def test_codes_may_be_small_and_the_united_kingdom_uk() -> None:
    assert (country_code("cl"), country_code("UK"), country_code(None)) == ("CL", "GB", None)
    assert (currency_code("usd"), currency_code(None)) == ("USD", None)


def test_a_flag_that_says_nothing_of_this_file_is_not_passed_over(shell: Shell, tmp_path: Path) -> None:
    """Whoever names a sheet of a CSV file has another file in mind, or believes that it was heeded."""
    (tmp_path / "a.csv").write_text(BLANK_ID, encoding="utf-8")
    book = openpyxl.Workbook()
    for line in BLANK_ID.splitlines():
        book.worksheets[0].append(line.split(","))
    book.save(tmp_path / "a.xlsx")
    how = ("--to", "piriod", "--dry-run", "--offline")
    used = shell("run", tmp_path / "a.csv", *how, "--delimiter", ",", "--encoding", "utf-8")
    assert "not used" not in used.err
    assert "--sheet is not used for a.csv" in shell("run", tmp_path / "a.csv", *how, "--sheet", "X").err
    said = shell("run", tmp_path / "a.xlsx", *how, "--sheet", "Sheet", "--delimiter", ";", "--encoding", "cp1252").err
    assert "--delimiter is not used for a.xlsx" in said and "--encoding is not used for a.xlsx" in said
    assert "--sheet is not" not in said


def test_what_to_type_where_there_is_no_run_is_in_the_users_language(shell: Shell) -> None:
    assert shell("push", "nowhere", "--lang", "es").err.splitlines()[-1].endswith("run ARCHIVO --to DESTINO")


def test_the_forecast_is_a_sentence() -> None:
    assert counted.pace(10, "1 s") == "at 10 requests a second, at least 1 s"


def test_the_address_of_a_plan_is_in_the_command_to_type(shell: Shell, tmp_path: Path) -> None:
    """What was typed would be refused again."""
    (tmp_path / "a.csv").write_text(BLANK_ID, encoding="utf-8")
    shell(
        "run",
        tmp_path / "a.csv",
        "--to",
        "piriod",
        "--dry-run",
        "--offline",
        "--base-url",
        "http://127.0.0.1:9",
        "--out",
        "out",
    )
    ended = shell("push", "out", "--yes", secrets=True)
    assert ended.code == 2
    assert ended.err.splitlines()[-1].endswith("customer-import push out --yes --base-url http://127.0.0.1:9")
