"""The desks, the ledgers and the faces of the early-warning corridor."""
