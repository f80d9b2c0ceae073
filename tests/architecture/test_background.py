"""Whatever is begun beside requests is in the list that says what happens when it fails."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("adapters", "application", "projections", "domain", "presage")
PAGE = (ROOT / "docs" / "background.md").read_text()
BEGINS = {
    "create_task", "ensure_future", "TaskGroup", "Thread", "Timer", "ThreadPoolExecutor",
    "ProcessPoolExecutor", "create_subprocess_exec", "create_subprocess_shell",
    "Popen", "call_later", "call_at", "start_new_thread",
}  # fmt: skip


def begins_something(source: str) -> bool:
    """Return whether anything is called by which something goes on that nobody waits for."""
    called = (each.func for each in ast.walk(ast.parse(source)) if isinstance(each, ast.Call))
    names = {each.attr if isinstance(each, ast.Attribute) else getattr(each, "id", "") for each in called}
    return not names.isdisjoint(BEGINS)


def test_what_is_begun_is_seen_however_it_is_written() -> None:
    assert begins_something("import asyncio\nasyncio.create_task(work())")
    assert begins_something("from threading import Thread\nThread(target=work).start()")
    assert not begins_something("await work()")


def test_all_that_goes_on_by_itself_is_in_the_list() -> None:
    files = (file for room in ROOMS for file in (ROOT / room).rglob("*.py"))
    beginning = {str(file.relative_to(ROOT)) for file in files if begins_something(file.read_text())}
    named = {word for word in PAGE.split("`") if word.endswith(".py")}
    assert len(beginning) > 50
    assert beginning - named == set(), "docs/background.md does not say what happens when they fail"
    # The other processes and threads of a row are begun by what the row names.
    assert named - beginning <= {"application/health.py"}
