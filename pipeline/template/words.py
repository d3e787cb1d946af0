"""Turn a field into what a template says of it, in English and Spanish: header, example, help, limit, choices."""

from __future__ import annotations

from pipeline.schema import Field
from pipeline.template.lists import country_names

MARKS = {"en": "[EXAMPLE] ", "es": "[EJEMPLO] "}
"""How the example begins, in its field `name`."""
WORDS = {
    "en": {
        "sheet": "Customers", "help": "Help", "lists": "Lists", "required": "required", "optional": "optional",
        "column": "Column", "what": "What it is", "must": "Needed", "limit": "Limit", "example": "Example", "characters": "At most {} characters",
        "one_of": "One of: {}", "yes": ("yes", "no"), "not_in_list": "Not in the list", "go_on": "Is it really right? The importer checks it again.",
        "amount": "An amount of money, 0 or more",
        "more": "To send further data: a column {}.KEY for each.", "intro": (
            "One customer per row, from row 3 on. The columns with * are required.",
            "Row 2 is an example: the importer leaves out a row whose name begins with {}.",
            "Columns may be left empty, moved or removed; columns of your own are kept in the result.",
        ),
    },
    "es": {
        "sheet": "Clientes", "help": "Ayuda", "lists": "Listas", "required": "obligatorio", "optional": "opcional",
        "column": "Columna", "what": "Qué es", "must": "Se necesita", "limit": "Límite", "example": "Ejemplo", "characters": "Máximo {} caracteres",
        "one_of": "Uno de: {}", "yes": ("sí", "no"), "not_in_list": "No está en la lista", "go_on": "¿Está seguro? El importador lo revisa de nuevo.",
        "amount": "Un monto, 0 o más",
        "more": "Para enviar otros datos: una columna {}.CLAVE por cada uno.", "intro": (
            "Un cliente por fila, desde la fila 3. Las columnas con * son obligatorias.",
            "La fila 2 es un ejemplo: el importador omite una fila cuyo nombre empieza con {}.",
            "Las columnas pueden quedar vacías, moverse o quitarse; sus propias columnas se conservan en el resultado.",
        ),
    },
}  # fmt: skip
"""What the sheets say besides; read by a person who may not be the one that ran the command."""
UNLIMITED = ("currency", "country", "state", "phone")
"""Kinds that are sent in another form than they are written in: the limit is that form's."""
CHOICES_ES = {"active": "activo", "inactive": "inactivo", "blocked": "bloqueado"}


def header(field: Field, lang: str) -> str:
    """The label, with a star where the field is required."""
    label = field.column.label if lang == "en" else field.column.label_es
    return f"{label} *" if field.required else label


def example(field: Field, lang: str) -> str:
    """A value as a person writes it; the name begins with the mark of the example row."""
    text = field.column.example
    if field.name == "name":
        return MARKS[lang] + text
    if lang == "es":
        if field.choices:
            return CHOICES_ES.get(text, text)
        if field.kind == "flag":
            return WORDS["es"]["yes"][0]
        if field.kind == "cents":
            return text.replace(".", ",")
        if field.kind == "country":
            return country_names("es").get("US" if text == "United States" else "CL", text)
    return text


def comment(field: Field, lang: str) -> str:
    """All that there is to say of a field, in one text."""
    words = WORDS[lang]
    parts = [field.column.help if lang == "en" else field.column.help_es, limit(field, lang)]
    need = words["required" if field.required else "optional"]
    return " ".join(p for p in (*parts, f"({need})", f"{words['example']}: {example(field, lang)}") if p)


def limit(field: Field, lang: str) -> str:
    """Which values there are, or how long one may be; "" where nothing is to be said."""
    words = WORDS[lang]
    if field.choices:
        return str(words["one_of"]).format(", ".join(choices(field, lang))) + "."
    if field.max_length and field.kind not in UNLIMITED:
        return str(words["characters"]).format(field.max_length) + "."
    return ""


def choices(field: Field, lang: str) -> list[str]:
    """The values of a field that has only some."""
    return [CHOICES_ES.get(choice, choice) if lang == "es" else choice for choice in field.choices]
