"""The configuration of one run: the defaults, the files laid over them, and the command line.

Snakemake merges the same layers, but of a key that a file gives twice it keeps the last, and values
on the command line lose their kind. So the layers are read here again, each value with the file,
the line or the option that it comes from.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from multifidus.base.errors import ConfigError
from multifidus.config.base import Fault
from multifidus.config.folders import check_folders
from multifidus.config.load import error_of, load_run, load_study
from multifidus.config.mapping import load_mapping
from multifidus.config.reading import ConfigFile, read_config_file, read_value
from multifidus.config.resources import check_run_fits_study

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from multifidus.config.base import Place
    from multifidus.config.run import RunConfig
    from multifidus.config.study import StudyConfig

__all__ = ["DEFAULTS", "Layers", "layers_of_command", "load_configuration", "read_layers"]

DEFAULTS = Path("config/config.yaml")
"""File of the defaults, relative to the project's folder."""


class Layers:
    """Values of a run with the layer that each comes from.

    Parameters
    ----------
    layers
        The layers, each over the ones before it.
    """

    def __init__(self, layers: Sequence[ConfigFile]) -> None:
        self.layers = layers
        self.values: dict[str, Any] = {}
        for layer in layers:
            if not isinstance(layer.values, dict):
                raise ConfigError(
                    "CFG-004",
                    f"{layer.name}: the file as a whole: it holds no keys with values; write them"
                    " as in config/config.yaml.",
                )
            _lay_over(self.values, layer.values)

    def where(self, place: Place, *others: Place) -> str:
        """Return the file and line, or the option, of the topmost layer that gives a value.

        Of values that do not fit each other the one of the topmost layer is named: it was changed
        last.
        """
        for layer in reversed(self.layers):
            for keys in (place, *others):
                if _holds(layer.values, keys):
                    return layer.where(keys)
        # A key that no layer gives is missing from the section that the topmost one opens.
        return self.where(place[:-1]) if len(place) > 1 else self.layers[-1].name


def _lay_over(values: dict[str, Any], layer: dict[str, Any]) -> None:
    for key, value in layer.items():
        if isinstance(value, dict) and isinstance(values.get(key), dict):
            _lay_over(values[key], value)
        else:
            values[key] = _copied(value)


def _copied(value: Any) -> Any:
    return {key: _copied(item) for key, item in value.items()} if isinstance(value, dict) else value


def _holds(values: Any, place: Sequence[str | int]) -> bool:
    for key in place:
        if isinstance(values, dict) and key in values:
            values = values[str(key)]
        elif isinstance(values, list) and isinstance(key, int) and key < len(values):
            values = values[key]
        else:
            return isinstance(values, list)
    return True


def read_layers(
    files: Iterable[Path | str], options: Iterable[str] = (), *, defaults: Path | None = DEFAULTS
) -> Layers:
    """Read the layers of a run.

    Parameters
    ----------
    files
        Files given with ``--configfile``, in order.
    options
        Values given with ``--config``, ``key=value`` each.
    defaults
        File under all others; None for none.

    Raises
    ------
    ConfigError
        ``CFG-001`` to ``CFG-009`` as :func:`multifidus.config.reading.read_config_file`, with the
        name of the file or option.
    """
    layers = [read_config_file(path) for path in ([defaults] if defaults else [])]
    layers += [ConfigFile(_shown(path), *_content(path)) for path in files]
    given = list(options)
    if given:
        layers.append(_command_line(given))
    return Layers(layers)


def _content(path: Path | str) -> tuple[Any, Any]:
    file = read_config_file(_shown(path))
    return file.values, file.lines


def _shown(path: Path | str) -> str:
    """Return a path as short as it can be named from here; Snakemake makes them absolute."""
    path = Path(path)
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _command_line(options: Iterable[str]) -> ConfigFile:
    values: dict[str, Any] = {}
    for option in options:
        key, equals, text = option.partition("=")
        name = f"--config {key[:60]}"
        if not equals or not key:
            raise ConfigError(
                "CFG-002", f"--config: '{option[:60]}' is no key=value pair: add '='."
            )
        value = read_value(text, name)
        if key in values and not (isinstance(value, dict) and isinstance(values[key], dict)):
            raise ConfigError("CFG-008", f"{name} is given twice: remove one of the two.")
        _lay_over(values, {key: value})
    return ConfigFile("--config", values)


def layers_of_command(arguments: Sequence[str]) -> Layers:
    """Read the configuration files and values that a command line for Snakemake names.

    Snakemake ends with its own words, or a traceback, on a file that it cannot read; so what it is
    about to read is read before.

    Parameters
    ----------
    arguments
        Arguments for Snakemake.

    Returns
    -------
    Layers
        The defaults, the files and the values of the command line; not validated.

    Raises
    ------
    ConfigError
        As :func:`read_layers`.
    """
    given: dict[str, list[str]] = {"--configfile": [], "--config": []}
    names = {"--configfiles": "--configfile", "-C": "--config"}
    option = ""
    for word in arguments:
        if word.startswith("-"):
            name, equals, value = word.partition("=")
            option = names.get(name, name)
            if equals and option in given:
                given[option].append(value)
        elif option in given:
            given[option].append(word)
    defaults = DEFAULTS if DEFAULTS.is_file() else None  # asked for help in any folder
    return read_layers(given["--configfile"], given["--config"], defaults=defaults)


def load_configuration(
    layers: Layers, project: Path = Path(), sources: Path | None = None
) -> tuple[RunConfig, StudyConfig]:
    """Validate a run and its study, together and against the project's folder.

    Parameters
    ----------
    layers
        Layers of the run's configuration.
    project
        The folder that is worked in.
    sources
        The folder of this project, where another workflow uses it; a study is looked for in the
        former first.

    Raises
    ------
    ConfigError
        ``CFG-001`` to ``CFG-009``.
    """
    sources = sources or project
    run = load_run(layers.values, source=layers)
    try:
        check_folders(run, project)
        file = Path("config/studies") / run.study / "study.yaml"
        home = project if (project / file).is_file() else sources
        study = load_study(home / file, sources)
        check_run_fits_study(run, study, project, home)
    except Fault as fault:
        raise error_of(fault, layers) from None
    if run.data.source == "sdtm":
        load_mapping(home / "config/studies" / run.study / "mapping.yaml")
    return run, study
