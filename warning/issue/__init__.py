"""From a Proposal to a signed, immutable Alert."""
