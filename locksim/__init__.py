"""The lock simulator: locks that behave like hardware, as clients of the API and as a test bench.

`firmware` is a lock without I/O, `device` gives it a socket, `fleet` runs many. A lock imports what
it shares with the server (`domain.access`, `domain.link`, `domain.security`, `smartpin`) and no
more, so that nothing works here that a real lock could not do.
"""
