"""A person who speaks Spanish reads no English: the whole of the main job, what goes wrong in it, and every help."""

from __future__ import annotations

import csv
import json
import re
import string
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import people, write_csv
from language import catalogue

from pipeline import schema, targets
from pipeline.cli import COMMANDS, call, configuration
from pipeline.documents import KINDS
from pipeline.language import later, speak

Reads = Callable[..., str]

KEPT = {
    "piriod", "dayzero", "customer", "import", "sandbox", "csv", "xlsx", "json", "schema", "toml", "token", "tokens", "url",
    "utf", "api", "get", "shell", "bash", "zsh", "fish", "script", "scripts", "latest", "workspace", "the", "html", "home",
    "excel", "none", "date", "data", "name", "customers",
}  # fmt: skip
"""Names that are the same in every language, and words that Spanish uses as they are."""
CODES = re.compile(
    r"customer-import .*|[A-Z_]{4,}=\S+|export|--?[a-z][\w-]*(=\S+)?( (update|keep|skip|error|clear|first|last|all)\b)?|[\w.-]*/[\w./-]+|[\w-]+\.(xlsx|csv|html|json|db|toml|env|zip|txt|fish|com)\b|"
    r"[A-Z_]{4,}|[\w.+-]+@\S+|'[^']*'|`[^`]*`|\[[^\]]*\]|\{[^}]*\}|\"[^\"]*\"|\w+_\w+|\w+\.\w+|→.*|\([a-z]+( \| [a-z]+)+\)|https?://\S+"
)
"""What is no word: commands, flags, paths, files, variables, quotations, choices, fields, codes, examples."""


@pytest.fixture(scope="module")
def english() -> set[str]:
    """The words of the English texts that no Spanish text has."""
    found: dict[str, set[str]] = {"en": set(), "es": set()}
    for message in catalogue.read("es"):
        if message.id and catalogue.CLICK not in message.auto_comments:
            for language, texts in (("en", message.id), ("es", message.string)):
                for text in texts if isinstance(texts, tuple) else (texts,):
                    plain = "".join(literal for literal, *_ in string.Formatter().parse(CODES.sub(" ", text)))
                    found[language] |= set(re.findall(r"[^\W\d_]{3,}", plain.lower()))
    fields = {name for target in ("piriod", "dayzero") for name in schema.fields(targets.load(target).record)}
    return found["en"] - found["es"] - fields - KEPT - set(COMMANDS) - set(KINDS)


