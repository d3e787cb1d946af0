"""Turn a seed into customer lists as companies keep them: 20 columns, five countries, invented people, known faults.

    python -m tests.benchmarks.lifelike 1000000 customers.csv --faults 0.1 --lang es

Rows come in blocks of 10,000, each from a seed of its own, so that a list of any size is the beginning of a longer
one. About as many rows as `faults` says (0 to 1) have one cell that is wrong or doubtful; the others are right,
written in the ways people write. `_fault` in `rows` names the column and the kind of the fault.
"""

from __future__ import annotations

import argparse
import csv
import random
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

import phonenumbers
from stdnum.br import cnpj
from stdnum.cl import rut
from stdnum.co import nit
from stdnum.mx import rfc

BLOCK = 10_000
HEADERS = {
    "name": ("Nombre", "Name"), "tax_id": ("RUT/RFC/NIT", "Tax ID"), "country": ("País", "Country"),
    "state": ("Región", "State"), "city": ("Ciudad", "City"), "address": ("Dirección", "Address"),
    "zip_code": ("Código postal", "Postal code"), "email": ("Correo", "Email"), "phone": ("Teléfono", "Phone"),
    "website": ("Sitio web", "Website"), "currency": ("Moneda", "Currency"), "reference": ("Código cliente", "Customer ID"),
    "manager": ("Ejecutivo", "Account manager"), "credit_limit_cents": ("Límite de crédito", "Credit limit"),
    "status": ("Estatus", "Status"), "category": ("Categoría", "Category"),
    "default_payment_term_id": ("Plazo de pago", "Payment terms"), "send_invoices": ("Enviar facturas", "Send invoices"),
    "notes": ("Notas", "Notes"), "since": ("Cliente desde", "Customer since"),
}  # fmt: skip

SHARES = {"CL": 35, "MX": 22, "CO": 18, "US": 15, "BR": 10}
COUNTRIES = {
    "CL": ("Chile", "CL", "CHILE", "Chl"), "MX": ("México", "Mexico", "MX", "MEX"), "CO": ("Colombia", "CO", "COL"),
    "US": ("Estados Unidos", "USA", "EE.UU.", "United States", "US"), "BR": ("Brasil", "Brazil", "BR"),
}  # fmt: skip
STATES = {
    "CL": {"RM": ("Metropolitana", "RM", "Región Metropolitana", "Metropolitana de Santiago"), "VS": ("Valparaíso", "V Región", "Valparaiso"),
           "BI": ("Biobío", "Bío-Bío", "VIII Región"), "AN": ("Antofagasta", "II Región"), "LL": ("Los Lagos", "X Región")},
    "MX": {"CMX": ("CDMX", "Ciudad de México", "D.F."), "JAL": ("Jalisco", "Jal."), "NLE": ("Nuevo León", "N.L.", "Nuevo Leon"), "PUE": ("Puebla",)},
    "CO": {"DC": ("Bogotá D.C.", "Bogotá"), "ANT": ("Antioquia",), "VAC": ("Valle del Cauca", "Valle"), "ATL": ("Atlántico", "Atlantico")},
    "US": {"CA": ("California", "CA"), "TX": ("Texas", "TX"), "NY": ("New York", "NY", "Nueva York"), "FL": ("Florida", "FL")},
    "BR": {"SP": ("São Paulo", "SP", "Sao Paulo"), "RJ": ("Rio de Janeiro", "RJ"), "MG": ("Minas Gerais", "MG"), "PR": ("Paraná", "PR")},
}  # fmt: skip
CITIES = {"CL": ("Santiago", "Ñuñoa", "Viña del Mar", "Concepción"), "MX": ("Guadalajara", "Monterrey", "Puebla"),
          "CO": ("Bogotá", "Medellín", "Cali"), "US": ("Austin", "Miami", "Albany"), "BR": ("São Paulo", "Curitiba")}  # fmt: skip
