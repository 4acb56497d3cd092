"""The groups of options that a command has, as its `--help` lists them."""

from hydra.core.global_hydra import GlobalHydra
from hydra.core.object_type import ObjectType
from omegaconf import DictConfig

HEADING = "Groups, chosen with group=option:"


def listed_groups(*, _root_: DictConfig) -> str:
    """The paragraph of `--help` about groups, one in a line with its options; empty where a command has no group.

    Hydra would list every folder that it finds. A command has the groups that it composes, and those below them.

    Args:
        _root_: what Hydra composed; OmegaConf gives it to a resolver.
    """
    roots = {group.partition("/")[0] for group in _root_.hydra.runtime.choices} - {"hydra"}
    lines = [line for root in sorted(roots) for line in _lines(root)]
    return "\n".join([HEADING, *lines, "\n"]) if lines else ""


def _lines(group: str) -> list[str]:
    loader = GlobalHydra.instance().config_loader()
    options = sorted(loader.get_group_options(group, ObjectType.CONFIG))
    below = sorted(loader.get_group_options(group, ObjectType.GROUP))
    own = [f"{group}: {', '.join(options)}"] if options else []
    return own + [line for each in below for line in _lines(f"{group}/{each}")]
