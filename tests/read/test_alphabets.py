"""Code pages of Central Europe, Turkey and the Baltic are told by their letters; no western list is ever taken for one."""

from __future__ import annotations

import doctest
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.read import alphabets
from pipeline.read.encoding import detect

CORPUS = Path("/work/shared/corpus/csv")
EASTERN = {
    "Polish": ("cp1250 iso8859-2", "Łukasz Wójcik;Łódź;ul. Piłsudskiego|Stanisław Żak;Kraków;ul. Świętokrzyska|Agnieszka Dąbrowska;Gdańsk;ul. Długa"),
    "Czech": ("cp1250 iso8859-2", "Tomáš Dvořák;Plzeň;Náměstí Míru|Jiří Novák;Praha;Žižkova|Kateřina Černá;Ústí nad Labem;Vaňkova|Luboš Říha;Zlín;Růžová"),
    "Slovak": ("cp1250 iso8859-2", "Ľubomír Kováč;Žilina;Hlavná|Božena Šťastná;Košice;Štúrova|Ján Ďurica;Trenčín;Nádražná|Anna Kôrová;Piešťany;Ľudová"),
    "Hungarian": ("cp1250 iso8859-2", "Nagy Ágnes;Győr;Petőfi utca|Kovács László;Szeged;Rákóczi út|Szűcs Gergő;Pécs;Ady Endre út|Török György;Kecskemét;Dózsa út"),
    "Romanian": ("cp1250", "Ştefan Ionescu;Timişoara;Strada Mihai|Cătălin Bălan;Braşov;Piaţa Sfatului|Ioana Vlădescu;Constanţa;Strada Sârbească"),
    "Croatian": ("cp1250", "Željko Đurić;Šibenik;Ulica kralja|Tomislav Kovačević;Čakovec;Školska|Anđela Marković;Zagreb;Šoltanska|Đurđa Šarić;Vrbovec;Čista"),
    "Turkish": ("cp1254", "Mehmet Yılmaz;İstanbul;Bağdat Caddesi|Ayşe Öztürk;İzmir;Atatürk Bulvarı|Çağrı Şahin;Eskişehir;Kızılay Sokağı"),
    "Lithuanian": ("cp1257", "Jonas Žukauskas;Klaipėda;Šiaulių gatvė|Rūta Žukauskienė;Vilnius;Ąžuolyno gatvė|Gintarė Čepaitė;Panevėžys;Vyšnių gatvė"),
    "Latvian": ("cp1257", "Jānis Bērziņš;Rīga;Brīvības iela|Ilze Kalniņa;Liepāja;Ģertrūdes iela|Pēteris Ozoliņš;Jēkabpils;Čaka iela|Šķēle;Ķekava;Žagatas iela"),
}  # fmt: skip
LINES = (
    "José María Muñoz;Peñalolén;Av. Vitacura Nº 5|Concepción Ibáñez;Córdoba;Güemes 12|Ángel Ñáñez;Málaga;2º piso|João Conceição;São Paulo;Rua Simões"
    "|Luís Guimarães;Florianópolis;Praça da Sé|Zoë Noël;Orléans;Hôtel-Dieu|Hélène Lefèvre;Besançon;où l'été|Françoise Brûlé;Nîmes;Œuvres"
    "|Niccolò Calì;Forlì;Via della Libertà|Pietà Cefalù;L'Aquila;più su|Jürgen Müller;Köln;Königstraße|Søren Kjærgård;København;Ærøvej"
    "|Jørgen Bækgaard;Tromsø;Øvre gate|Måns Öberg;Malmö;Västra vägen|Þór Guðmundsson;Akureyri;Skólavörðustígur|Núria Òdena;València;plaça Gràcia"
    "|Daniël Coördes;Groningen;Eén|Tõnu Mägi;Võru;Jõe|D’Angelo “Sur”;Niño;€ 5 · 3ª"
)  # fmt: skip
WESTERN = LINES.split("|")


def told(tmp: Path, lines: list[str], page: str) -> str:
    path = tmp / "a.csv"
    path.write_bytes("\r\n".join(["Name;City;Street", *lines, ""]).encode(page))
    return detect(path, None, "a.csv").name


@pytest.mark.parametrize(
    ("language", "page"), [(name, page) for name, (pages, _) in EASTERN.items() for page in pages.split()]
)
def test_lists_of_other_regions_keep_their_letters(tmp_path: Path, language: str, page: str) -> None:
    """Every character of the list comes back; the note says that it is a guess, and shows words."""
    lines = EASTERN[language][1].split("|")
    found = told(tmp_path, lines, page)
    text = (tmp_path / "a.csv").read_bytes().decode(found)
    assert text.splitlines()[1:] == lines
    assert "is a guess: it reads" in detect(tmp_path / "a.csv", None, "a.csv").note


@settings(derandomize=True, deadline=None, max_examples=500)
@given(
    lines=st.lists(st.sampled_from(WESTERN), min_size=1, max_size=12),
    page=st.sampled_from(["cp1252", "cp850", "mac-roman"]),
)
def test_no_western_list_is_taken_for_another(lines: list[str], page: str) -> None:
    """Whatever customers of the west stand beside each other, on Windows, in an old program or on a Mac."""
    text = "\n".join(lines).encode(page, "ignore")
    assert alphabets.page(Counter(text)) is None


@settings(derandomize=True, deadline=None, max_examples=500)
@given(
    words=st.lists(st.sampled_from(" ".join(WESTERN).replace(";", " ").split()), min_size=1, max_size=6),
    times=st.integers(1, 50),
)
def test_no_few_western_words_are_either(words: list[str], times: int) -> None:
    assert alphabets.page(Counter(" ".join(words * times).encode("cp1252"))) is None


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*.csv")) if CORPUS.is_dir() else [], ids=lambda p: p.stem)
def test_no_file_of_the_corpus_is_taken_for_another_region(path: Path) -> None:
    assert detect(path, None, path.name).name not in alphabets.PAGES


def test_a_few_letters_tell_nothing(tmp_path: Path) -> None:
    """One Czech name in a list is no Czech list: what was read before is read still, and it is said."""
    assert told(tmp_path, ["Petr Dvořák;Berlin;Weg 1"] + ["Hans Maier;Bonn;Weg 2"] * 50, "cp1250") == "cp1252"


def test_the_examples_hold() -> None:
    outcome = doctest.testmod(alphabets)
    assert outcome.attempted and not outcome.failed