CURRENCIES = {"CL": ("CLP", "$", "Peso chileno"), "MX": ("MXN", "Pesos mexicanos", "$"), "CO": ("COP", "Pesos colombianos"),
              "US": ("USD", "US$", "Dollar"), "BR": ("BRL", "R$", "Real")}  # fmt: skip
STREETS = (
    "Av. Providencia",
    "Calle Los Aromos",
    "Av. Siempre Viva",
    "Carrera 7",
    "Rua das Flores",
    "Camino Real",
    "Ohio Street",
    "Pasaje Ñandú",
)
FIRST = ("Ana", "José", "María", "Luis", "Zoë", "João", "Iñaki", "Sofía", "Peter", "Renata", "Óscar", "Julia")
LAST = ("Soto", "Pérez", "Núñez", "García", "da Silva", "Muñoz", "Miller", "Gómez", "Ibáñez", "Castro")
FIRMS = ("Comercial", "Transportes", "Servicios", "Importadora", "Northwind", "Padaria", "Constructora", "Farmacia")
FORMS = {
    "CL": ("SpA", "Ltda.", "S.A."),
    "MX": ("S.A. de C.V.", "S. de R.L."),
    "CO": ("S.A.S.", "Ltda."),
    "US": ("LLC", "Inc."),
    "BR": ("Ltda.", "S/A"),
}
STATUSES = ("activo", "Activo", "active", "ativo", "inactivo", "bloqueado", "Vigente")
TERMS = ("Net 30", "Net 60", "Contado", "30 días", "Net 15")
CATEGORIES = ("Retail", "Minería", "Servicios", "Agrícola", "Educación", "Salud")
NOTES = (
    "Prefiere facturas en inglés",
    "Cobrar a fin de mes, sin recargo",
    'Pidió "urgente"',
    "Llamar antes;\nno enviar sobres",
    "VIP",
)

Row = dict[str, str]


@lru_cache(maxsize=1)
def _phone_heads() -> dict[str, list[str]]:
    """Beginnings of valid national numbers of each country, four digits short of whole ones."""
    dice, found = random.Random(5), {}
    kinds = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE)
    for country in SHARES:
        heads: set[str] = set()
        while len(heads) < 60:
            number = str(phonenumbers.example_number_for_type(country, dice.choice(kinds)).national_number)
            kept = dice.randrange(1, 4)
            head = number[:kept] + "".join(dice.choice("0123456789") for _ in number[kept:-4])
            if all(phonenumbers.is_valid_number(phonenumbers.parse(head + tail, country)) for tail in ("1234", "9870")):
                heads.add(head)
        found[country] = sorted(heads)
    return found


def _phone(dice: random.Random, country: str) -> str:
    number = f"{dice.choice(_phone_heads()[country])}{dice.randrange(10_000):04}"
    code = phonenumbers.country_code_for_region(country)
    cut = len(number) - 4
    spaced = f"{number[: cut // 2]} {number[cut // 2 : cut]} {number[cut:]}"
    return dice.choice(
        (f"+{code}{number}", f"+{code} {spaced}", number, spaced, f"({number[:2]}) {number[2:]}", f"{code}{number}")
    )


def _tax_id(dice: random.Random, country: str) -> str:
    if country == "CL":
        number = str(dice.randrange(5_000_000, 99_000_000))
        check = rut.calc_check_digit(number)
        return dice.choice(
            (f"{number}-{check}", rut.format(number + check), number + check, f"{number}-{check.lower()}")
        )
    if country == "MX":
        letters = "".join(dice.choice("ABCDEFGHJLMNPRSTUV") for _ in range(dice.choice((3, 4))))
        body = f"{letters}{dice.randrange(100):02}{dice.randrange(1, 13):02}{dice.randrange(1, 29):02}"
        body += dice.choice("123456789ABC") + dice.choice("123456789ABC")
        whole = body + rfc.calc_check_digit(body)
        return dice.choice((whole, whole.lower(), f"{body[:-8]}-{body[-8:-2]}-{whole[-3:]}"))
    if country == "CO":
        number = str(dice.randrange(800_000_000, 901_900_000))
        check = nit.calc_check_digit(number)
        return dice.choice((f"{number}-{check}", number + check, f"{number[:3]}.{number[3:6]}.{number[6:]}-{check}"))
    if country == "BR":
        number = f"{dice.randrange(10**8):08}0001"
        return dice.choice((str, cnpj.format))(number + cnpj.calc_check_digits(number))
    return f"{dice.choice((12, 20, 26, 45, 47, 81, 91))}-{dice.randrange(10**7):07}"


