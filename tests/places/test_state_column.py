"""States as customer lists write them: every way to name one, inside its country, with any catalogue of a target."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import polars as pl
import pycountry
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.columns import gazetteer, subdivisions
from pipeline.columns.naming import read as read_list
from pipeline.columns.state import normalise
from pipeline.handoff import Around, Catalogue, Entry, Judged, Settings
from pipeline.schema import Column, Field

FIELD = Field("state", Column("state", "State", "Estado"), required=True, nullable=False)
ORACLE = Path(__file__).parents[2] / "../shared/oracles/states.json"
COUNTRIES = ("CL", "MX", "CO", "PE", "AR", "BR", "US", "CA", "ES")

# The table lists these as states and, in its second part, as names with two meanings: they are asked.
ASKED = {("MX", "México"), ("MX", "Mexico"), ("MX", "MÉXICO"), ("PE", "Lima")}


def entries(kind: str) -> tuple[Entry, ...]:
    """ISO 3166-2 as a target may list it: integer or text ids, whole or half codes, or names alone."""
    chosen = [s for s in pycountry.subdivisions if s.country_code in COUNTRIES]
    codes = {"int": lambda s: s.code, "str": lambda s: s.code[3:], "names": lambda s: None}[kind]
    return tuple(
        Entry(f"st_{i}" if kind == "str" else 5000 + i, s.name, codes(s), s.country_code) for i, s in enumerate(chosen)
    )


INT = entries("int")


def read(
    texts: list[str | None], countries: list[str | None], states: tuple[Entry, ...] | None = INT,
    **others: list[str | None],
) -> Judged:  # fmt: skip
    beside = {name: pl.Series(values, dtype=pl.String) for name, values in others.items()}
    around = Around(FIELD, pl.Series(countries, dtype=pl.String), beside, Settings(Catalogue(states=states)))
    return normalise(pl.Series(texts, dtype=pl.String), around)


def said(
    text: str | None, country: str | None, states: tuple[Entry, ...] | None = INT, **others: str | None
) -> str | None:
    """The ISO 3166-2 code of the state that a cell gives, else the code of the issue."""
    judged = read([text], [country], states, **{name: [value] for name, value in others.items()})
    if judged.value[0] is None:
        return judged.code[0]
    return {entry.id: entry.code for entry in states or ()}.get(judged.value[0], judged.value[0])


@pytest.mark.parametrize(
    ("text", "country", "expected"),
    [
        ("RM", "CL", "CL-RM"), ("XIII Región", "CL", "CL-RM"), ("Región Metropolitana de Santiago", "CL", "CL-RM"),
        ("CL-RM", "CL", "CL-RM"), ("cl-rm", "CL", "CL-RM"), ("13", "CL", "CL-RM"), ("metropolitana", "CL", "CL-RM"),
        ("V Región de Valparaíso", "CL", "CL-VS"), ("VI", "CL", "CL-LI"), ("Aysén", "CL", "CL-AI"),
        ("RegiÃ³n de Ã‘uble", "CL", "CL-NB"), ("Bío-Bío", "CL", "CL-BI"), ("O´Higgins", "CL", "CL-LI"),
        ("CDMX", "MX", "MX-CMX"), ("D.F.", "MX", "MX-CMX"), ("Edo. Méx.", "MX", "MX-MEX"), ("N.L.", "MX", "MX-NLE"),
        ("Veracruz", "MX", "MX-VER"), ("Q. Roo", "MX", "MX-ROO"), ("Baja California", "MX", "MX-BCN"),
        ("Jalisco, México", "MX", "MX-JAL"), ("México, México", "MX", "state.ambiguous"),
        ("Jalisco, Chile", "MX", "state.unknown"), ("Nuevo León NL", "MX", "MX-NLE"), ("Nuevo León JC", "MX", "state.unknown"), ("JC", "MX", "MX-JAL"),
        ("CL", "MX", "state.ambiguous"), ("CM", "MX", "state.ambiguous"), ("SL", "MX", "state.ambiguous"), ("Jalisco (JAL)", "MX", "MX-JAL"),
        ("Valle", "CO", "CO-VAC"), ("5", "CO", "CO-ANT"), ("05", "CO", "CO-ANT"), ("Bogotá D.C.", "CO", "CO-DC"),
        ("Nte. de Santander", "CO", "CO-NSA"), ("San Andrés", "CO", "CO-SAP"),
        ("Lima Metropolitana", "PE", "PE-LMA"), ("Departamento de Lima", "PE", "PE-LIM"), ("Cuzco", "PE", "PE-CUS"),
        ("CABA", "AR", "AR-C"), ("Bs. As.", "AR", "AR-B"), ("Sgo. del Estero", "AR", "AR-G"), ("X", "AR", "AR-X"),
        ("S. Paulo", "BR", "BR-SP"), ("Rio Grande do Sul (RS)", "BR", "BR-RS"), ("Mato Grosso", "BR", "BR-MT"),
        ("Calif.", "US", "US-CA"), ("Washington", "US", "US-WA"), ("Washington, D.C.", "US", "US-DC"),
        ("Carolina del Norte", "US", "US-NC"), ("Kansas", "US", "US-KS"), ("N. Mex.", "US", "US-NM"),
        ("Québec", "CA", "CA-QC"), ("B.C.", "CA", "CA-BC"), ("PEI", "CA", "CA-PE"),
        ("Madrid", "ES", "ES-M"), ("Vizcaya", "ES", "ES-BI"), ("Cataluña", "ES", "ES-CT"), ("28", "ES", "ES-M"),
        ("5", "CL", "state.ambiguous"), ("Lima", "PE", "state.ambiguous"), ("México", "MX", "state.ambiguous"),
        ("California", "CL", "state.not_in_country"), ("Otro", "CL", "state.unknown"),
        ("VI", None, "state.no_country"), ("Córdoba", None, "state.no_country"), ("CO-COR", None, "CO-COR"),
        ("Región 5", "CL", "CL-VS"), ("5ª Región", "CL", "CL-VS"), ("5° Región", "CL", "CL-VS"), ("12va Región", "CL", "CL-MA"),
        ("Región N° 8 del Biobío", "CL", "CL-BI"), ("Región 5 del Biobío", "CL", "state.unknown"), ("Región 17", "CL", "state.unknown"),
        ("5 - Valparaíso", "CL", "CL-VS"), ("05. Valparaíso", "CL", "CL-VS"), ("13 Valparaíso", "CL", "state.unknown"), ("14 Jalisco", "MX", "MX-JAL"),
        ("Región de Arica", "CL", "CL-AP"), ("Lib. Gral. Bdo. O'Higgins", "CL", "CL-LI"), ("Aysén del Gral. Ibáñez del Campo", "CL", "CL-AI"),
        ("RegiÃ³n de ValparaÃ\xado", "CL", "state.unknown"), ("RegiÃ³n de ValparaÃ\xadso", "CL", "CL-VS"), ("BoyacÃ¡", "CO", "CO-BOY"),
        ("MedellÃ\xadn, Antioquia", "CO", "CO-ANT"), ("Jalisco México", "MX", "MX-JAL"), ("Jalisco MX", "MX", "MX-JAL"), ("Nuevo México", "MX", "state.not_in_country"),
        ("Lima Perú", "PE", "state.ambiguous"), ("São Paulo Brasil", "BR", "BR-SP"), ("Georgia USA", "US", "US-GA"), ("Guadalajara, Jal.", "MX", "MX-JAL"),
        ("Juárez, Chih.", "MX", "MX-CHH"), ("Benito Juárez, CDMX", "MX", "MX-CMX"), ("Guadalajara, Son.", "MX", "state.unknown"), ("Medellín (Antioquia)", "CO", "CO-ANT"),
        ("Bogotá, Cundinamarca", "CO", "state.unknown"), ("Barranquilla, Atlántico, Colombia", "CO", "CO-ATL"), ("México (Estado)", "MX", "MX-MEX"),
        ("N. Sder.", "CO", "CO-NSA"), ("Santander del Sur", "CO", "CO-SAN"), ("Gobierno Regional de Piura", "PE", "PE-PIU"), ("Cdad. Aut. de Bs. As.", "AR", "AR-C"),
        ("Tierra del Fuego, Ant. e Islas del Atl. Sur", "AR", "AR-V"), ("Goiaz", "BR", "BR-GO"), ("So. Dakota", "US", "US-SD"), ("Coruña, A", "ES", "ES-C"),
        ("ND", "US", "US-ND"), ("n/d", "US", None), ("-", "CL", None), (None, "CL", None), ("Bayern", "DE", "state.unknown"),
    ],
)  # fmt: skip
def test_known_spellings(text: str | None, country: str | None, expected: str | None) -> None:
    """The state that is meant, or the code that asks for it."""
    assert said(text, country) == expected


@pytest.mark.parametrize("kind", ["int", "str", "names"])
def test_every_state_by_name_and_code_with_any_catalogue(kind: str) -> None:
    """The target's own ids, names and ISO 3166-2 codes all lead to the id, whatever the ids are."""
    states = entries(kind)
    iso = [s for s in pycountry.subdivisions if s.country_code in COUNTRIES]
    judged = read([str(e.id) for e in states], [e.parent for e in states], states)
    assert judged.value.to_list() == [e.id for e in states]
    assert judged.value.dtype == (pl.String if kind == "str" else pl.Int64)
    judged = read([s.code for s in iso], [s.country_code for s in iso], states)
    alike = Counter((s.country_code, s.name) for s in iso)  # nothing tells two entries of one name apart
    twins = {s.code for s in iso if alike[s.country_code, s.name] > 1} if kind == "names" else set()
    assert [
        s.code for s, e, v in zip(iso, states, judged.value, strict=True) if v != e.id and s.code not in twins
    ] == []
    judged = read([e.name.upper() for e in states], [e.parent for e in states], states)
    missed = {(s.code, code) for s, e, value, code in zip(iso, states, judged.value, judged.code, strict=True)
              if value != e.id and s.code not in twins}  # fmt: skip
    same_name = {("ES-IB", None), ("ES-CB", None), ("ES-RI", None)}  # of one province: the province is meant
    assert missed == {(c, code) for c, code in same_name if c not in twins} | {
        ("MX-MEX", "state.ambiguous"),
        ("PE-LIM", "state.ambiguous"),
    }


