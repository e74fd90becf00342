"""The OpenAPI-documented API, one file per subject."""
