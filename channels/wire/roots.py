"""Roots: the certificates that a process believes when it calls out over HTTP, read once, for reading them takes longer than the rest of a client."""

import os
import ssl
from functools import cache

import httpx


def roots() -> ssl.SSLContext:
    """Those of httpx, or what SSL_CERT_FILE or SSL_CERT_DIR names; shared by every client of HTTP in this process, so nobody may change it."""
    return _read(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@cache
def _read(file: str | None, folder: str | None) -> ssl.SSLContext:  # noqa: ARG001  # httpx reads both from the environment itself
    return httpx.create_ssl_context()