def _right(dice: random.Random, number: int, country: str, decimal: str) -> Row:
    """A row without a fault."""
    first, last = dice.choice(FIRST), dice.choice(LAST)
    company = dice.random() < 0.6
    name = (
        f"{dice.choice(FIRMS)} {last} {number} {dice.choice(FORMS[country])}" if company else f"{first} {last} {number}"
    )
    host = f"{dice.choice(FIRMS).lower()}{dice.randrange(40_000)}.{dice.choice(('cl', 'com', 'com.mx', 'com.co', 'com.br', 'example'))}"
    units = dice.randrange(1, 90) * 10 ** dice.randrange(3, 7)
    group = "." if decimal == "," else ","
    amount = dice.choice(
        (f"{units:,}".replace(",", group) + f"{decimal}{dice.randrange(100):02}", f"{units}{decimal}50", f"{units}")
    )
    return {
        "name": name,
        "tax_id": _tax_id(dice, country) if dice.random() < 0.95 else "",
        "country": dice.choice(COUNTRIES[country]),
        "state": dice.choice(STATES[country][dice.choice(sorted(STATES[country]))]),
        "city": dice.choice(CITIES[country]),
        "address": f"{dice.choice(STREETS)} {dice.randrange(1, 9999)}",
        "zip_code": f"{dice.randrange(10**7 if country == 'CL' else 10**5):0{7 if country == 'CL' else 5}}",
        "email": f"{dice.choice(('pagos', 'facturas', first.lower().translate(_PLAIN), 'ap'))}{number}@{host}",
        "phone": _phone(dice, country) if dice.random() < 0.9 else "",
        "website": dice.choice(("", f"www.{host}", f"https://{host}/", host)),
        "currency": dice.choice(CURRENCIES[country]),
        "reference": f"{number:07}",
        "manager": f"{dice.choice(FIRST)} {dice.choice(LAST)}",
        "credit_limit_cents": amount if dice.random() < 0.7 else "",
        "status": dice.choice(STATUSES),
        "category": dice.choice(CATEGORIES),
        "default_payment_term_id": dice.choice(TERMS),
        "send_invoices": dice.choice(("sí", "no", "Sí", "yes", "1", "")),
        "notes": dice.choice(NOTES) if dice.random() < 0.4 else "",
        "since": f"{dice.randrange(2015, 2026)}-{dice.randrange(1, 13):02}-{dice.randrange(1, 29):02}",
    }  # fmt: skip


_PLAIN = str.maketrans("áéíóúñãëÁÉÍÓÚ", "aeiounaeAEIOU")


def _other_digit(text: str, dice: random.Random) -> str:
    """`text` with its last digit changed."""
    at = max((i for i, c in enumerate(text) if c.isdigit()), default=-1)
    return text if at < 0 else text[:at] + str((int(text[at]) + dice.randrange(1, 9)) % 10) + text[at + 1 :]


