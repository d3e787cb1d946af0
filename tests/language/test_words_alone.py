"""The language changes words alone: verdicts, plans and corrections are the same in every one, and no reason stays English."""

from __future__ import annotations

import ast
import csv
import re
from collections.abc import Iterator
from pathlib import Path

import email_validator
import polars as pl
import pytest
from conftest import people, write_csv

import pipeline
from pipeline import lookups, read
from pipeline.cli import call
from pipeline.columns import unmailable
from pipeline.errors import Unreadable
from pipeline.language import LANGUAGES, say, speak
from pipeline.progress import Silent

OTHERS = [language for language in LANGUAGES if language != "en"]
WRONG = {
    "name": ["", "A" * 300, "Ana\x07Soto", "Caf\ufffd"],
    "tax_id": ["76.086.428-6", "1234", "EIN 1", "76086428", "66666666-6", "1.234.567-4"],
    "address": ["", "X" * 300],
    "country": ["Chile", "Atlantis", "Santiago, Chile", "Congo", "56", "NA", "Chle", "12"],
    "state": ["Jalisco", "Metropolitana", "13", "5", "Providencia", "Zzzz", "Valparaso", "RM"],
    "email": ["ana", "ana@", "@x.cl", "ana@@x.cl", "a..b@x.cl", "ana@x", ".ana@x.cl", "ana@x.cl.", "ana@gmial.com",
              "a@b.cl; c@d.cl", "ana soto@x.cl", "ana@-x.cl", "\u202eana@x.cl", "a" * 70 + "@x.cl", "ana@[1.2.3.4]", "añ@ñ.cl",
              "*ana@x.cl", "ana@x_y.cl", "\"a b\"@x.cl"],
    "phone": ["123", "+56 9 1234", "+999 123456789", "9" * 20, "abc", "2345 6789", "+57 1 2345678", "+55 11 8765 4321",
              "111111111", "+56 2 2345 6789 / +56 9 9876 5432", "ventas 22345678", "22222222"],
    "website": ["a b", "ftp://x.cl", "http://u:p@x.cl", "http://x.cl:0", "http://..", "ana@x.cl", "@ana", "fb: ana",
                "x.cl y.cl", "http://x.nosuch", "http://x.cl:99999"],
    "currency": ["peso", "XXX", "$", "CLP", "moneda nacional"],
    "send_invoices": ["maybe", "sí", "no"],
    "credit_limit_cents": ["1,234", "1.234,567", "mil", "12.345.678.901.234", "-5", "UF 3", "1 - 2", "US$ 5", "0.001"],
    "payment_terms": ["Net 30", "Net 9999", "contado"],
    "status": ["on hold", "activo", "nada"],
}  # fmt: skip
"""Cells of every kind that is doubted."""
PHRASE = re.compile(r"[a-z]{3,}[ ,:]+[a-z]{2,}|(^|[;:(]\s*)(it|the) ")


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    yield
    speak("en")


def wrong(path: Path, target: str) -> Path:
    """A list in which each column goes through its doubtful cells, beside otherwise good ones."""
    good = {"name": "Ana Soto", "address": "Calle 1, Santiago", "country": "Chile", "state": "Metropolitana"}
    known = [n for n in WRONG if n in pipeline_fields(target)]
    rows = []
    for name in known:
        for cell in WRONG[name]:
            filled = {n: good.get(n, "") for n in known} | {"email": f"a{len(rows)}@x.cl"}
            rows.append(filled | {name: cell})
    rows += [rows[-1] | {"email": "twice@x.cl", "tax_id": "76.086.428-5", "name": n} for n in ("Uno", "Dos")]
    return write_csv(path, rows)


def pipeline_fields(target: str) -> set[str]:
    from pipeline import schema, targets

    return set(schema.fields(targets.load(target).record)) | {"state"}


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("target", ["piriod", "dayzero"])
def test_the_language_changes_no_verdict_and_leaves_no_reason_in_english(
    tmp_path: Path, target: str, language: str
) -> None:
    """Records, codes, suggestions and changes of a plan are equal in both; each reason that is a phrase is translated.

    The words that a field knows are what is to be typed: they stay.
    """
    source = wrong(tmp_path / "list.csv", target)
    plans, told = {}, {}
    with pipeline.embedded(target, account_country="CL") as server:
        for spoken in ("en", language):
            speak(spoken)
            found = pipeline.plan(source, server, out=tmp_path / spoken)
            plans[spoken] = found.plan
            kept = pl.read_parquet(tmp_path / spoken / "plan.parquet").select("row", "issues")
            told[spoken] = kept.explode("issues").unnest("issues").drop_nulls("code")
    assert plans["en"].equals(plans[language])
    same = [n for n in told["en"].columns if n not in ("detail", "value")]
    assert told["en"].select(same).equals(told[language].select(same))
    assert told["en"]["code"].n_unique() > 15
    pairs = set(zip(told["en"]["detail"], told[language]["detail"], strict=True))
    pairs -= {("active, inactive, blocked",) * 2}
    left = sorted(here for here, there in pairs if here == there and here and PHRASE.search(here))
    assert not left


