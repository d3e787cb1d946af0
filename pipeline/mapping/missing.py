"""Turn required fields that nothing feeds into the message that stops the run, and the flags that help.

The nearest column that is still free is proposed with its flag: one whose cells look like the field's, or whose name
comes close to one of the field's names. It is a proposal and never a match.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pydantic import BaseModel

from pipeline.columns import countries
from pipeline.handoff import Choice, Mapping
from pipeline.language import listed, say
from pipeline.mapping import likely
from pipeline.mapping.evidence import Evidence
from pipeline.mapping.vocabulary import ADDRESS_ROLES, NAME_ROLES, vocabulary
from pipeline.mapping.words import nearest
from pipeline.schema import Field, fields
from pipeline.shellwords import command, quoted

CLOSE = 70
"""How much of a header's text is that of a known name, in percent."""
LIKELY = 0.6
"""The share of a column's cells that look like the field's, from which on its header does not matter."""
ROLES = {"name": NAME_ROLES, "address": tuple(r for r in ADDRESS_ROLES if r not in ("state", "country", "zip_code"))}
LOOKS: dict[str, Callable[[Evidence], float]] = {
    "email": Evidence.emails, "state": Evidence.states, "tax_id": Evidence.tax_ids,
    "country": lambda cells: cells.share(lambda text: len(countries.find(text)) == 1),
}  # fmt: skip
"""The share of a column's cells that look like the field's, by its kind."""


def missing_message(
    mapping: Mapping, record: type[BaseModel], *, headless: bool = False, inspect: tuple[str, ...] = ()
) -> tuple[str, str]:
    """What to say, once, where required fields have no source: the message, and the flags that help.

    `headless`: the reader found no header, and has called the columns Column 1, Column 2 ... `inspect` are the words of the
    command that shows the columns, behind its name; without them it is not spoken of.
    """
    known = fields(record)
    names = list(mapping.missing)
    values = {"fields": listed(names)}
    message = say("no column of the source feeds {fields}, which every customer needs", **values)
    near = {name: column for name in names if (column := nearest_column(mapping, known[name], record))}
    settable = [name for name in names if known[name].kind not in ("name", "email", "address")]
    ways = [say("the column that comes nearest: {flags}", flags=_maps(near.items()))] if near else []
    if settable:
        values_ = {name: _example(name, known[name].column.example, mapping) for name in settable}
        flags = " ".join(f"--set {name}={value}" for name, value in values_.items())
        ways.append(say("the same value in every row: {flags}", flags=flags))
        if values_.get("country") == say("CODE"):
            ways[-1] += " " + say("(CODE: two letters, such as CL, MX or CO)")
    if others := [name for name in names if name not in near]:
        header = "Column 1" if headless else say("HEADER")
        ways.append(say("a column of the source: {flags}", flags=_maps((name, header) for name in others)))
    if headless:
        message = say(
            "the list has no header that names its columns (they are called Column 1, Column 2 ...), and no column "
            "of the source feeds {fields}, which every customer needs",
            **values,
        )
        ways.append(say("if a row holds the column names: --header-row N"))
    remedy = say("Choose one way: {ways}.", ways="; ".join(ways))
    if not inspect:
        return message, remedy
    return message, f"{remedy}\n" + say("To see the columns: {command}", command=command("inspect", *inspect))


def unknown_country(mapping: Mapping) -> list[str]:
    """What to say where nothing tells the country by which phone numbers and tax ids are read, and no customer needs one."""
    feeds = {choice.field: choice for choice in mapping.choices}
    local = "phone" in feeds and any(not text.lstrip().startswith("+") for text in feeds["phone"].examples)
    if "country" in mapping.missing or not (local or "tax_id" in feeds):
        return []
    return [
        say(
            "No column tells the country: phone numbers without its prefix cannot be read, nor tax ids checked. If all "
            "customers are in one: --set country={code}",
            code=likely.country(mapping) or say("CODE"),
        )
    ]


def nearest_column(mapping: Mapping, field: Field, record: type[BaseModel]) -> str | None:
    """The header of the free column that comes nearest to `field`, by its cells or by its name; None where none does."""
    used = {index for indexes in mapping.parts.values() for index in indexes}
    free = [c for c in mapping.choices if c.field is None and c.index not in used and c.header and c.how == "none"]
    headers = [c.header for c in mapping.choices]
    free = [c for c in free if headers.count(c.header) == 1]
    if look := LOOKS.get(field.kind):
        free = [c for c in free if not (cells := _cells(c)).known or look(cells) > 0]
        if alike := [c for c in free if look(_cells(c)) > LIKELY]:
            return alike[0].header
    words = vocabulary(record)
    roles = ROLES.get(field.name, (field.name,))
    names = [field.name, *(name for name, (role, _) in words.names.items() if role in roles)]
    return next((c.header for c in free if nearest(c.header, names, CLOSE)), None)


def _cells(choice: Choice) -> Evidence:
    return Evidence(choice.examples, len(choice.examples), len(choice.examples))


def _maps(pairs: Iterable[tuple[str, str]]) -> str:
    return " ".join(f"--map {_quoted(f'{header}={name}')}" for name, header in pairs)


def _quoted(text: str) -> str:
    return quoted(text) if any(sign in text for sign in '"$`\\!\n') else f'"{text}"'


def _example(name: str, example: str, mapping: Mapping) -> str:
    """A value to type; what another list could be sent with by mistake is a word in capitals, which is no value."""
    if name == "country":
        return likely.country(mapping) or say("CODE")
    return say("NAME") if name == "state" else f'"{example}"' if " " in example else example