def test_an_id_passes_only_in_its_own_country() -> None:
    """An id of another country's state is a state of another country; one that is no id is unknown."""
    chile = next(entry for entry in INT if entry.code == "CL-RM")
    judged = read([str(chile.id), str(chile.id), "99999"], ["CL", "MX", "CL"])
    assert judged.value.to_list() == [chile.id, None, None]
    assert judged.code.to_list() == [None, "state.not_in_country", "state.unknown"]


def test_a_near_miss_is_a_suggestion_that_would_be_accepted() -> None:
    """Nothing near is taken; what is suggested is found when it is written."""
    texts, countries = ["Jalsico", "Metropoltana", "Providencia", "Limma"], ["MX", "CL", "CL", "PE"]
    judged = read(list(texts), list(countries))
    assert judged.value.to_list() == [None] * 4
    assert judged.code.to_list() == ["state.unknown"] * 4
    again = read(judged.suggestion.to_list(), list(countries))
    assert again.code.to_list() == [None] * 4
    assert judged.detail[0] == "Mexico (nearest: Jalisco (MX-JAL) 86 %)"


def test_without_a_catalogue_the_code_of_iso_3166_2_stands_in() -> None:
    """The warning says that nothing was looked up; what ISO 3166-2 does not know is still refused."""
    judged = read(["RM", "Jalsico", "7", "X", "Lima"], ["CL", "MX", "CL", "VA", "PE"], None)
    assert judged.value.to_list() == ["CL-RM", None, None, "X", None]
    assert judged.code.to_list() == [
        "state.unchecked",
        "state.unknown",
        "state.ambiguous",
        "state.unchecked",
        "state.ambiguous",
    ]
    assert judged.value.dtype == pl.String


