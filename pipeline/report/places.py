"""Turn a problem into the source columns where its cells are, so that they can be marked."""

from __future__ import annotations

from pipeline.report.facts import Facts


class Places:
    """Where the cells of a problem are; indexes count the source's columns from 0."""

    def __init__(self, facts: Facts) -> None:
        """Read the mapping once."""
        self._by_field: dict[str, tuple[int, ...]] = {}
        for choice in facts.mapping.choices:
            if choice.field is not None:
                self._by_field[choice.field] = (*self._by_field.get(choice.field, ()), choice.index)
        self._by_field.update({name: tuple(parts) for name, parts in facts.mapping.parts.items()})
        self._by_header: dict[str, tuple[int, ...]] = {}
        for index, header in enumerate(facts.headers):
            self._by_header[header] = (*self._by_header.get(header, ()), index)
        self._width = len(facts.headers)

    def columns(self, field: str | None, column: str | None) -> list[int]:
        """The columns of a problem: those that feed its field, else those of that header."""
        named = self._by_header.get(column or "", ()) if column else ()
        fed = self._by_field.get(field or "", ())
        return [index for index in (fed or named) if index < self._width]
