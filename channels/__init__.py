"""Take a finished Message to its address and give back Receipts and Replies."""
