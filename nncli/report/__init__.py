"""Pictures of runs. Everything but this file needs matplotlib (extra `plots`): call `require_matplotlib` first."""

from __future__ import annotations

from nncli.errors import UsageError


def require_matplotlib() -> None:
    """Raises UsageError where matplotlib is not installed."""
    try:
        import matplotlib
    except ModuleNotFoundError as err:
        raise UsageError("pictures need matplotlib: pip install 'nncli[plots]'") from err
    from matplotlib import font_manager

    if not font_manager.fontManager.ttflist:  # its list was made where no file could be opened
        for path in font_manager.findSystemFonts([f"{matplotlib.get_data_path()}/fonts/ttf"]):
            font_manager.fontManager.addfont(path)
