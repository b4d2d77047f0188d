"""SmartPINs: ten digits that open a lock without a network, format version 1.

A SmartPIN is the FF1 encryption, under a key that only one lock and its server know, of a number
that says when the code opens. ``docs/smartpin.md`` is the specification; this package is its
reference. It needs the standard library and ``cryptography``, reads no clock, keeps no state worth
saving, and imports nothing of the program around it.

On the server::

    effective = fit(start, end, now=now, lock_time=lock_time)
    reading = choose_variant(codec, effective.window, used, now=now, lock_time=lock_time)
    code = codec.encode(reading)

At the lock::

    opens = bool(codec.open_readings(code, now, lock_time))

``smartpin.bulk`` does the same for arrays; it needs numpy and is imported by its own name.
"""

from smartpin.codec import Codec, display, parse
from smartpin.errors import (
    LIMITS,
    InvalidWindow,
    Limits,
    MalformedCode,
    NoFreeWindow,
    SmartPinError,
    Span,
    WindowFault,
)
from smartpin.ff1 import FF1
from smartpin.issue import choose_variant, nearest_free
from smartpin.locktime import LockTime, fixed_offset, survives_activation
from smartpin.request import EffectiveWindow, fit, may_start
from smartpin.windows import Daily, Hourly, Reading, Window, reading_at

__all__ = [
    "FF1",
    "LIMITS",
    "Codec",
    "Daily",
    "EffectiveWindow",
    "Hourly",
    "InvalidWindow",
    "Limits",
    "LockTime",
    "MalformedCode",
    "NoFreeWindow",
    "Reading",
    "SmartPinError",
    "Span",
    "Window",
    "WindowFault",
    "choose_variant",
    "display",
    "fit",
    "fixed_offset",
    "may_start",
    "nearest_free",
    "parse",
    "reading_at",
    "survives_activation",
]
