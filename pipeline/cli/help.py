"""Turn a command's flags into help that is read in groups, and a command's call into the begin of its log."""

from __future__ import annotations

from typing import Any

import click

from pipeline.cli import details, runlog
from pipeline.language import later, say

GROUPS = {
    later("Where to"): ("target", "dry_run", "offline", "use_sandbox", "test_mode", "base_url", "profile", "out", "check"),
    later("Source"): ("sheet", "header_row", "encoding", "delimiter", "preset", "limit"),
    later("Mapping"): ("mapping_file", "assigned", "constants", "defaults", "save"),
    later("Values"): ("decimal", "date_order", "account_country", "business_currency", "states_file"),
    later("Customers that are there already, or twice"): ("on_existing", "match", "duplicates", "blank", "once"),
    later("Stop early, ask"): ("canary", "max_errors", "yes"),
    later("Push"): ("retry", "rate", "concurrency", "max_retries", "timeout", "settle", "bulk", "bulk_rows", "bulk_part"),
    later("Output"): ("output", "raw_csv", "events", "as_json", "lang", "quiet", "verbose",
                     "version", "help"),
}  # fmt: skip
"""Title -> names of parameters, in the order in which they are shown."""
OWN = later("Options")
"""The title of the flags that only this command has; they come first."""


class Command(click.Command):
    """A command whose help has its flags in groups, and whose runs are logged."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the flags, group by group."""
        shown: dict[str, dict[str, tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None and isinstance(parameter, click.Option):
                shown.setdefault(self.group_of(parameter), {})[name_of(parameter)] = record
        for title in (OWN, *GROUPS):
            if records := shown.get(title):
                order = GROUPS.get(title, tuple(records))
                with formatter.section(say(title)):
                    formatter.write_dl([records[name] for name in order if name in records])

    def group_of(self, parameter: click.Parameter) -> str:
        """The title of the group that a flag belongs to; the sandbox's knobs are its own."""
        groups = list(GROUPS)[-1:] if self.name == "sandbox" else GROUPS
        return next((title for title in groups if name_of(parameter) in GROUPS[title]), OWN)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        details.must_fit(quiet=bool(ctx.params.get("quiet")))
        runlog.begin(ctx)
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise click.Abort from None  # click would begin a new line before what is drawn can be taken away


def name_of(parameter: click.Parameter) -> str:
    """The name of a parameter; that of click's own flag is its long form's."""
    return "help" if "--help" in parameter.opts else parameter.name or ""
