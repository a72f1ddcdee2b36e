"""alembic: a migration run on SQLite."""

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

with sa.create_engine("sqlite://").begin() as connection:
    operations = Operations(MigrationContext.configure(connection))
    operations.create_table("t", sa.Column("a", sa.Integer))
    operations.add_column("t", sa.Column("b", sa.String))
    print([column["name"] for column in sa.inspect(connection).get_columns("t")])
