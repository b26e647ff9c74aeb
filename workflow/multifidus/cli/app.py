"""The command's tree; sub-commands of heavy rooms are imported when they are called."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from multifidus import __version__
from multifidus.base.errors import MultifidusError

__all__ = ["app", "main"]

_Engine = Literal["auto", "quarto", "embedded"]
_ROOMS = MappingProxyType(
    {
        "literature": "multifidus.literature.cli",
        "logs": "multifidus.cli.logs",
        "results": "multifidus.cli.results",
        "score": "multifidus.instruments.cli",
        "stats": "multifidus.stats.cli",
    }
)


class LazyGroup(TyperGroup):
    """A group whose rooms are imported only when one of their commands is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of all commands, without importing the rooms."""
        return sorted({*super().list_commands(ctx), *_ROOMS})

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command, importing its room when needed."""
        if cmd_name in _ROOMS:
            room = import_module(_ROOMS[cmd_name])
            command = typer.main.get_command(room.app)
            command.name = cmd_name
            return command
        return super().get_command(ctx, cmd_name)


app = typer.Typer(
    cls=LazyGroup,
    no_args_is_help=True,
    add_completion=False,
    help="Multifidus: from published figures and participant data to the manuscript.",
)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def run(context: typer.Context) -> None:
    """Run the workflow: arguments go to snakemake; ends with the error's own exit code."""
    from multifidus.cli.run import run_workflow

    raise typer.Exit(run_workflow(context.args))


@app.command()
def verify(
    manifest: Annotated[str, typer.Argument(help="Manifest of a run.")] = "results/manifest.json",
    manifest_sha256: Annotated[
        str | None, typer.Option(help="Hash of the manifest, as the run printed it.")
    ] = None,
    inputs: Annotated[
        bool, typer.Option("--inputs", help="Leave out the rendered documents.")
    ] = False,
) -> None:
    """Check every file of a run against its manifest, its ledger and each other."""
    from multifidus.package.verify import verify_command

    raise typer.Exit(verify_command(manifest, sha256=manifest_sha256, inputs_only=inputs))


@app.command()
def summary(
    results: Annotated[str, typer.Argument(help="Results folder of a run.")] = "results",
    seconds: Annotated[float | None, typer.Option(help="Elapsed time to print.")] = None,
) -> None:
    """Print the documents, the scorecard's verdicts and the elapsed time of a run."""
    from multifidus.package.summary import summary_command

    raise typer.Exit(summary_command(results, seconds))


@app.command()
def preview(
    document: Annotated[str | None, typer.Argument(help="Name of the document.")] = None,
    results: Annotated[Path, typer.Option(help="Results folder of a run.")] = Path("results"),
    engine: Annotated[_Engine, typer.Option(help="Which renderer.")] = "auto",
    port: Annotated[int, typer.Option(help="Port on this machine.")] = 4848,
    browser: Annotated[bool, typer.Option(help="Open the page in the browser.")] = True,
) -> None:
    """Show a document of a run live: the page follows each change of the sources."""
    from multifidus.report.preview import preview_document

    raise typer.Exit(preview_document(results, document, engine=engine, port=port, browser=browser))


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


def main() -> None:
    """Run the command; a user error prints one sentence and ends with its exit code."""
    try:
        app()
    except MultifidusError as error:
        print(error, file=sys.stderr)
        raise SystemExit(int(error.exit_code)) from None
