"""What is done to the code: a choice of cosmic-ray's operators, and kinds of mistakes that it does not make.

Of what an operator may be replaced by, the ones stand here that a person mistakes it for: the boundary, the
opposite. The others die at once and would only make the score look better.
"""

from collections.abc import Iterator, Sequence

import parso
from cosmic_ray.operators.operator import Example, Operator
from cosmic_ray.plugins import get_operator
from parso.tree import BaseNode, NodeOrLeaf

Place = tuple[tuple[int, int], tuple[int, int]]

_CHOSEN = (
    *(f"ReplaceComparisonOperator_{pair}" for pair in (
        "Eq_NotEq", "NotEq_Eq", "Is_IsNot", "IsNot_Is",
        "Lt_LtE", "Lt_GtE", "LtE_Lt", "LtE_Gt", "Gt_GtE", "Gt_LtE", "GtE_Gt", "GtE_Lt",
    )),
    *(f"ReplaceBinaryOperator_{pair}" for pair in (
        "Add_Sub", "Sub_Add", "Mul_Add", "Mul_FloorDiv", "Div_Mul", "FloorDiv_Mul", "Mod_FloorDiv", "Pow_Mul",
    )),
    "ReplaceUnaryOperator_USub_UAdd", "ReplaceUnaryOperator_Delete_Not", "AddNot",
    "ReplaceTrueWithFalse", "ReplaceFalseWithTrue", "ReplaceAndWithOr", "ReplaceOrWithAnd",
    "ReplaceBreakWithContinue", "ReplaceContinueWithBreak",
    "NumberReplacer", "ExceptionReplacer", "RemoveDecorator", "ZeroIterationForLoop",
)  # fmt: skip


class _Ours(Operator):
    """An operator that changes a node in as many ways as it has places."""

    @classmethod
    def examples(cls) -> Sequence[Example]:
        return ()

    def mutation_positions(self, node: NodeOrLeaf) -> Iterator[Place]:
        for first, last in self.places(node):
            yield node.children[first].start_pos, node.children[last].end_pos

    def mutate(self, node: NodeOrLeaf, index: int) -> NodeOrLeaf:
        return self.changed(node, list(self.places(node))[index])

    def places(self, node: NodeOrLeaf) -> Iterator[tuple[int, int]]:
        raise NotImplementedError

    def changed(self, node: BaseNode, place: tuple[int, int]) -> NodeOrLeaf:
        raise NotImplementedError


class SwapNeighbours(_Ours):
    """Two arguments, or two parts of a key, in each other's place."""

    def places(self, node: NodeOrLeaf) -> Iterator[tuple[int, int]]:
        if node.type not in {
            "arglist",
            "testlist_comp",
            "testlist_star_expr",
            "subscriptlist",
        } or _order_is_nothing(node):
            return
        for left in range(0, len(node.children) - 2, 2):
            pair = node.children[left], node.children[left + 2]
            if all(each.type not in {"argument", "sync_comp_for", "star_expr"} for each in pair) and _differ(
                *pair
            ):
                yield left, left + 2

    def changed(self, node: BaseNode, place: tuple[int, int]) -> NodeOrLeaf:
        left, right = place
        ours, theirs = (_words(node.children[each]) for each in place)
        node.children[left], node.children[right] = (
            _code(node.children[left], theirs),
            _code(node.children[right], ours),
        )
        return node


class DropStatement(_Ours):
    """A call for its effect is forgotten."""

    def places(self, node: NodeOrLeaf) -> Iterator[tuple[int, int]]:
        if node.type == "simple_stmt" and node.children[0].type == "atom_expr" and not _logs(node):
            yield 0, 0

    def changed(self, node: BaseNode, place: tuple[int, int]) -> NodeOrLeaf:
        node.children[0] = _code(node.children[0], "pass")
        return node


class DropCondition(_Ours):
    """One of the conditions that are joined by "and" or "or" is forgotten."""

    def places(self, node: NodeOrLeaf) -> Iterator[tuple[int, int]]:
        if node.type in {"and_test", "or_test"}:
            yield from ((each, each) for each in range(0, len(node.children), 2))

    def changed(self, node: BaseNode, place: tuple[int, int]) -> NodeOrLeaf:
        left = [*node.children[: max(place[0] - 1, 0)], *node.children[place[0] + 1 + (place[0] == 0) :]]
        return _code(node, "".join(each.get_code() for each in left).strip())


OPERATORS: dict[str, Operator] = {
    **{name: get_operator(f"core/{name}")() for name in _CHOSEN},
    **{each.__name__: each() for each in (SwapNeighbours, DropStatement, DropCondition)},
}


def is_declared(node: NodeOrLeaf) -> bool:
    """Return whether the node is part of a type, of how a class is made or of a star: no test's business."""
    if node.type == "operator" and node.parent.type in {"parameters", "param", "argument", "star_expr"}:
        return True
    while parent := node.parent:
        place = parent.children.index(node)
        if (parent.type, place) in {("annassign", 1), ("tfpdef", 2)} or parent.type == "decorator":
            return True
        if parent.type == "classdef" and node.type != "suite":
            return True
        if parent.type == "funcdef" and parent.children[place - 1].get_code().strip() == "->":
            return True
        node = parent
    return False


def _order_is_nothing(node: NodeOrLeaf) -> bool:
    """Return whether these are looked up, caught or compared with one another, whatever their order."""
    before = node.parent.get_previous_sibling()
    if before is not None and before.get_code().strip() in {"in", "not in", "except", ",", "min", "max"}:
        return True
    statement = parso.tree.search_ancestor(node, "expr_stmt", "funcdef")
    generic = node.type == "subscriptlist" and parso.tree.search_ancestor(node, "funcdef") is None
    return generic or (statement is not None and _words(statement).startswith("__slots__"))


def _differ(one: NodeOrLeaf, other: NodeOrLeaf) -> bool:
    return _words(one) != _words(other)


def _logs(node: NodeOrLeaf) -> bool:
    return _words(node).startswith(("_log.", "_logger.", "log."))


def _words(node: NodeOrLeaf) -> str:
    return str(node.get_code(include_prefix=False))


def _code(instead_of: NodeOrLeaf, words: str) -> NodeOrLeaf:
    """Return other words in the place of a node, with the space before it."""
    prefix = instead_of.get_first_leaf().prefix
    return parso.python.tree.Name(words, instead_of.start_pos, prefix=prefix)
