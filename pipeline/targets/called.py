"""Turn the fields that customers have in every billing API into the headers by which people call them."""

from __future__ import annotations

NAME = (
    "nombre", "razon social", "nome", "razao social", "customer name", "company name", "legal name", "client",
    "cliente", "customer", "company", "empresa", "nombre o razon social",
)  # fmt: skip
TAX_ID = (
    "rut", "rfc", "nit", "ruc", "cuit", "cnpj", "cpf", "ein", "vat", "vat number", "tax number", "tax id", "taxid",
    "nif", "cif", "rut cliente", "rut empresa", "cnpj cpf",
)  # fmt: skip
ADDRESS = (
    "direccion", "domicilio", "endereco", "street", "street address", "billing address", "calle",
    "direccion comercial", "address line 1",
)  # fmt: skip
COUNTRY = ("pais", "country code", "country region", "nacion", "codigo pais")
EMAIL = ("correo", "correo electronico", "e mail", "mail", "email address", "correo e", "e mail address")
PHONE = (
    "telefono", "fono", "telefone", "phone number", "telephone", "tel", "celular", "mobile", "movil", "telefono fijo",
)  # fmt: skip
WEBSITE = ("web", "sitio web", "pagina web", "site", "url", "website url", "web page")
CURRENCY = ("moneda", "divisa", "moeda", "currency code")
