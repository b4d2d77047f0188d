"""Who may open, and when: one code for the server and for the lock.

Everything here is pure. Time comes in as an argument, nothing is read or written. A mistake that
says yes opens a door; so whatever cannot be decided is denied, and a schedule that cannot be meant
is refused when it is made.
"""
