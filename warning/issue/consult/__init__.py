"""Consultation: what is said of a proposal before it is signed, and the review of what went out with one signature."""
