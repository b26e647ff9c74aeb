"""Carry pip's settings over to uv, which reads none of them.

Hospital networks configure pip: a mirror, a certificate, a proxy. The settings are read from
``pip config list``, which merges pip's files and ``PIP_*`` variables, and become variables of uv.
They travel in the environment and never on a command line, because an index address may hold a
password and command lines can be read by other users.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["parse_pip_config", "refuses_index", "uv_environment"]

# Later sections win: pip lets its environment beat a command's section, and that the global one.
_SECTIONS = ("global", "install", ":env:")
_OFF = frozenset({"", "0", "false", "no", "off", "n", "f"})


def parse_pip_config(listing: str) -> dict[str, str]:
    """Read the output of ``pip config list`` as it holds for ``pip install``.

    Parameters
    ----------
    listing
        Lines such as ``global.index-url='https://mirror.example/simple'``.

    Returns
    -------
    dict
        Setting name (``index-url``) to its value. Sections of other pip commands are left out.
    """
    found: dict[str, dict[str, str]] = {section: {} for section in _SECTIONS}
    for line in listing.splitlines():
        name, separator, literal = line.partition("=")
        section, point, option = name.strip().rpartition(".")
        if not separator or not point or section not in found:
            continue
        try:
            value = ast.literal_eval(literal.strip())
        except (SyntaxError, ValueError):
            continue
        found[section][option] = str(value)
    return {option: value for section in _SECTIONS for option, value in found[section].items()}


def uv_environment(settings: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment in which uv sees what pip would see.

    Parameters
    ----------
    settings
        Output of :func:`parse_pip_config`.
    environment
        The present environment. A variable of uv that is set there already is left as it is.

    Returns
    -------
    dict
        ``environment`` with the variables added.
    """
    words = {name: value.split() for name, value in settings.items()}
    wanted: dict[str, str] = {}
    if "index-url" in words:
        wanted["UV_DEFAULT_INDEX"] = settings["index-url"].strip()
    if "extra-index-url" in words:
        wanted["UV_INDEX"] = " ".join(words["extra-index-url"])
        # pip takes the best of all indexes, uv the first that knows the name; the lock's hashes
        # make pip's habit safe.
        wanted["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    if "find-links" in words:
        wanted["UV_FIND_LINKS"] = ",".join(words["find-links"])
    if "trusted-host" in words:
        wanted["UV_INSECURE_HOST"] = " ".join(words["trusted-host"])
    for option, variables in {
        "cert": ("SSL_CERT_FILE",),
        "client-cert": ("SSL_CLIENT_CERT",),
        "proxy": ("HTTPS_PROXY", "HTTP_PROXY"),
        "timeout": ("UV_HTTP_TIMEOUT",),
        "default-timeout": ("UV_HTTP_TIMEOUT",),
        "keyring-provider": ("UV_KEYRING_PROVIDER",),
    }.items():
        if option in settings:
            wanted |= dict.fromkeys(variables, settings[option].strip())
    # pip trusts the certificates of the system, uv its own list unless told.
    wanted["UV_SYSTEM_CERTS"] = "1"
    return {**wanted, **environment}


def refuses_index(settings: Mapping[str, str]) -> bool:
    """Whether pip is told to use no index at all; uv has an option for it and no variable."""
    return settings.get("no-index", "").strip().lower() not in _OFF
