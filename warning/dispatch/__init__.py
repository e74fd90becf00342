"""From an Alert to Deliveries with Receipts."""
