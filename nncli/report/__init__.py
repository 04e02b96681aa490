"""Pictures of runs. Everything but this file needs matplotlib (extra `plots`): call `require_matplotlib` first."""

from __future__ import annotations

from nncli.errors import UsageError


def require_matplotlib() -> None:
    """Raises UsageError where matplotlib is not installed."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as err:
        raise UsageError("pictures need matplotlib: pip install 'nncli[plots]'") from err
