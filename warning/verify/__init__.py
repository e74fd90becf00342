"""What happened, beside what was promised."""
