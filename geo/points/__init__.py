"""A point index: who stands inside a polygon, exactly, among tens of millions; see docs/reach.md."""
