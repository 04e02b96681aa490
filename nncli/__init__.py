"""Dense neural networks in pure NumPy, trained from one YAML file."""

__version__ = "0.1.0"
