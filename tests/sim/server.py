"""`python -m tests.sim.server`: a server process as in production, but for what makes crossings cheap and faults visible.

PINs are hashed cheaply. Slow polls are so slow that nothing is ever repaired by them: whoever is not woken waits, and is
found. The first argument puts its clock wrong by so many seconds, a second one names a fault to be planted in it.
"""

import sys
from dataclasses import replace
from datetime import datetime, timedelta

from api.app import create_app, keyring, new_installation
from api.observability import configure_logging
from api.starting import run_server, settings
from domain.bus import memory
from domain.clock import system_clock
from domain.security.passwords import PasswordHasher
from tests.serving import CHEAP
from tests.sim.planted_faults import plant

NEVER_SECONDS = 3600.0


def main() -> None:
    """Serves until it is ended."""
    chosen = settings()
    configure_logging(json=True)
    memory.SLOW_POLL_SECONDS = memory.Bus.rest_seconds = NEVER_SECONDS
    seconds, *faults = sys.argv[1:]
    offset = timedelta(seconds=float(seconds))
    for fault in faults:
        plant(fault)

    def clock() -> datetime:
        return system_clock() + offset

    keys = keyring(chosen, fresh=True)
    installation = replace(
        new_installation(chosen, keys, passwords=PasswordHasher(CHEAP)), pin_profile=CHEAP
    )
    run_server(create_app(chosen, installation, clock=clock), chosen)


if __name__ == "__main__":
    main()
