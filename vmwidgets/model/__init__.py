"""The machine: a deterministic model in NumPy and the standard library, without input, output or clock."""
