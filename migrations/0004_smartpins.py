"""Smartpins."""
# ruff: noqa: E501, RUF012

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('latchwork', '0003_access_rules')]

    initial = False

    operations = [
        ops.CreateModel(
            name='SmartPin',
            fields=[
                ('id', fields.UUIDField(primary_key=True)),
                ('site', fields.ForeignKeyField('latchwork.Site', source_field='site_id', to_field='id', on_delete=OnDelete.RESTRICT)),
                ('lock', fields.ForeignKeyField('latchwork.Lock', source_field='lock_id', to_field='id', on_delete=OnDelete.CASCADE)),
                ('incarnation', fields.CharField(max_length=32)),
                ('epoch', fields.BigIntField()),
                ('code_index', fields.BigIntField()),
                ('entry_name', fields.CharField(max_length=64)),
                ('guest_name', fields.CharField(max_length=100)),
                ('opens_at', fields.DatetimeField()),
                ('closes_at', fields.DatetimeField()),
                ('created_at', fields.DatetimeField()),
                ('blocked_at', fields.DatetimeField(null=True)),
                ('blocked_at_door', fields.DatetimeField(null=True)),
                ('dead_at', fields.DatetimeField(null=True)),
                ('first_used_at', fields.DatetimeField(null=True)),
                ('short_pin_set_at', fields.DatetimeField(null=True)),
            ],
            options={'table': 'smart_pins', 'app': 'latchwork', 'unique_together': (('lock', 'incarnation', 'epoch', 'code_index'), ('lock', 'entry_name')), 'indexes': [Index(fields=['site', 'id']), Index(fields=['lock', 'closes_at']), Index(fields=['site', 'closes_at'])], 'pk_attr': 'id'},
        ),
        ops.AddField(
            model_name='LockEvent',
            name='smart_pin_id',
            field=fields.UUIDField(null=True),
        ),
        ops.AddField(
            model_name='Site',
            name='smart_pin_activation',
            field=fields.BooleanField(db_default=False),
        ),
    ]
