"""From submissions to points: read strictly, replayed in a fresh process, told in the reader's language; no widget."""
