"""Colours of the slots, in Python: charts and still pictures use the same as the live ones (front/palette.js)."""

COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#999933", "#8b6bc9")
"""After Okabe and Ito (Color Universal Design, 2008) and Tol (SRON, 2021): safe for colour-blind eyes."""
INKS = ("#ffffff", *("#000000",) * 7)
"""Colour of the number on a slot's colour."""
