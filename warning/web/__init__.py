"""The faces: API, public page, console."""
