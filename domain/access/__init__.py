"""Who may open, and when: one code for the server and for the lock.

Everything here is pure: time comes in as an argument, nothing is read or written. Whatever cannot be
decided is denied, and a schedule that cannot be meant is refused when it is made.
"""
