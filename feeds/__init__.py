"""Fetch and decode: yields GridField or Observation, or hands on the Payload itself."""

# ecCodes' wheel loads its own libproj for everyone to see (RTLD_GLOBAL); pyproj and pyogrio, when loaded after that, take the wrong one and
# the process dies when it ends. Loaded first, each keeps its own. See docs/decisions/0002-eccodes-after-pyproj.md.
import pyogrio  # noqa: F401
import pyproj  # noqa: F401
