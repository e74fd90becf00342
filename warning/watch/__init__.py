"""From data to a Proposal with its Reason and evidence."""
