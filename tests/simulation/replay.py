"""Turn a target's name and a seed into the whole story of that history: `python tests/simulation/replay.py piriod 4711`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]


def main(name: str, seed: int) -> int:
    """Print the rows, the server's manners, every step, what is there at the end, and the laws that broke."""
    from simulation.simulated_laws import broken_laws
    from simulation.simulated_world import history, world

    begun = world(seed, name)
    print(
        f"{begun.server.manners}\nfaults {begun.faults}, deaths {begun.deaths}, stops {begun.stops}, refused {begun.refused}"
    )
    print(f"refuses rows {sorted(begun.server.refuses)}, strangers {begun.server.strangers}")
    for row in begun.rows:
        print(f"row {row.seq}: {row.action} {row.identity} after {row.after} lane {row.lane} {row.payload}")
    made = history(seed, name)
    print(*made.trace, sep="\n")
    print(*(json.dumps(customer) for customer in made.server.customers), sep="\n")
    broken = broken_laws(made)
    print("\n".join(f"BROKEN: {law}" for law in broken) or "every law holds")
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
