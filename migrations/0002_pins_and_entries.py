"""Pins_and_entries."""
# ruff: noqa: E501, RUF012

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('latchwork', '0001_initial')]

    initial = False

    operations = [
        ops.CreateModel(
            name='LockDelivery',
            fields=[
                ('id', fields.UUIDField(primary_key=True)),
                ('lock', fields.ForeignKeyField('latchwork.Lock', source_field='lock_id', to_field='id', on_delete=OnDelete.CASCADE)),
                ('incarnation', fields.CharField(max_length=32)),
                ('epoch', fields.BigIntField()),
                ('from_revision', fields.BigIntField()),
                ('to_revision', fields.BigIntField()),
                ('snapshot', fields.BooleanField()),
                ('expected_sum', fields.CharField(null=True, max_length=64)),
                ('items', fields.JSONField()),
                ('created_at', fields.DatetimeField()),
                ('settled_at', fields.DatetimeField(null=True)),
            ],
            options={'table': 'lock_deliveries', 'app': 'latchwork', 'indexes': [Index(fields=['lock', 'to_revision'])], 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='Pin',
            fields=[
                ('id', fields.UUIDField(primary_key=True)),
                ('slot_start', fields.CharField(null=True, max_length=15)),
                ('slot_end', fields.CharField(null=True, max_length=15)),
                ('weekdays', fields.SmallIntField()),
                ('site', fields.ForeignKeyField('latchwork.Site', source_field='site_id', to_field='id', on_delete=OnDelete.RESTRICT)),
                ('owner', fields.ForeignKeyField('latchwork.Member', source_field='owner_id', to_field='id', on_delete=OnDelete.RESTRICT)),
                ('kind', fields.CharField(max_length=8)),
                ('status', fields.CharField(max_length=8)),
                ('personal', fields.BooleanField()),
                ('notes', fields.CharField(max_length=500)),
                ('length', fields.SmallIntField()),
                ('verifier_sealed', fields.BinaryField(null=True)),
                ('digits_version', fields.IntField()),
                ('valid_from', fields.DateField(null=True)),
                ('valid_until', fields.DateField(null=True)),
                ('created_at', fields.DatetimeField()),
                ('updated_at', fields.DatetimeField()),
            ],
            options={'table': 'pins', 'app': 'latchwork', 'indexes': [Index(fields=['site', 'id']), Index(fields=['owner'])], 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='LockEntry',
            fields=[
                ('id', fields.UUIDField(primary_key=True)),
                ('lock', fields.ForeignKeyField('latchwork.Lock', source_field='lock_id', to_field='id', on_delete=OnDelete.CASCADE)),
                ('name', fields.CharField(max_length=64)),
                ('kind', fields.CharField(max_length=16)),
                ('pin', fields.ForeignKeyField('latchwork.Pin', source_field='pin_id', null=True, to_field='id', on_delete=OnDelete.CASCADE)),
                ('state', fields.CharField(max_length=8)),
                ('version', fields.IntField()),
                ('revision', fields.BigIntField()),
                ('content', fields.JSONField()),
                ('payload_hash', fields.CharField(max_length=64)),
                ('applied_version', fields.IntField(null=True)),
                ('applied_live', fields.BooleanField()),
                ('pending_since', fields.DatetimeField(null=True)),
            ],
            options={'table': 'lock_entries', 'app': 'latchwork', 'unique_together': (('lock', 'name'),), 'indexes': [Index(fields=['lock', 'revision']), Index(fields=['pin'])], 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='PinLock',
            fields=[
                ('id', fields.UUIDField(primary_key=True)),
                ('pin', fields.ForeignKeyField('latchwork.Pin', source_field='pin_id', to_field='id', on_delete=OnDelete.CASCADE)),
                ('lock', fields.ForeignKeyField('latchwork.Lock', source_field='lock_id', to_field='id', on_delete=OnDelete.CASCADE)),
            ],
            options={'table': 'pin_locks', 'app': 'latchwork', 'unique_together': (('pin', 'lock'),), 'indexes': [Index(fields=['lock'])], 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='PinLockTag',
            fields=[
                ('id', fields.UUIDField(primary_key=True)),
                ('pin', fields.ForeignKeyField('latchwork.Pin', source_field='pin_id', to_field='id', on_delete=OnDelete.CASCADE)),
                ('tag', fields.ForeignKeyField('latchwork.Tag', source_field='tag_id', to_field='id', on_delete=OnDelete.CASCADE)),
            ],
            options={'table': 'pin_lock_tags', 'app': 'latchwork', 'unique_together': (('pin', 'tag'),), 'indexes': [Index(fields=['tag'])], 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='PinReservation',
            fields=[
                ('id', fields.UUIDField(primary_key=True)),
                ('site', fields.ForeignKeyField('latchwork.Site', source_field='site_id', to_field='id', on_delete=OnDelete.RESTRICT)),
                ('pin', fields.ForeignKeyField('latchwork.Pin', source_field='pin_id', to_field='id', on_delete=OnDelete.CASCADE)),
                ('tag', fields.CharField(max_length=64)),
                ('retired_at', fields.DatetimeField(null=True)),
            ],
            options={'table': 'pin_reservations', 'app': 'latchwork', 'unique_together': (('site', 'tag'),), 'indexes': [Index(fields=['pin'])], 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='HeldDigits',
            fields=[
                ('id', fields.UUIDField(primary_key=True)),
                ('reservation', fields.ForeignKeyField('latchwork.PinReservation', source_field='reservation_id', to_field='id', on_delete=OnDelete.CASCADE)),
                ('entry', fields.ForeignKeyField('latchwork.LockEntry', source_field='entry_id', to_field='id', on_delete=OnDelete.CASCADE)),
                ('until_version', fields.IntField()),
            ],
            options={'table': 'held_digits', 'app': 'latchwork', 'unique_together': (('reservation', 'entry'),), 'indexes': [Index(fields=['entry'])], 'pk_attr': 'id'},
        ),
        ops.AddField(
            model_name='Lock',
            name='card_pairings',
            field=fields.IntField(),
        ),
        ops.AddField(
            model_name='Lock',
            name='card_sealed',
            field=fields.BinaryField(null=True),
        ),
        ops.AddField(
            model_name='Lock',
            name='locked_out_since',
            field=fields.DatetimeField(null=True),
        ),
        ops.AddField(
            model_name='Lock',
            name='snapshot_needed',
            field=fields.BooleanField(),
        ),
        ops.AddField(
            model_name='Lock',
            name='state_unknown',
            field=fields.BooleanField(),
        ),
        ops.AddField(
            model_name='Lock',
            name='wrong_entries',
            field=fields.IntField(),
        ),
        ops.AddField(
            model_name='Site',
            name='lockout_release_minutes',
            field=fields.IntField(null=True),
        ),
    ]