def sentences() -> list[str]:
    """What the installed email-validator may say, with a letter for what differs."""
    found: list[str] = []
    for name in ("syntax", "validate_email"):
        tree = ast.parse(Path(email_validator.__file__).with_name(f"{name}.py").read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "EmailSyntaxError":
                found.append(_text(node.args[0]))
            elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "check_dot_atom":
                found += [ast.literal_eval(a).format(sign) for a in node.args[1:3] for sign in ("period", "hyphen")]
    return [text for text in found if text != "x"]


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        named = {"reason": "(2 characters too many)", "diff": "2", "s": "s"}
        return "".join(
            _text(v) if isinstance(v, ast.Constant) else named.get(ast.unparse(v.value), "x") for v in node.values
        )
    return _text(node.left) + _text(node.right) if isinstance(node, ast.BinOp) else "x"


@pytest.mark.parametrize("language", OTHERS)
def test_whatever_the_email_library_says_is_said_in_the_language(language: str) -> None:
    """Each sentence of the installed library has its clause; none is left as it was."""
    assert len(sentences()) > 40
    for sentence in sentences():
        plain = unmailable.clause(sentence)
        speak(language)
        assert unmailable.clause(sentence) != plain, sentence
        speak("en")


def test_in_english_the_library_speaks_for_itself() -> None:
    """A sentence that nobody knows is kept in every language, as a clause."""
    assert unmailable.clause("The part is new.") == "the part is new"
    speak("es")
    assert unmailable.clause("The part is new.") == "the part is new"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_child_that_reads_workbooks_speaks_as_its_parent_does(tmp_path: Path, language: str) -> None:
    """What stops the reading of a workbook, and whose number is in it, is said in the language of the run."""
    from openpyxl import Workbook

    book = Workbook()
    book.active.append(["Nombre"])
    book.save(tmp_path / "list.xlsx")
    speak(language)
    with pytest.raises(Unreadable) as stop:
        read.open_sheet(tmp_path / "list.xlsx", read.ReadOptions(sheet="Nada"), tmp_path, Silent())
    assert stop.value.message == say("{name} has no sheet {wanted!r}", name="list.xlsx", wanted="Nada")
    assert ("no tiene" in stop.value.message) == (language == "es")


def test_facts_of_a_catalogue_keep_their_words_and_are_told_in_the_language() -> None:
    """The rule of states compares them; a person reads them in the spoken language."""
    facts = ["12 from the target", "3400 remembered, 2 h old", "/home/x/states.csv"]
    assert [lookups.told(fact) for fact in facts] == [facts[0], "3,400 remembered, 2 h old", facts[2]]
    speak("es")
    assert [lookups.told(fact) for fact in facts] == ["12 del destino", "3.400 guardados, de hace 2 h", facts[2]]


@pytest.mark.parametrize(("first", "then"), [("es", "en"), ("en", "es")])
def test_a_run_goes_on_in_another_language(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], first: str, then: str
) -> None:
    """Planned and pushed in one language, corrected in another one: the same run, and each customer once."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    rows = people(6)
    rows[2]["Correo"], rows[4]["Correo"] = "mal", "peor@"
    source, out = write_csv(tmp_path / "list.csv", rows), tmp_path / "run"
    assert (
        call(["run", str(source), "--to", "piriod", "--sandbox", "--dry-run", "--out", str(out), "--lang", first]) == 1
    )
    assert call(["push", str(out), "--yes", "--lang", then]) == 1
    with (out / "errors.csv").open(encoding="utf-8-sig", newline="") as file:
        header, *lines = list(csv.reader(file))
    at = header.index("Correo")
    for number, line in enumerate(lines):
        line[at] = f"bien{number}@nandu.example"
    total = ["Total: ", *[""] * (len(header) - 2), "2"]
    with (out / "errors.csv").open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([header, *lines, total])
    capfd.readouterr()
    assert call(["run", str(out / "errors.csv"), "--yes", "--lang", then]) == 0
    speak(then)
    assert say("left out as totals or footers: {shown}", shown="") in capfd.readouterr().err
    results = pl.read_csv(out / "results.csv", infer_schema=False)
    assert results["_status"].to_list() == ["created"] * 6
    assert results["_id"].n_unique() == 6
    assert sum(f"({say('edited')})" in (text or "") for text in results["_changes"]) == 2


@pytest.mark.parametrize("flags", [["--lang", "es"], ["--lang=es"]])
def test_what_to_type_next_is_told_also_where_the_language_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], flags: list[str]
) -> None:
    """The command stands behind a flag of the whole program, and is found there."""
    monkeypatch.chdir(tmp_path)
    write_csv(tmp_path / "list.csv", people(3))
    typed = [*flags, "run", "list.csv", "--to", "piriod", "--sandbox", "--delimiter", "abc"]
    assert call(typed) == 3
    assert "customer-import run list.csv" in capfd.readouterr().err.splitlines()[-1]
