"""Sizes in bytes, with the names of IEC 80000-13 (powers of two) and of the SI (powers of ten)."""

KiB = 2**10
MiB = 2**20
GiB = 2**30
GB = 10**9

__all__ = ["GB", "GiB", "KiB", "MiB"]
