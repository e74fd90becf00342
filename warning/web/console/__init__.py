"""The console: one file per page, mounted at /console."""

from warning.web.console.mount import mount

__all__ = ["mount"]
