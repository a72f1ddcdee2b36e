"""sqlalchemy: core, a table in SQLite."""

import sqlalchemy as sa

engine = sa.create_engine("sqlite://")
table = sa.Table("t", sa.MetaData(), sa.Column("a", sa.Integer), sa.Column("b", sa.String))
with engine.begin() as connection:
    table.metadata.create_all(connection)
    connection.execute(sa.insert(table), [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}])
    print(connection.execute(sa.select(table.c.b).where(table.c.a > 1)).all())
