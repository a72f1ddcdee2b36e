"""attrs: classes with validators and converters."""

import attr
import attrs


@attrs.define
class Point:
    x: int = attrs.field(converter=int)
    y: int = attrs.field(default=2, validator=attrs.validators.gt(0))


print(Point("1"), attr.asdict(Point(3, 4)))
