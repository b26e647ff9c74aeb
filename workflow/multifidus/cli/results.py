"""``multifidus results``: list results and show one with its counts, method and provenance."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from multifidus.base.errors import SetupError
from multifidus.base.user_table import ColumnNames  # noqa: TC001 - typer reads it
from multifidus.results.reading import read_results

if TYPE_CHECKING:
    from multifidus.results.table import Results

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Look results up by their ids.")
_PATH = Annotated[Path, typer.Option("--table", help="The results table of a run, Parquet or CSV.")]
_DEFAULT = Path("results/results.parquet")


def _read(path: Path, columns: list[str] | None) -> Results:
    if not path.is_file():
        raise SetupError("ENV-010", f"There is no {path}: run `make report` first or give --table.")
    return read_results(path, columns)


@app.command("list")
def list_results(
    contains: Annotated[str, typer.Argument(help="Text that the id holds.")] = "",
    table: _PATH = _DEFAULT,
    columns: ColumnNames = None,
) -> None:
    """List results whose id holds a text, with their printed values."""
    results = _read(table, columns)
    wanted = results.frame["result_id"].str.contains(contains, regex=False)
    for result_id in results.frame.loc[wanted, "result_id"]:
        typer.echo(f"{result_id}\t{results.text(result_id)}")


@app.command()
def show(
    result_id: Annotated[str, typer.Argument(help="Id of the result.")],
    table: _PATH = _DEFAULT,
    columns: ColumnNames = None,
) -> None:
    """Show one result: value, counts, method, rule, function, hash of its inputs."""
    results = _read(table, columns)
    row = results.row(result_id)
    grid = Table(show_header=False, box=None)
    grid.add_row("result_id", result_id)
    grid.add_row("printed", results.text(result_id))
    for name, value in row.items():
        grid.add_row(str(name), str(value))
    Console().print(grid)
