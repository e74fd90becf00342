"""Response: what is set in motion when a warning comes into force, by whom, and what of it is done."""