def test_a_catalogue_of_communities_takes_the_province() -> None:
    """A part that the target does not list counts as the state it is a part of."""
    states = (Entry(1, "Comunidad de Madrid", "ES-MD", "ES"), Entry(2, "Cataluña", "CT", "ES"))
    assert read(["Barcelona", "Madrid", "Lugo"], ["ES"] * 3, states).value.to_list() == [2, 1, None]


@pytest.mark.parametrize(
    ("country", "place", "expected"),
    [
        ("CL", "Ñuñoa", "CL-RM"), ("CL", "comuna de Viña del Mar", "CL-VS"), ("CL", "Los Ángeles", "CL-BI"),
        ("MX", "Monterrey", "MX-NLE"), ("MX", "Cancún", "MX-ROO"), ("MX", "Pachuca", "MX-HID"),
        ("MX", "Zapopan, Jal.", "MX-JAL"), ("MX", "La Paz", "state.derived_ambiguous"),
        ("MX", "Tlalnepantla", "state.derived_ambiguous"), ("CO", "Medellín", "CO-ANT"), ("CO", "Cali", "CO-VAC"),
        ("CO", "Armenia", "state.derived_ambiguous"), ("CO", "Bogotá", "CO-DC"), ("CL", "Atlantis", None),
        ("DE", "Berlin", None), (None, "Monterrey", None),
    ],
)  # fmt: skip
def test_a_blank_state_is_derived_from_the_place(country: str | None, place: str, expected: str | None) -> None:
    """Exactly one answer of the country's own table is taken; two are asked, none says nothing."""
    assert said(None, country, city=place) == expected
    assert said("  ", country, city=place) == expected


