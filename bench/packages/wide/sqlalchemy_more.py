"""sqlalchemy: events, dialects, types, reflection, inheritance, hybrids, automap."""

import datetime
import enum
import pickle

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.ext.automap import automap_base
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Session, declarative_base, relationship, selectinload, sessionmaker, validates

Base = declarative_base()


class Kind(enum.Enum):
    A = 1


class Animal(Base):
    __tablename__ = "animal"
    id = sa.Column(sa.Integer, primary_key=True)
    type = sa.Column(sa.String(10))
    kind = sa.Column(sa.Enum(Kind))
    data = sa.Column(sa.JSON)
    born = sa.Column(sa.DateTime, default=lambda: datetime.datetime(2024, 1, 1))
    toys = relationship("Toy", back_populates="owner", cascade="all, delete-orphan")
    __mapper_args__ = {"polymorphic_on": type, "polymorphic_identity": "animal"}  # noqa: RUF012

    @hybrid_property
    def double(self):
        return self.id * 2

    @validates("type")
    def check(self, key, value):
        return value


class Dog(Animal):
    __mapper_args__ = {"polymorphic_identity": "dog"}  # noqa: RUF012


class Toy(Base):
    __tablename__ = "toy"
    id = sa.Column(sa.Integer, primary_key=True)
    owner_id = sa.Column(sa.ForeignKey("animal.id"))
    owner = relationship(Animal, back_populates="toys")


seen = []
event.listen(Session, "before_flush", lambda session, context, instances: seen.append(len(session.new)))
engine = sa.create_engine("sqlite://", poolclass=sa.pool.StaticPool)
event.listen(engine, "before_cursor_execute", lambda *args: seen.append("sql"))
event.listen(Dog, "before_insert", lambda mapper, connection, target: seen.append("dog"), propagate=True)
Base.metadata.create_all(engine)
with sessionmaker(engine)() as session:
    session.add(Dog(kind=Kind.A, data={"x": [1]}, toys=[Toy(), Toy()]))
    session.commit()
    dog = session.scalars(sa.select(Animal).options(selectinload(Animal.toys))).one()
    print(type(dog).__name__, dog.kind, dog.data, len(dog.toys), dog.double, dog.born.year)
    print(session.query(sa.func.count(Toy.id)).join(Animal).group_by(Animal.id).scalar())
    print(session.execute(sa.text("select 1 + :a"), {"a": 2}).scalar(), len(pickle.dumps(dog)) > 100)
print("dog" in seen, "sql" in seen, sa.inspect(engine).get_table_names())
statement = sa.select(Animal.id, sa.func.row_number().over(order_by=Animal.id)).where(Animal.id.in_([1, 2]))
for dialect in (postgresql, mysql, sqlite):
    print(str(statement.compile(dialect=dialect.dialect())).replace("\n", " "))
print(postgresql.insert(Toy).values(id=1).on_conflict_do_nothing().compile(dialect=postgresql.dialect()))
print(sa.schema.CreateTable(Animal.__table__).compile(dialect=postgresql.dialect()).string.count("\n"))
mapped = automap_base()
mapped.prepare(autoload_with=engine)
print(sorted(mapped.classes.keys()))
