"""Access_rules."""
# ruff: noqa: E501, RUF012

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import UniqueConstraint

class Migration(migrations.Migration):
    dependencies = [('latchwork', '0002_pins_and_entries')]

    initial = False

    operations = [
        ops.CreateModel(
            name='AccessRule',
            fields=[
                ('id', fields.UUIDField(primary_key=True)),
                ('slot_start', fields.CharField(null=True, max_length=15)),
                ('slot_end', fields.CharField(null=True, max_length=15)),
                ('weekdays', fields.SmallIntField()),
                ('site', fields.ForeignKeyField('latchwork.Site', source_field='site_id', to_field='id', on_delete=OnDelete.RESTRICT)),
                ('member', fields.ForeignKeyField('latchwork.Member', source_field='member_id', null=True, to_field='id', on_delete=OnDelete.CASCADE)),
                ('member_tag', fields.ForeignKeyField('latchwork.Tag', source_field='member_tag_id', null=True, to_field='id', on_delete=OnDelete.CASCADE)),
                ('valid_from', fields.DateField(null=True)),
                ('valid_until', fields.DateField(null=True)),
                ('deleted_at', fields.DatetimeField(null=True)),
                ('created_at', fields.DatetimeField()),
            ],
            options={'table': 'access_rules', 'app': 'latchwork', 'indexes': [Index(fields=['site', 'id']), Index(fields=['member']), Index(fields=['member_tag'])], 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='AccessRuleLock',
            fields=[
                ('id', fields.UUIDField(primary_key=True)),
                ('rule', fields.ForeignKeyField('latchwork.AccessRule', source_field='rule_id', to_field='id', on_delete=OnDelete.CASCADE)),
                ('lock', fields.ForeignKeyField('latchwork.Lock', source_field='lock_id', to_field='id', on_delete=OnDelete.CASCADE)),
            ],
            options={'table': 'access_rule_locks', 'app': 'latchwork', 'unique_together': (('rule', 'lock'),), 'indexes': [Index(fields=['lock'])], 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='AccessRuleLockTag',
            fields=[
                ('id', fields.UUIDField(primary_key=True)),
                ('rule', fields.ForeignKeyField('latchwork.AccessRule', source_field='rule_id', to_field='id', on_delete=OnDelete.CASCADE)),
                ('tag', fields.ForeignKeyField('latchwork.Tag', source_field='tag_id', to_field='id', on_delete=OnDelete.CASCADE)),
            ],
            options={'table': 'access_rule_lock_tags', 'app': 'latchwork', 'unique_together': (('rule', 'tag'),), 'indexes': [Index(fields=['tag'])], 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='Alert',
            fields=[
                ('id', fields.UUIDField(primary_key=True)),
                ('site', fields.ForeignKeyField('latchwork.Site', source_field='site_id', to_field='id', on_delete=OnDelete.RESTRICT)),
                ('kind', fields.CharField(max_length=32)),
                ('actor_kind', fields.CharField(max_length=16)),
                ('actor_id', fields.UUIDField(null=True)),
                ('member_id', fields.UUIDField(null=True)),
                ('at', fields.DatetimeField()),
            ],
            options={'table': 'alerts', 'app': 'latchwork', 'indexes': [Index(fields=['site', 'id'])], 'pk_attr': 'id'},
        ),
        ops.AddField(
            model_name='Pin',
            name='blocked_by_admin',
            field=fields.BooleanField(db_default=False),
        ),
        ops.AddConstraint(
            model_name='Pin',
            constraint=UniqueConstraint(fields=('owner', 'kind'), name='pins_one_personal_a_kind', condition="personal AND status <> 'REMOVED'"),
        ),
    ]
