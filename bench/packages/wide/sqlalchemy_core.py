"""sqlalchemy: core alone, with windows, unions, common table expressions and user types."""

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator


class Upper(TypeDecorator):
    impl = sa.String
    cache_ok = True

    def process_result_value(self, value, dialect):
        return value.upper()


metadata = sa.MetaData()
table = sa.Table(
    "t",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", Upper),
    sa.Index("i", "name"),
)
engine = sa.create_engine("sqlite+pysqlite:///:memory:")
with engine.connect() as connection:
    metadata.create_all(connection)
    connection.execute(table.insert(), [{"name": n} for n in "abc"])
    part = sa.select(table).where(table.c.id > 1).cte("part")
    print(connection.execute(sa.select(part.c.name).order_by(sa.desc("name"))).scalars().all())
    print(connection.execute(sa.union(sa.select(table.c.id), sa.select(sa.literal(9)))).fetchall())
    print(connection.execute(sa.update(table).values(name="z").returning(table.c.id)).rowcount != 0)
    try:
        connection.execute(sa.text("no sql"))
    except sa.exc.OperationalError as error:
        print(type(error).__name__, error.code)
reflected = sa.MetaData()
print(engine.dialect.name, engine.url.render_as_string(), sa.make_url("postgresql://a@b/c").database)