FAULTS: dict[str, dict[str, Callable[[str, random.Random], str]]] = {
    "name": {"blank": lambda t, d: "", "mojibake": lambda t, d: "JosÃ© " + t, "long": lambda t, d: t + " y Compañía Limitada" * 8},
    "tax_id": {"digit": _other_digit, "short": lambda t, d: t[:-3], "words": lambda t, d: "en trámite"},
    "country": {"typo": lambda t, d: "Chlie" if t[0].upper() == "C" else "Mexcio", "city": lambda t, d: "Atlántida"},
    "state": {"typo": lambda t, d: "Jalsico", "abroad": lambda t, d: "Ontario", "blank": lambda t, d: ""},
    "address": {"blank": lambda t, d: "", "long": lambda t, d: t + ", oficina 1204, torre norte, edificio Los Presidentes, piso 12"},
    "email": {"no at": lambda t, d: t.replace("@", ""), "space": lambda t, d: t.replace("@", " @"), "dot": lambda t, d: t + ".",
              "two": lambda t, d: f"{t}; otro{d.randrange(10**6)}@empresa.cl", "typo": lambda t, d: t.partition("@")[0] + "@gmial.com",
              "cut": lambda t, d: t.partition("@")[0] + "@", "comma": lambda t, d: ",".join(t.rsplit(".", 1)), "dots": lambda t, d: t.replace("@", "..@"),
              "accent": lambda t, d: "ñ" + t},
    "phone": {"short": lambda t, d: t[:-3], "long": lambda t, d: t + "12", "words": lambda t, d: "no tiene fijo", "letters": lambda t, d: t + " casa",
              "two": lambda t, d: f"{t} / {t[:-4]}{d.randrange(10**4):04}", "odd": lambda t, d: "+56 1" + "".join(d.choice("0123456789") for _ in range(8))},
    "website": {"handle": lambda t, d: f"@tienda{d.randrange(10**4)}", "mail": lambda t, d: f"ana{d.randrange(10**4)}@empresa.cl", "words": lambda t, d: "en construcción"},
    "currency": {"sign": lambda t, d: "kr", "word": lambda t, d: "oro"},
    "credit_limit_cents": {"words": lambda t, d: "sin límite", "negative": lambda t, d: f"-{d.randrange(1, 999)}", "precise": lambda t, d: f"0,{d.randrange(1000, 9999)}1"},
    "status": {"word": lambda t, d: "moroso"},
    "default_payment_term_id": {"word": lambda t, d: "quincenal"},
    "send_invoices": {"word": lambda t, d: "quizás"},
}  # fmt: skip
"""What goes wrong in a column: the kind of the fault, and what becomes of a right cell."""


def rows(count: int, seed: int = 1, faults: float = 0.1, decimal: str = ",") -> Iterator[Row]:
    """`count` rows by field name, with `_fault` ("email: space", or ""); `decimal` is the mark of the amounts."""
    countries, weights = list(SHARES), list(SHARES.values())
    for start in range(0, count, BLOCK):
        dice = random.Random(f"{seed}/{start}")
        for number in range(start, min(start + BLOCK, count)):
            row = _right(dice, number, dice.choices(countries, weights)[0], decimal)
            row["_fault"] = ""
            if dice.random() < faults:
                column = dice.choice(list(FAULTS))
                kind = dice.choice(list(FAULTS[column]))
                if row[column]:
                    row[column] = FAULTS[column][kind](row[column], dice)
                    row["_fault"] = f"{column}: {kind}"
            yield row


def write(
    path: Path, count: int, seed: int = 1, faults: float = 0.1, lang: str = "es", columns: list[str] | None = None
) -> None:
    """Write a CSV file; a semicolon separates the cells of a Spanish one, a comma those of an English one."""
    chosen = columns or list(HEADERS)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";" if lang == "es" else ",")
        writer.writerow([HEADERS[name][lang == "en"] for name in chosen])
        decimal = "," if lang == "es" else "."
        writer.writerows([row[name] for name in chosen] for row in rows(count, seed, faults, decimal))


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    asked.add_argument("count", type=int)
    asked.add_argument("path", type=Path)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--faults", type=float, default=0.1)
    asked.add_argument("--lang", choices=("es", "en"), default="es")
    given = asked.parse_args()
    write(given.path, given.count, given.seed, given.faults, given.lang)
