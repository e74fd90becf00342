"""Shared wire cores: no adapters, and not discovered as such."""
