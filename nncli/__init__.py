"""Dense neural networks in pure NumPy, trained from one YAML file.

>>> run = nncli.train("configs/mnist.yaml", eta=1.0)    # doctest: +SKIP
>>> run.predict(images)                                 # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nncli.api import Run, load_run, train

__version__ = "0.1.0"
__all__ = ["Run", "__version__", "load_run", "train"]


def __getattr__(name: str) -> Any:
    """The Python API, read when it is asked for: the command line does without."""
    if name in __all__:
        from nncli import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
