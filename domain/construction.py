"""Making frozen dataclasses quickly.

The constructor of a frozen dataclass has to go round its own guard for every field, which makes it two to
three times as dear as that of an ordinary one, and the book makes several large messages for every order.
"""

from dataclasses import MISSING, fields
from types import new_class
from typing import Any, TypeVar

Message = TypeVar("Message")


def quickly_made(cls: type[Message]) -> type[Message]:
    """Give a frozen, slotted, keyword-only dataclass a quicker constructor. It stays as frozen as it was.

    An instance begins as one of a class with the same slots and no guard, is filled there by plain
    assignment, and only then becomes what it is.
    """
    names = [field.name for field in fields(cls)]  # type: ignore[arg-type]  # the decorator below is dataclass
    defaults = {field.name: field.default for field in fields(cls) if field.default is not MISSING}  # type: ignore[arg-type]
    bases = getattr(cls, "__orig_bases__", cls.__bases__)
    scope: dict[str, Any] = {
        "become": object.__dict__["__class__"].__set__,
        "unguarded": new_class(
            cls.__name__, bases, exec_body=lambda body: body.update(__slots__=tuple(names))
        ),
        "guarded": cls,
        "defaults": defaults,
    }
    parameters = (f"{name}=defaults['{name}']" if name in defaults else name for name in names)
    lines = [
        f"def __init__(self, *, {', '.join(parameters)}):",
        "    become(self, unguarded)",
        *(f"    self.{name} = {name}" for name in names),
        "    self.__class__ = guarded",
    ]
    exec("\n".join(lines), scope)  # noqa: S102  # written here from field names, as dataclasses itself does
    cls.__init__ = scope["__init__"]  # type: ignore[method-assign]
    return cls
