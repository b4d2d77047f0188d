"""Models as a developer has them, rows in their tables, and the changes that may be made to the models."""

MODELS = """
class Site(Model):
    id = fields.IntField(primary_key=True, generated=False)
    name = fields.CharField(max_length=50)
    class Meta:
        table = "sites"

class Pin(Model):
    id = fields.BigIntField(primary_key=True)
    site = fields.ForeignKeyField("latchwork.Site", related_name="pins", on_delete=fields.RESTRICT)
    parent = fields.ForeignKeyField("latchwork.Pin", null=True, on_delete=fields.SET_NULL)
    tag = fields.IntField()
    code = fields.CharField(max_length=20, unique=True)
    label = fields.CharField(max_length=30, null=True)
    note = fields.CharField(max_length=30, null=True, db_index=True)
    made_at = fields.DatetimeField()
    removed_at = fields.DatetimeField(null=True)
    class Meta:
        table = "pins"
        unique_together = (("site", "tag"),)
        indexes = (("site", "removed_at"), Index(fields=("made_at",), name="pins_by_age"))
        constraints = (
            UniqueConstraint(fields=("site", "label"), name="pins_live_label", condition="removed_at IS NULL"),
            CheckConstraint(name="pins_tag", check="tag >= 0"),
        )

class Door(Model):
    id = fields.IntField(primary_key=True)
    key = fields.OneToOneField("latchwork.Pin", null=True, on_delete=fields.CASCADE)
    class Meta:
        table = "doors"

class Use(Model):
    id = fields.BigIntField(primary_key=True)
    pin = fields.ForeignKeyField("latchwork.Pin", related_name="uses", on_delete=fields.CASCADE)
    class Meta:
        table = "uses"
"""


ROWS = [
    "INSERT INTO sites (id, name) VALUES (1, 'north'), (2, 'south')",
    "INSERT INTO pins (site_id, parent_id, tag, code, label, note, made_at, removed_at) VALUES"
    " (1, NULL, 1, 'c1', 'door', 'it''s', NOW, NULL), (1, 1, 2, 'c2', 'door', NULL, NOW, NOW),"
    " (2, 1, 1, 'c3', NULL, 'n', NOW, NULL), (2, NULL, 2, 'c4', NULL, NULL, NOW, NULL)".replace(
        "NOW", "'2026-01-01 00:00:00+00:00'"
    ),
    "DELETE FROM pins WHERE id = 4",
    "INSERT INTO uses (pin_id) VALUES (1), (1), (2), (3)",
    "INSERT INTO doors (key_id) VALUES (1), (NULL), (NULL)",
]


KEPT = "SELECT id, site_id, parent_id, made_at, removed_at FROM pins ORDER BY id"


USES = "SELECT id, pin_id FROM uses ORDER BY id"


DOOR = MODELS[MODELS.index("class Door") : MODELS.index("class Use")]


NOTE = "    note = fields.CharField(max_length=30, null=True, db_index=True)\n"


AFTER_NOTE = "    made_at ="


CHECK = '            CheckConstraint(name="pins_tag", check="tag >= 0"),\n'


PARTIAL = (
    '            UniqueConstraint(fields=("site", "label"), name="pins_live_label",'
    ' condition="removed_at IS NULL"),\n'
)


SITE = '"latchwork.Site", related_name="pins", on_delete=fields.RESTRICT'


CHANGES: dict[str, list[tuple[str, str]]] = {
    "add a nullable column": [
        (AFTER_NOTE, "    hint = fields.CharField(max_length=9, null=True)\n    made_at =")
    ],
    "add columns with defaults": [
        (
            AFTER_NOTE,
            '    a = fields.CharField(max_length=9, db_default="it\'s;")\n'
            "    b = fields.BigIntField(db_default=7, db_index=True)\n"
            "    c = fields.BooleanField(db_default=True)\n"
            "    d = fields.DatetimeField(db_default=Now())\n    made_at =",
        )
    ],
    "add a unique column and an indexed reference": [
        (
            AFTER_NOTE,
            "    hint = fields.IntField(null=True, unique=True)\n"
            '    home = fields.ForeignKeyField("latchwork.Site", null=True, db_index=True,'
            ' related_name="homes", on_delete=fields.SET_NULL)\n    made_at =',
        )
    ],
    "drop an indexed column": [(NOTE, "")],
    "drop a column of a composite unique": [
        ("    tag = fields.IntField()\n", ""),
        ('        unique_together = (("site", "tag"),)\n', ""),
        (CHECK, ""),
    ],
    "forbid null": [
        (NOTE, NOTE.replace("null=True", 'db_default="none"')),
    ],
    "allow null, give a default, widen": [
        ("    tag = fields.IntField()", "    tag = fields.IntField(null=True, db_default=3)"),
        ("code = fields.CharField(max_length=20", "code = fields.CharField(max_length=40"),
    ],
    "drop a column's index and another's uniqueness": [
        (NOTE, NOTE.replace(", db_index=True", "")),
        ("max_length=20, unique=True", "max_length=20"),
    ],
    "make a column unique instead of indexed": [
        (NOTE, NOTE.replace("db_index=True", "unique=True"))
    ],
    "drop a reference": [
        (
            '    key = fields.OneToOneField("latchwork.Pin", null=True, on_delete=fields.CASCADE)\n',
            "",
        )
    ],
    "rename a column": [
        (NOTE, NOTE.replace("note", "remark")),
    ],
    "rename a column of every constraint": [
        ("    tag = fields", "    number = fields"),
        ('(("site", "tag"),)', '(("site", "number"),)'),
        ('check="tag >= 0"', 'check="number >= 0"'),
    ],
    "drop a check": [(CHECK, "")],
    "change a check": [("tag >= 0", "tag > 0")],
    "rename a check": [('"pins_tag"', '"pins_tag_positive"')],
    "add a check": [
        (CHECK, CHECK + '            CheckConstraint(name="pins_b", check="tag < 99"),\n')
    ],
    "drop a partial unique": [(PARTIAL, "")],
    "change a partial unique": [("removed_at IS NULL", "removed_at IS NULL AND tag > 0")],
    "add every kind of unique": [
        (
            PARTIAL,
            PARTIAL
            + '            UniqueConstraint(fields=("site", "label"), name="pins_dead_label",'
            ' condition="tag > 50"),\n'
            '            UniqueConstraint(fields=("site", "code"), name="pins_site_code"),\n',
        ),
        ('(("site", "tag"),)', '(("site", "tag"), ("code", "site"))'),
    ],
    "drop a composite unique": [('        unique_together = (("site", "tag"),)\n', "")],
    "change indexes": [
        ('(("site", "removed_at"), Index', '(("parent", "site"),'),
        ('(fields=("made_at",), name="pins_by_age")', ""),
    ],
    "change what a deletion does": [(SITE, SITE.replace("RESTRICT", "CASCADE"))],
    "add a table": [
        (
            "class Door(",
            """class Lamp(Model):
    id = fields.UUIDField(primary_key=True)
    site = fields.ForeignKeyField("latchwork.Site", on_delete=fields.CASCADE)
    class Meta:
        table = "lamps"
        constraints = (
            CheckConstraint(name="lamps_site", check="site_id > 0"),
            UniqueConstraint(fields=("site",), name="lamps_one", condition="site_id > 5"),
        )

class Door(""",
        )
    ],
    "drop a table": [(DOOR, "")],
}


def changed(text: str, change: str) -> str:
    for old, new in CHANGES[change]:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text