@pytest.fixture
def reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], english: set[str]
) -> Iterator[Reads]:
    """Run a command for somebody in Santiago; what it says is returned, and has no English word in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(configuration, "paths", lambda: (tmp_path / "project.toml", tmp_path / "user.toml"))
    monkeypatch.setenv("LANG", "es_CL.UTF-8")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name in ("PIRIOD_API_TOKEN", "PIRIOD_WORKSPACE"):
        monkeypatch.delenv(name, raising=False)

    def run(*words: object, code: int = 0) -> str:
        given = call([str(word) for word in words])
        out, err = capfd.readouterr()
        assert given == code, err
        said = out + err
        found = set(re.findall(r"[^\W\d_]{3,}", CODES.sub(" ", said).lower())) & english
        assert not found, f"{sorted(found)} in:\n{said}"
        return said

    yield run
    speak("en")


def customers(path: Path, count: int = 12) -> Path:
    """A list with what goes wrong every day in it."""
    rows = people(count)
    rows[1]["RUT"] = "76.902.655-1"
    rows[2]["Nombre"] = ""
    rows[3]["Correo"] = "pagos@nandu"
    rows[4]["Región"] = "Atlántida"
    rows[5]["Dirección"] = "Avenida Presidente Balmaceda " * 4
    rows[6] = {**rows[7], "Dirección": "Otra calle 3"}
    return write_csv(path, [{**row, "Comentario": "", "Nota": "x"} for row in rows])


def test_the_main_job_is_in_spanish_from_the_file_to_the_correction(reads: Reads, tmp_path: Path) -> None:
    """Look at a file, plan, push, see what became of it, undo, and forget."""
    file = customers(tmp_path / "clientes.csv")
    assert "12 filas" in reads("inspect", file)
    assert "12 filas leídas = " in reads(
        "run", file, "--to", "piriod", "--sandbox", "--dry-run", "--out", "prueba", code=1
    )
    assert "creadas" in reads("run", file, "--to", "piriod", "--sandbox", "--out", "a", code=1)
    assert "enviada" in reads("status", "a", code=1)
    reads("push", "a", "--retry", "all", code=1)
    reads("run", "a/errors.csv", code=1)
    reads("run", file, "--to", "piriod", "--sandbox", "--on-existing", "update", "-v", "--out", "b", code=1)
    reads("run", file, "--to", "piriod", "--sandbox", "--once", "--out", "c", code=1)
    assert "clientes creados, siguen ahí" in reads("undo", "a")
    reads("bundle", "a", "-o", "error.zip")
    assert "datos personales borrados" in reads("forget", "a", "--yes")
    reads("status", "a", code=1)
    reads("template", "piriod")
    reads("targets")
    reads("targets", "piriod")
    reads("targets", "dayzero")


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_help_is_in_spanish(name: str, reads: Reads) -> None:
    """Of the program, and of every command."""
    reads(*([name] if name else []), "--help")


@pytest.mark.parametrize(
    ("content", "words", "code"),
    [
        ("Nombre,RUT\nAna,1-9\n", ["run", "lista.csv", "--to", "piriod"], 2),
        ("Nombre,RUT\nAna,1-9\n", ["run", "lista.csv", "--to", "piriod", "--sandbox"], 2),
        ("Nombre,RUT\nAna,1-9\n", ["run", "lista.csv", "--to", "marte"], 2),
        ("Nombre,RUT\nAna,1-9\n", ["run", "lista.csv", "--to", "piriod", "--dry-run", "--map", "Nada=name"], 2),
        ("Nombre,RUT\nAna,1-9\n", ["run", "lista.csv", "--to", "piriod", "--dry-run", "--map", "Nombre=nada"], 2),
        ("Nombre,RUT\nAna,1-9\n", ["run", "lista.csv", "--to", "piriod", "--dry-run", "--mapping", "no.toml"], 2),
        ("Nombre,RUT\nAna,1-9\n", ["run", "lista.csv", "--to", "piriod", "--dry-run", "--offline", "--sandbox"], 2),
        ("Nombre,RUT\nAna,1-9\n", ["run", "lista.csv", "--to", "piriod", "--rate", "mucho", "--dry-run"], 2),
        ("Nombre,RUT\nAna,1-9\n", ["run", "lista.csv", "--to", "piriod", "--max-errors", "mucho", "--dry-run"], 2),
        ("Nombre,RUT\nAna,1-9\n", ["run", "lista.csv", "--to", "piriod", "--preset", "nada", "--dry-run"], 2),
        ("Nombre,RUT\nAna,1-9\n", ["run", "lista.csv", "--to", "piriod", "--encoding", "klingon", "--dry-run"], 3),
        ("Nombre,RUT\nAna,1-9\n", ["run", "lista.csv", "--to", "piriod", "--match", "nada", "--sandbox"], 2),
        ("", ["inspect", "lista.csv"], 3),
        ("Nombre,RUT\n", ["inspect", "lista.csv"], 3),
        ("%PDF-1.7\n", ["inspect", "lista.csv"], 3),
        ("<html><body>", ["inspect", "lista.csv"], 3),
        ("x", ["inspect", "otra.csv"], 3),
        ("x", ["status", "nada"], 2),
        ("x", ["push", "latest"], 2),
        ("x", ["run", "lista.csv", "--profile", "acme"], 2),
        ("x", ["login", "piriod", "--events"], 2),
        ("x", ["template", "piriod", "-o", "lista.csv"], 2),
        ("x", ["template", "piriod", "-o", "lista.doc"], 2),
        ("x", ["targets", "--check"], 2),
        ("x", ["targets", "piriod", "--check"], 2),
        ("x", ["targets", "piriod", "--check", "--base-url", "ftp://x"], 2),
        ("x", ["targets", "piriod", "--check", "--base-url", "http://example.com"], 2),
    ],
)  # fmt: skip
def test_what_goes_wrong_is_said_in_spanish(
    content: str, words: list[str], code: int, reads: Reads, tmp_path: Path
) -> None:
    """Why it stopped, and what to type next."""
    (tmp_path / "lista.csv").write_text(content)
    assert "detenido: " in reads(*words, code=code)


TEXTS = {"title", "remedy", "message", "reason", "notes"}
"""Keys of JSON whose values are for a person."""


def test_json_and_events_have_the_same_keys_codes_and_numbers_in_both_languages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A program reads the same, whoever's locale it runs in; only texts for a person follow the language."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(configuration, "paths", lambda: (tmp_path / "project.toml", tmp_path / "user.toml"))
    file = customers(tmp_path / "clientes.csv", count=1200)
    told: dict[str, list[object]] = {}
    for language in ("en", "es"):
        given = [("inspect", file, "--json"), ("run", file, "--to", "piriod", "--offline", "--dry-run", "--json", "--events", f"{language}.jsonl",
                 "--out", language), ("status", language, "--json"), ("targets", "--json"), ("run", "none.csv", "--json", "--to", "piriod", "--sandbox")]  # fmt: skip
        for words in given:
            call(["--lang", language, *map(str, words)])
            told.setdefault(language, []).append(_plain(json.loads(capfd.readouterr().out), language))
        lines = (tmp_path / f"{language}.jsonl").read_text(encoding="utf-8").splitlines()
        events = [json.loads(line) for line in lines]
        told[language].append([_plain(one, language) for one in events if one["event"] != "progress"])
        with (tmp_path / language / "results.csv").open(encoding="utf-8-sig", newline="") as results:
            told[language].append(
                [
                    (row["_row"], row["_status"], row["_action"], row["_error_codes"], list(row))
                    for row in csv.DictReader(results)
                ]
            )
        speak("en")
    assert told["en"] == told["es"]


def _plain(value: object, run: str) -> object:
    """A document without what is for a person, times, and the name of the run."""
    if isinstance(value, dict):
        return {k: _plain(v, run) for k, v in value.items() if k not in TEXTS | {"at", "run"}}
    return [_plain(v, run) for v in value] if isinstance(value, list) else value


def test_the_vocabulary_tells_english_from_spanish(
    english: set[str], reads: Reads, capfd: pytest.CaptureFixture[str]
) -> None:
    """An English line would be found: the words of the main job are in the list."""
    assert {"rows", "read", "created", "missing", "cannot", "there", "with", "not", "yet"} <= english
    assert later("rows") == "rows"
    speak("en")
    with pytest.raises(AssertionError, match="in:"):
        reads("--lang", "en", "--help")
