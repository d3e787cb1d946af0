"""Turn the installed package that carries the grid (AG Grid Community, MIT) into the path of its script.

Nothing of the package is imported: its one file is served as it is. NiceGUI builds it as an ES module, without any
other part of NiceGUI in it.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from pipeline.errors import Misuse
from pipeline.language import later, say

SCRIPT = ("elements", "aggrid", "dist", "index.js")
REMEDY = later('Install it with: pip install "customer-import[review]"')


def script() -> Path:
    """The grid's script.

    Raises:
        Misuse: the package is not installed, or keeps the script elsewhere.
    """
    spec = find_spec("nicegui")
    if spec is None or spec.origin is None:
        raise Misuse(say("the review page needs the grid of the package nicegui, which is not installed"), say(REMEDY))
    path = Path(spec.origin).parent.joinpath(*SCRIPT)
    if not path.is_file():
        raise Misuse(say("the installed nicegui has no {file}", file="/".join(SCRIPT)), say(REMEDY))
    return path


def missing_component() -> Misuse | None:
    """Why the page cannot be shown, if it cannot."""
    try:
        script()
    except Misuse as error:
        return error
    return None
