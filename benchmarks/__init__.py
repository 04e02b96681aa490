"""How fast, how small: `python -m benchmarks` measures nncli against its peers and prints one table."""
