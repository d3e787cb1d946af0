"""Turn the headers of any export into the fields of a target, and its cells into one column for each field.

    headers, sample, request ──decide──▶ Mapping        once for a source
    cells, Mapping ──apply──▶ one text column a field   for every batch

`words` reads a header's text, `vocabulary` its meaning, `presets` the system it comes from, `evidence` its cells, and
`columns` puts these together. `assigned` is what the user said of columns; among the others `choose` picks
(`candidates`, `names`, `address`), and `reasons` says why. `compose` reads a pattern, `joining` joins columns by it
(`cells`). `rows` says which rows are no customers, `missing` what no column feeds; `file` and `saved` read and write a
mapping file. Wrong is worse than absent: a header that only resembles a field feeds nothing, and every column that is
left out has a reason.
"""

from pipeline.mapping.cells import apply
from pipeline.mapping.decide import decide
from pipeline.mapping.file import load_file
from pipeline.mapping.missing import missing_message
from pipeline.mapping.nulls import NULL_WORDS
from pipeline.mapping.presets import presets
from pipeline.mapping.request import HELPERS, MappingFile, MappingRequest
from pipeline.mapping.rows import RowRule, left_out, row_rules
from pipeline.mapping.saved import write_file

__all__ = [
    "HELPERS",
    "NULL_WORDS",
    "MappingFile",
    "MappingRequest",
    "RowRule",
    "apply",
    "decide",
    "left_out",
    "load_file",
    "missing_message",
    "presets",
    "row_rules",
    "write_file",
]
