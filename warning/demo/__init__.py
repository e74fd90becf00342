"""The drill: Pulasan 2024 replayed, with its own sinks and its scripted people."""
