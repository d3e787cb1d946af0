"""Headers of further systems and of people's own lists: what must feed a field, and what must feed nothing."""

from __future__ import annotations

import pytest
from mapping.mapping_sources import fed, mapped

from pipeline.errors import Misuse

CASES: dict[str, tuple[str, dict[str, str], str]] = {
    "Contasol": (
        "Código|Nombre fiscal|NIF|Domicilio|Población|Cód. Postal|Provincia|Teléfono|E-mail|Banco|Entidad|Oficina|DC|Cuenta|Fecha de alta",
        {"name": "Nombre fiscal", "tax_id": "NIF", "address": "Domicilio+Población", "zip_code": "Cód. Postal", "state": "Provincia"},
        "Banco|Entidad|Oficina|DC|Cuenta|Fecha de alta",
    ),
    "A3": (
        "Cód. Cliente|Razón Social|NIF/CIF|Siglas|Vía|Número|Piso|CP|Municipio|Provincia|País|Tel. 1|Tel. 2|Fax|Email|Cuenta contable|% IRPF",
        {"reference": "Cód. Cliente", "address": "Vía+Número+Piso+Municipio", "zip_code": "CP", "phone": "Tel. 1", "email": "Email"},
        "Siglas|Fax|Cuenta contable|% IRPF",
    ),
    "Siigo": (
        "Tipo identificación|Identificación|Dígito verificación|Código sucursal|Razón social|Nombres del tercero|Apellidos del tercero|Dirección|Clientes|Proveedores",
        {"tax_id": "Identificación", "name": "Razón social+Nombres del tercero+Apellidos del tercero", "address": "Dirección"},
        "Tipo identificación|Clientes|Proveedores|Código sucursal",
    ),
    "Softland": (
        "CodAux|NomAux|RutAux|DirAux|ComAux|CiuAux|PaiAux|FonAux1|EMail",
        {"reference": "CodAux", "name": "NomAux", "tax_id": "RutAux", "address": "DirAux", "phone": "FonAux1", "email": "EMail"},
        "ComAux|CiuAux|PaiAux",
    ),
    "Aspel": (
        "Clave|Nombre|RFC|CURP|Calle|Num. exterior|Num. interior|Entre calle|Y calle|Colonia|Código postal|Población|Municipio|Estado|País|Saldo",
        {"tax_id": "RFC", "address": "Calle+Num. exterior+Num. interior+Colonia+Municipio+Población", "state": "Estado"},
        "CURP|Entre calle|Y calle|Saldo|Clave",
    ),
    "Bling": (
        "ID|Código|Nome|Fantasia|Endereço|Número|Complemento|Bairro|CEP|Cidade|UF|Fone|Fax|Celular|E-mail|CNPJ / CPF|IE / RG|Situação",
        {"name": "Nome", "tax_id": "CNPJ / CPF", "phone": "Fone", "state": "UF", "address": "Endereço+Número+Complemento+Bairro+Cidade"},
        "IE / RG|Fax|Situação",
    ),
    "Moloni": (
        "Número|Nome|NIF|Morada|Localidade|Código Postal|País|Telefone|Email|Nome de contacto|Email de contacto|Desconto",
        {"name": "Nome", "address": "Morada+Localidade", "email": "Email"},
        "Número|Nome de contacto|Email de contacto|Desconto",
    ),
    "Mailchimp": (
        "Email Address|First Name|Last Name|Address|Phone Number|MEMBER_RATING|OPTIN_TIME|LATITUDE|CC|REGION|LEID|EUID",
        {"name": "First Name+Last Name", "email": "Email Address"},
        "MEMBER_RATING|LATITUDE|CC|REGION|LEID",
    ),
    "Magento": (
        "email|_website|_store|created_in|firstname|lastname|taxvat|_address_city|_address_company|_address_country_id|_address_firstname|_address_lastname|_address_postcode|_address_region|_address_street|_address_vat_id",
        {"name": "_address_company+firstname+lastname", "tax_id": "taxvat", "address": "_address_street+_address_city", "zip_code": "_address_postcode"},
        "_address_firstname|_address_lastname|_address_vat_id|created_in",
    ),
    "MYOB": (
        "Co./Last Name|First Name|Card ID|Card Status|Addr 1 - Line 1|- Line 2|- City|- State|- Postcode|- Country|- Email|- Contact Name|- Salutation|A.B.N.|Tax Code",
        {"name": "First Name+Co./Last Name", "reference": "Card ID", "address": "Addr 1 - Line 1+- Line 2+- City", "tax_id": "A.B.N."},
        "- Contact Name|- Salutation|Tax Code|Card Status",
    ),
    "Zuora": (
        "Account Name|Account Number|Bill Cycle Day|Bill To Contact First Name|Bill To Contact Address 1|Bill To Contact City|Bill To Contact State|Bill To Contact Country|Bill To Contact Work Email|Sold To Contact Address 1|Sold To Contact Country",
        {"reference": "Account Number", "address": "Bill To Contact Address 1+Bill To Contact City", "country": "Bill To Contact Country"},
        "Sold To Contact Address 1|Sold To Contact Country|Bill Cycle Day",
    ),
    "Lexoffice": (
        "Kundennummer|Firmenname|Anrede|Vorname|Nachname|Straße|Hausnummer|PLZ|Ort|Land|E-Mail|Telefon|Steuernummer|Notiz",
        {"reference": "Kundennummer", "name": "Firmenname+Vorname+Nachname", "address": "Straße+Hausnummer+Ort", "zip_code": "PLZ", "country": "Land"},
        "Anrede",
    ),
    "own list in Chile": (
        "N°|CLIENTE|R.U.T.|DOMICILIO|COMUNA|CIUDAD|REGION|MAIL|FORMA DE PAGO|MONTO MENSUAL|FECHA CONTRATO|ESTADO PAGO",
        {"name": "CLIENTE", "tax_id": "R.U.T.", "address": "DOMICILIO+COMUNA+CIUDAD", "state": "REGION", "email": "MAIL"},
        "N°|MONTO MENSUAL|FECHA CONTRATO|ESTADO PAGO|FORMA DE PAGO",
    ),
    "own list in Peru": (
        "RUC/DNI|Razón Social / Nombres|Dirección fiscal|Departamento|Provincia|Distrito|Ubigeo|Celular|Correo electrónico|Contacto|Tipo doc.",
        {"tax_id": "RUC/DNI", "name": "Razón Social / Nombres", "state": "Departamento", "address": "Dirección fiscal+Distrito+Provincia"},
        "Contacto|Ubigeo|Tipo doc.",
    ),
    "own list in Colombia": (
        "NIT O CC|NOMBRE O RAZON SOCIAL|DIRECCION|MUNICIPIO|DEPARTAMENTO|TELEFONO FIJO|CELULAR|REGIMEN|ASESOR",
        {"tax_id": "NIT O CC", "address": "DIRECCION+MUNICIPIO", "state": "DEPARTAMENTO", "phone": "TELEFONO FIJO"},
        "REGIMEN|CELULAR",
    ),
    "own list in Brazil": (
        "Nome do cliente|CPF/CNPJ|Rua|Nº|Bairro|Município|UF|CEP|Celular / WhatsApp|E-mail|Vencimento|Valor mensal",
        {"address": "Rua+Nº+Bairro+Município", "phone": "Celular / WhatsApp", "zip_code": "CEP"},
        "Vencimento|Valor mensal",
    ),
    "own list in English": (
        "Client|Contact person|E-mail address|Phone no.|Address line 1|Address line 2|Town|County|Postcode|Country|VAT reg no|Monthly fee",
        {"name": "Client", "tax_id": "VAT reg no", "address": "Address line 1+Address line 2+Town", "state": "County"},
        "Contact person|Monthly fee",
    ),
    "own list of a software company": (
        "Account|Plan|MRR|Billing contact|Billing email|Admin email|Company address|VAT #|Country|Trial ends|CSM|Stripe ID",
        {"name": "Account", "email": "Billing email", "tax_id": "VAT #", "country": "Country"},
        "Plan|MRR|Admin email|Trial ends|CSM",
    ),
    "own list in Spain": (
        "Empresa / Cliente|ID Fiscal|Dirección (calle y nº)|Prov.|C.P.|País|Tfno.|Tfno. móvil|e-mail comercial|e-mail facturas|Saldo",
        {"name": "Empresa / Cliente", "address": "Dirección (calle y nº)", "state": "Prov.", "zip_code": "C.P.", "phone": "Tfno.", "email": "e-mail facturas"},
        "e-mail comercial|Saldo|Tfno. móvil",
    ),
}  # fmt: skip


@pytest.mark.parametrize("system", CASES)
def test_a_header_row_is_read_as_its_owner_means_it(system: str) -> None:
    """Without a single cell to look at."""
    row, wanted, nothing = CASES[system]
    found = fed(mapped(row.split("|")))
    assert {name: found.get(name) for name in wanted} == {name: text.split("+") for name, text in wanted.items()}
    used = {header for headers in found.values() for header in headers}
    assert not used & set(nothing.split("|"))


def test_a_tie_between_parts_names_a_flag_that_works() -> None:
    """A first name is no field of the target; the other column is to be left out."""
    with pytest.raises(Misuse, match="first name") as stop:
        mapped(["First Name", "Forename", "Last Name"], [["A", "B", "C"]])
    assert '--map "Forename=-"' in stop.value.remedy