def test_a_state_that_is_there_is_not_derived() -> None:
    """The place never overrules the state; the commune comes before the city."""
    assert said("Biobío", "CL", city="Ñuñoa") == "CL-BI"
    assert said(None, "CL", city="Concepción", commune="Ñuñoa") == "CL-RM"
    assert said(None, "CO", city="Medellín", commune="Armenia") == "CO-ANT"


@pytest.mark.parametrize(
    ("text", "city", "expected"),
    [
        ("México", "Toluca", "MX-MEX"), ("México", "Coyoacán", "MX-CMX"), ("México", "Naucalpan", "MX-MEX"), ("CL", "Saltillo", "MX-COA"),
        ("CL", "Manzanillo", "MX-COL"), ("México", "Guadalajara", "state.ambiguous"), ("México", None, "state.ambiguous"),
        ("México", "Atlantis", "state.ambiguous"), ("Jalisco", "Toluca", "MX-JAL"),
    ],
)  # fmt: skip
def test_the_place_tells_which_of_two_states_is_meant(text: str, city: str | None, expected: str) -> None:
    """Of two meanings the one is taken in which the place of the row is; a plain state is never overruled."""
    assert said(text, "MX", city=city) == expected


def test_a_number_that_is_an_id_and_another_states_code_is_asked() -> None:
    """Region 05 is Valparaíso; a state of Chile with the id 5 is another one, unless the list is the user's own."""
    states = (
        Entry(5, "Coquimbo", "CL-CO", "CL"),
        Entry(13, "Región Metropolitana", "CL-RM", "CL"),
        Entry(70, "Valparaíso", "CL-VS", "CL"),
    )
    judged = read(["5", "13", "70", "5"], ["CL"] * 4, states, city=[None, None, None, "Viña del Mar"])
    assert judged.value.to_list() == [None, 13, 70, 70]
    assert judged.code.to_list() == ["state.ambiguous", None, None, None]
    assert judged.detail[0] == "Coquimbo (CL-CO), Valparaíso (CL-VS)"
    own = Settings(Catalogue(states=states, facts={"states": "states.csv"}))
    around = Around(FIELD, pl.Series(["CL"]), {}, own)
    assert normalise(pl.Series(["5"]), around).value.to_list() == [5]


