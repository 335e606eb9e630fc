"""How this SDK does beside its peers: `python -m benchmarks`, or all of it with `nox -s bench`."""
