"""Whatever grows in an object is in the list of bounds, with what it is called and what bounds it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("adapters", "application", "projections", "domain")
PAGE = (ROOT / "docs" / "bounds.md").read_text()
REGISTERS = {
    "Counter", "OrderedDict", "Queue", "SimpleQueue", "WeakKeyDictionary", "WeakSet", "WeakValueDictionary",
    "array", "defaultdict", "deque", "dict", "list", "set", "Latest",
}  # fmt: skip


def grows(value: ast.expr) -> bool:
    match value:
        case ast.Dict(keys=items) | ast.List(elts=items) | ast.Set(elts=items):
            return not items
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return name in REGISTERS
        case ast.Call(func=ast.Subscript(value=ast.Name(id=name))):
            return name in REGISTERS
    return False


def registers_of(source: str) -> Iterator[str]:
    """Yield the attributes that begin empty in a class's ``__init__`` or dataclass, and may grow."""
    for made in ast.walk(ast.parse(source)):
        match made:
            case ast.AnnAssign(
                target=ast.Name(id=name), value=ast.Call(func=ast.Name(id="field"), keywords=said)
            ):
                factories = [each.value for each in said if each.arg == "default_factory"]
                if any(isinstance(each, ast.Name) and each.id in REGISTERS for each in factories):
                    yield name
        if isinstance(made, ast.FunctionDef) and made.name == "__init__":
            for statement in ast.walk(made):
                match statement:
                    case ast.Assign(targets=[ast.Attribute(attr=name), *_], value=value) if grows(value):
                        yield name
                    case ast.AnnAssign(target=ast.Attribute(attr=name), value=ast.expr() as value) if grows(
                        value
                    ):
                        yield name


def remembers_without_end(source: str) -> Iterator[str]:
    """Yield the functions that remember all their answers."""
    for made in ast.walk(ast.parse(source)):
        if isinstance(made, ast.FunctionDef | ast.AsyncFunctionDef):
            for each in made.decorator_list:
                match each:
                    case ast.Name(id="cache") | ast.Attribute(attr="cache"):
                        yield made.name
                    case ast.Call(
                        func=ast.Name(id="lru_cache"), keywords=[ast.keyword(value=ast.Constant(None))]
                    ):
                        yield made.name


def test_a_register_is_found_however_it_is_written() -> None:
    source = """
class A:
    def __init__(self):
        self.a = {}
        self._b: dict[str, int] = {}
        self.c = deque(maxlen=3)
        self.d = Latest(5)
        self.e = {"x": 1}
        self.f = 1
"""
    assert list(registers_of(source)) == ["a", "_b", "c", "d"]
    kept = """
@dataclass
class B:
    e: list[int] = field(default_factory=list)
    f: int = field(default=1)
"""
    assert list(registers_of(kept)) == ["e"]
    assert list(remembers_without_end("@cache\ndef f(x): ...\n@lru_cache(8)\ndef g(x): ...")) == ["f"]


ASKED_BY_THE_PROGRAM = {
    "kind_of",  # names of events
    "_decoder",  # classes of messages
    "price_dollars",  # prices, of which there are ten thousand
    "insert", "upsert", "delete", "load", "load_where",  # tables, and their columns
    "_event_schemas", "document", "document_json", "page_html",  # nothing
}  # fmt: skip


def test_what_functions_remember_without_end_is_asked_with_nothing_from_outside() -> None:
    found = {
        name
        for room in ROOMS
        for file in (ROOT / room).rglob("*.py")
        for name in remembers_without_end(file.read_text())
    }
    assert found - ASKED_BY_THE_PROGRAM == set()


@pytest.mark.parametrize("room", ROOMS)
def test_what_grows_is_in_the_list_of_bounds(room: str) -> None:
    rows = dict(line.strip("| ").split(" | ", 1) for line in PAGE.splitlines() if line.startswith("| `"))
    missing = []
    for file in sorted((ROOT / room).rglob("*.py")):
        name = str(file.relative_to(ROOT))
        found = set(registers_of(file.read_text()))
        if not found or f"`{name}`" in PAGE.partition("What lives no longer")[2]:
            continue
        told = rows.get(f"`{name}`", "").partition(" | ")[0]
        missing += [f"{name}: {each}" for each in sorted(found) if f"`{each}`" not in told]
    assert not missing, f"docs/bounds.md does not say what bounds them: {missing}"


def test_every_file_in_the_list_is_there() -> None:
    named = [word for word in PAGE.split("`") if word.endswith(".py")]
    assert len(named) > 100
    assert [name for name in named if not (ROOT / name).exists()] == []
