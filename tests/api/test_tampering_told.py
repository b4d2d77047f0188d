"""A server that signs the ends of chains tells the admins of a chain that is broken, once, and goes on whatever it meets."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from api.app import _sign_checkpoints
from domain.alerts.tables import Alert, AlertKind
from domain.audit.checkpoint_folder import CheckpointFolder
from domain.audit.checkpointing import Checkpoints
from domain.audit.tables import AuditRow
from tests.databases import Database, only_sqlite
from tests.domain.sync.test_event_retention import a_lock
from tests.domain.sync.yard import Yard

NOW = datetime.now(UTC)


@only_sqlite
async def test_a_broken_chain_is_an_alert_of_its_site(database: Database, tmp_path: Path) -> None:
    """One, however often it is looked at; nothing of a broken chain is signed; a folder that cannot be written is no end."""
    yard = await Yard.make(tmp_path)
    await a_lock(yard)
    folder = CheckpointFolder(tmp_path / "kept")
    await AuditRow.filter(chain=yard.site.id, number=1).update(action="deleteSite")
    for minute in range(3):
        now = NOW + timedelta(minutes=minute)
        await _sign_checkpoints(Checkpoints(folder), yard.installation, now)
    (alert,) = await Alert.filter(kind=AlertKind.RECORDS_TAMPERED)
    assert (alert.site_id, alert.cause, alert.ended_at) == (yard.site.id, yard.site.id, None)
    assert list(folder.lines()) == []
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    await AuditRow.filter(chain=yard.site.id, number=1).update(action="createSite")
    await _sign_checkpoints(
        Checkpoints(CheckpointFolder(in_the_way / "below")), yard.installation, NOW
    )
    yard.installation.passwords.close()
