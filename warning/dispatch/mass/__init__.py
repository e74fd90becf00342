"""The mass lane: an alert's residents in batches of about a thousand that carry their outcomes as columns."""
