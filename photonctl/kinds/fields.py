"""The field changes of one matched pair that differs; the only place that knows deepdiff."""

from collections.abc import Mapping

from photonctl.model.plan import FieldChange
from photonctl.model.spec import JsonValue


def field_changes(
    have: Mapping[str, JsonValue], want: Mapping[str, JsonValue]
) -> tuple[FieldChange, ...]:
    """Return the fields whose values differ, by name.

    Called for pairs already known to differ: an import costs 0.1 s, a pair 0.1 ms, so whole lists
    never come here.
    """
    from deepdiff.diff import DeepDiff

    view = DeepDiff(dict(have), dict(want), view="tree", ignore_order=True)
    names = {level.path(output_format="list")[0] for levels in view.values() for level in levels}
    return tuple(
        FieldChange(field=name, before=have.get(name), after=want.get(name))
        for name in sorted(map(str, names))
    )
