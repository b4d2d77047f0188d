"""The lock simulator: locks that behave like hardware, as clients of the API and as a test bench.

`firmware` is a lock without I/O: its `keypad` decides what a key press does, its `server_link` what
a message does, on the `core` that both share. `simulated_lock` gives it power, a clock and a socket;
`fleet` runs many. A lock imports what it shares with the server (`domain.access`, `domain.link`,
`domain.security`, `smartpin`) and no more, so that nothing works here that a real lock could not do.
"""
