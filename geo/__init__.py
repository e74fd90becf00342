"""Maths on grids and polygons: pure; no network, no clock, no database."""
