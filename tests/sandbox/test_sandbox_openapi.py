"""Both stand-ins answer as the vendors' documents say, errors included: schemathesis holds them against descriptions.

The descriptions beside this file are written from the documents. Half of what is sent fits them, half does not.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from conftest import SECRETS
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from pipeline.sandbox import Running, Settings, serve

HERE = Path(__file__).parent
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
MODEST = settings(
    max_examples=60, deadline=None, derandomize=True, database=None, phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
AUTHORIZATION = {"piriod": f"Token {SECRETS['PIRIOD_API_TOKEN']}", "dayzero": f"Bearer {SECRETS['DAYZERO_API_TOKEN']}"}
WORKSPACE = {"piriod": ("x-simple-workspace", "acc_1"), "dayzero": ("x-business-id", SECRETS["DAYZERO_BUSINESS_ID"])}


def _described(name: str) -> Any:
    schema = schemathesis.openapi.from_path(HERE / f"{name}.openapi.yaml")
    schema.config.generation.update(modes=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
    return schema


piriod, dayzero = _described("piriod"), _described("dayzero")
ANSWERED: Counter[tuple[str, str, int]] = Counter()


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    """One sandbox for all calls."""
    with serve(Settings(duplicate="conflict")) as running:
        yield running
