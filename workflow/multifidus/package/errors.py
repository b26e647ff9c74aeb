"""User errors of the package room."""

from __future__ import annotations

from multifidus.base.errors import MultifidusError

__all__ = ["PackageError"]


class PackageError(MultifidusError):
    """An output or the manifest is not as it must be (``PKG-``)."""
