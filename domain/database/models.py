"""Which modules hold tables. A module that is missing here has no tables in the database, and no
migrations either.
"""

MODEL_MODULES: list[str] = [
    "domain.sites.tables",
    "domain.people.tables",
    "domain.tags.tables",
    "domain.locks.tables",
    "domain.invitations.tables",
    "domain.access_rules.tables",
    "domain.pins.tables",
    "domain.smartpins.tables",
    "domain.alerts.tables",
    "domain.sync.tables",
    "domain.throttling.tables",
    "domain.audit.tables",
    "domain.mail.tables",
    "domain.recorded_keys.tables",
]
