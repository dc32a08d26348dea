"""The graph of stages: pure, and apart from running it."""

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from app.pipeline.errors import GraphError, ParameterError, unknown
from app.pipeline.keys import canonical, digest
from app.pipeline.stage import Stage


class Graph:
    """Stages by name, checked, in an order in which parents come first.

    Parameters
    ----------
    stages : iterable of Stage

    Raises
    ------
    GraphError
        For two stages of one name, or a cycle.
    UnknownNameError
        For a parent that no stage bears.
    """

    def __init__(self, stages: Iterable[Stage]) -> None:
        by_name: dict[str, Stage] = {}
        for one in stages:
            if one.name in by_name:
                raise GraphError(f"two stages are named {one.name!r}: rename one.")
            by_name[one.name] = one
        for one in by_name.values():
            for parent in one.parents:
                if parent not in by_name:
                    raise unknown("stage", parent, by_name)
        try:
            order = list(TopologicalSorter({one.name: one.parents for one in by_name.values()}).static_order())
        except CycleError as error:
            raise GraphError(f"stages depend on each other in a circle: {' → '.join(error.args[1])}.") from error
        self.stages: tuple[Stage, ...] = tuple(by_name[name] for name in order)
        self._by_name = by_name

    def __getitem__(self, name: str) -> Stage:
        if name not in self._by_name:
            raise unknown("stage", name, self._by_name)
        return self._by_name[name]

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def lineage(self, target: str) -> tuple[Stage, ...]:
        """Return a stage and all that it stands on, parents first."""
        wanted = {target}
        for one in reversed(self.stages):
            if one.name in wanted:
                wanted.update(one.parents)
        self[target]
        return tuple(one for one in self.stages if one.name in wanted)

    def downstream(self, param: str) -> tuple[str, ...]:
        """Return the names of the stages whose keys a parameter can change, in order."""
        touched: list[str] = []
        for one in self.stages:
            if param in one.all_params or any(parent in touched for parent in one.parents):
                touched.append(one.name)
        return tuple(touched)

    def keys(self, target: str, root: str, params: Mapping[str, Any], scope: str = "") -> dict[str, str]:
        """Return the key of a stage and of each stage that it stands on.

        Parameters
        ----------
        target : str
        root : str
            The fingerprint of the data at the root.
        params : mapping
            A value for each parameter that these stages declare; others are ignored.
        scope : str
            How all of them begin.

        Returns
        -------
        dict of str to str
            ``"{scope}{stage}-{32 hex digits}"`` by stage, parents first.

        Raises
        ------
        ParameterError
            For a parameter that is missing or has no canonical text.
        """
        found: dict[str, str] = {}
        for one in self.lineage(target):
            base = part_base(one, [found[parent] for parent in one.parents], root, params)
            found[one.name] = scope + whole_key(one, base, params)
        return found


def pick(stage: Stage, names: Iterable[str], params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the named parameters of a stage, or raise `ParameterError` for a missing one."""
    wanted = tuple(names)
    for name in wanted:
        if name not in params:
            raise ParameterError(f"stage {stage.name!r} needs the parameter {name!r}: give it a value.")
    return {name: params[name] for name in wanted}


def part_base(stage: Stage, parents: Iterable[str], root: str, params: Mapping[str, Any]) -> str:
    """Return the hash of a stage's lineage without what chooses its parts."""
    above = tuple(parents) or (root,)
    return digest(stage.identity, canonical(pick(stage, stage.params, params)), *above)


def whole_key(stage: Stage, base: str, params: Mapping[str, Any]) -> str:
    """Return the key of a stage's whole value."""
    if stage.parts is None:
        return f"{stage.name}-{base}"
    return part_key(stage, base, pick(stage, stage.parts.params, params))


def part_key(stage: Stage, base: str, part: Any) -> str:
    """Return the key of one part of a stage's value."""
    return f"{stage.name}-{digest(base, canonical(part))}"
