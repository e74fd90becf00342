"""Fetch and decode: yields GridField or Observation, or hands on the Payload itself."""
