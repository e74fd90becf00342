"""Trust: who is at the other end. Passwords, second factors, sessions, keys for programs, and admin acts by two people."""
