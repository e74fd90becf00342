"""Fetch and decode: yields GridField or Observation, or hands on the Payload itself."""

import ctypes

import findlibs

# ecCodes' wheel loads its own libproj, libldap, libcurl … for everyone to see (RTLD_GLOBAL). pyproj, pyogrio or psycopg then bind to the wrong
# ones, and the process dies when it ends. Loaded for itself alone, every library keeps its own. See docs/decisions/0002.
findlibs._load_globally = ctypes.CDLL