@pytest.mark.parametrize(
    ("state", "district", "city", "expected"),
    [
        ("Lima", "San Borja", None, "PE-LMA"), ("Lima", "Miraflores", "Lima", "PE-LMA"), ("Lima", "Miraflores", None, "state.ambiguous"),
        ("LIMA", "Huacho", "Huaura", "PE-LIM"), ("Lima", None, "Cañete", "PE-LIM"), ("Lima", "Miraflores", "Arequipa", "state.ambiguous"),
        (None, "Miraflores", "Arequipa", "PE-ARE"), (None, "Surco", "Lima", "PE-LMA"), (None, "Miraflores", None, "state.derived_ambiguous"),
        (None, "Ventanilla", None, "PE-CAL"), (None, None, "Pucallpa", "PE-UCA"), ("Trujillo", None, None, "state.unknown"),
        ("San Martín - Tarapoto", None, None, "PE-SAM"),
    ],
)  # fmt: skip
def test_lima_is_told_by_the_rows_district_or_province(
    state: str | None, district: str | None, city: str | None, expected: str
) -> None:
    """The capital's province and the region around it have one name in Peru; the place in the row tells which, if it is in one."""
    assert said(state, "PE", district=district, city=city) == expected


def test_the_administrative_tables_are_whole() -> None:
    """346 communes in 16 regions, the municipios of 32 states, those of 33 departments, 26 of Peru; every code is ISO 3166-2."""
    rows = dict(read_list("places.csv"))
    assert {c: sum(code.startswith(c) for code in rows) for c in ("CL", "MX", "CO", "PE")} == {
        "CL": 16,
        "MX": 32,
        "CO": 33,
        "PE": 26,
    }
    assert all(subdivisions.name(code) != code for code in rows)
    assert sum(len(names) for code, names in rows.items() if code.startswith("CL")) >= 346
    assert sum(len(names) for code, names in rows.items() if code.startswith("MX")) >= 2475
    assert sum(len(names) for code, names in rows.items() if code.startswith("CO")) >= 1121
    assert len({(code, name) for code, names in rows.items() for name in names if code.startswith("PE")}) >= 1873
    assert all(code in gazetteer.states(code[:2], name) for code, names in rows.items() for name in names)


def test_every_alias_leads_to_its_state() -> None:
    """No line of the list of aliases is dead, and only names with two meanings are shared."""
    shared = set()
    for code, names in read_list("state_aliases.csv"):
        for name in names:
            found = subdivisions.find(code[:2], name)
            if code not in found and found != {subdivisions.parent(code)}:
                inner = {subdivisions.parent(c) for c in found}
                assert code in inner, (code, name, found)
            if len(found) > 1:
                shared.add(name)
    assert shared == {"México", "Lima", "15", "CL", "CM", "SL"}  # the letters of the CURP and of the post differ


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.none() | st.sampled_from(["RM", "Jalisco", "5", "Valle", "x", " ", "5000", "MX-JAL"]) | st.text(max_size=8),
                          st.sampled_from([None, "CL", "MX", "CO", "DE", "XX"]),
                          st.none() | st.sampled_from(["Cali", "Armenia", "Ñuñoa", "x"])), max_size=8))  # fmt: skip
def test_any_text_gets_a_verdict(rows: list[tuple[str | None, str | None, str | None]]) -> None:
    """A row's verdict does not depend on its neighbours, nulls among them; a value has no error."""
    judged = read([r[0] for r in rows], [r[1] for r in rows], city=[r[2] for r in rows])
    for at, (text, country, city) in enumerate(rows):
        alone = read([text], [country], city=[city])
        assert (judged.value[at], judged.code[at]) == (alone.value[0], alone.code[0])
        assert judged.value[at] is None or judged.code[at] is None


def test_the_table_of_spellings() -> None:
    """Every spelling of the table leads to its state; those that the table itself calls ambiguous are asked."""
    if not ORACLE.exists():
        pytest.skip("the table of spellings is not here")
    table = json.loads(ORACLE.read_text(encoding="utf-8"))
    for country, listed in table["countries"].items():
        for state in listed["states"]:
            for text in {state["name"], state["iso"], *state["variants"]}:
                expected = "state.ambiguous" if (country, text) in ASKED else state["iso"]
                assert said(text, country) == expected, text
    verdicts = {"ambiguous": ("state.ambiguous", "state.no_country"), "ask": ("state.unknown",), "empty": (None,)}
    verdicts["invalid"] = ("state.unknown", "state.no_country", "state.not_in_country")
    for row in table["tricky"]:
        country = row["context"] if len(row["context"]) == 2 else None
        assert said(row["input"], country) in verdicts.get(row["expected"], (row["expected"],)), row
