"""An office's own desk: what it asked for, what it would have got, its pauses, its tests, and every attempt to reach it."""
