"""The paths of an assessment as tiers of nodes with links between them."""

from dataclasses import dataclass, field


@dataclass(eq=False)
class Node:
    """A node at one distance from the subject. The same node of the table at another distance is another one."""

    tier: int  # deliveries from here to the subject
    region: str
    sector: str
    own: float = 0.0  # size of the paths that begin here
    number: int = 0  # in the diagram, from 1
    suppliers: list["Link"] = field(default_factory=list)
    buyers: list["Link"] = field(default_factory=list)

    @property
    def size(self) -> float:
        """Sum of the sizes of all shown paths through this node."""
        return self.own + sum(link.size for link in self.suppliers)


@dataclass(eq=False)
class Link:
    """All shown paths with one sign that take one delivery."""

    source: Node
    target: Node
    is_negative: bool
    size: float = 0.0  # sum of the absolute values of the paths


@dataclass
class Chain:
    """`tiers[k]` are the nodes k deliveries from the subject; `tiers[0]` is the subject."""

    tiers: list[list[Node]]
    links: list[Link]


def chain(paths: list[dict]) -> Chain:
    """Joins the paths. The subject itself (order 0) delivers nothing, and a path of value 0 has no width: both are left out."""
    nodes: dict[tuple[int, str, str], Node] = {}
    links: dict[tuple[Node, Node, bool], Link] = {}
    for path in paths:
        size = abs(path["value"])
        if not path["order"] or not size:
            continue
        order = len(path["nodes"]) - 1
        stops = []
        for step, (region, sector) in enumerate(path["nodes"]):
            key = (order - step, region, sector)
            stops.append(nodes.setdefault(key, Node(*key)))
        stops[0].own += size
        for source, target in zip(stops, stops[1:]):
            key = (source, target, path["value"] < 0)
            link = links.setdefault(key, Link(*key))
            link.size += size
    for link in links.values():
        link.source.buyers.append(link)
        link.target.suppliers.append(link)
    deepest = max((node.tier for node in nodes.values()), default=-1)
    tiers = [[node for node in nodes.values() if node.tier == tier] for tier in range(deepest + 1)]
    return Chain(_ordered(tiers), list(links.values()))


def _ordered(tiers: list[list[Node]]) -> list[list[Node]]:
    """Each tier in the order of the nodes that it delivers to, so that few links cross; the larger first."""
    for tier, nodes in enumerate(tiers[1:], 1):
        buyers = {node: at for at, node in enumerate(tiers[tier - 1])}
        places = {node: _mean_place(node, buyers) for node in nodes}
        nodes.sort(key=lambda node, places=places: (places[node], -node.size, node.region, node.sector))
    for number, node in enumerate((node for nodes in tiers for node in nodes), 1):
        node.number = number
    return tiers


def _mean_place(node: Node, places: dict[Node, int]) -> float:
    """The mean place of the nodes that it delivers to, weighted by the links."""
    total = sum(link.size for link in node.buyers)
    return sum(places[link.target] * (link.size / total) for link in node.buyers)
