"""What crossed changes left: digits kept by nobody, and tags that hold what is gone."""
# ruff: noqa: E501, RUF012

from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("latchwork", "0002_phones_that_an_admin_took_off")]

    operations = [
        ops.RunSQL(
            [
                "DELETE FROM held_digits WHERE entry_id IN (SELECT lock_entries.id FROM lock_entries JOIN locks ON locks.id = lock_entries.lock_id WHERE locks.deleted_at IS NOT NULL)",
                "DELETE FROM pin_reservations WHERE retired_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM held_digits WHERE held_digits.reservation_id = pin_reservations.id)",
                "DELETE FROM tagged_locks WHERE lock_id IN (SELECT id FROM locks WHERE deleted_at IS NOT NULL)",
                "DELETE FROM tagged_members WHERE member_id IN (SELECT id FROM members WHERE removed_at IS NOT NULL)",
            ]
        ),
    ]
