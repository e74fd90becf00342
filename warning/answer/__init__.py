"""A human acknowledged, by a deadline, or the next person is called."""
