"""Where the nodes and links of a diagram are."""

from dataclasses import dataclass

from chain import Chain, Link, Node

LEAST_HEIGHT = 3.0  # of a node, so that it can be seen
LEAST_WIDTH = 1.0  # of a link


@dataclass
class Format:
    """Measures of a diagram, in its own units (pixels where it is not scaled)."""

    width: float
    right: float  # beside the subject
    step: float  # least distance of two tiers; more tiers make the diagram wider
    node: float  # width of a node
    slot: float  # least height for a node and its label
    gap: float  # between two nodes
    flow: float  # height of the widest tier, if its nodes need no more for their labels


@dataclass
class Place:
    """A node: its rectangle, and the height of the part that arises in it, at its lower end."""

    x: float
    y: float
    height: float
    own: float

    @property
    def centre(self) -> float:
        return self.y + self.height / 2


@dataclass
class Ribbon:
    """A link: the heights of its middle at both ends, and its width."""

    begin: float
    end: float
    width: float


class Layout:
    """Suppliers left, subject right. All links have the same scale."""

    def __init__(self, chain: Chain, form: Format):
        self.form = form
        largest = max(sum(node.size for node in tier) for tier in chain.tiers)
        self.scale = form.flow / largest
        self.height = max(sum(self._slot(node) for node in tier) for tier in chain.tiers)
        self.step = step(form, len(chain.tiers))
        self.width = form.right + form.node + self.step * (len(chain.tiers) - 1)
        self.places: dict[Node, Place] = {}
        for tier, nodes in enumerate(chain.tiers):
            self._place(nodes, (len(chain.tiers) - 1 - tier) * self.step)
        self.ribbons = self._ribbons(chain.links)

    def _thickness(self, node: Node) -> float:
        return max(LEAST_HEIGHT, node.size * self.scale)

    def _slot(self, node: Node) -> float:
        return max(self.form.slot, self._thickness(node)) + self.form.gap

    def _place(self, nodes: list[Node], x: float) -> None:
        slots = [self._slot(node) for node in nodes]
        tops = _settled([self._wanted(node) - slot / 2 for node, slot in zip(nodes, slots)], slots, self.height)
        for node, top, slot in zip(nodes, tops, slots):
            height = self._thickness(node)
            self.places[node] = Place(x, top + (slot - height) / 2, height, node.own * self.scale)

    def _wanted(self, node: Node) -> float:
        """The height at which the links to the buyers would be level."""
        total = sum(link.size for link in node.buyers)
        if not total:
            return self.height / 2
        return sum(self.places[link.target].centre * (link.size / total) for link in node.buyers)

    def _ribbons(self, links: list[Link]) -> dict[Link, Ribbon]:
        begins, ends = {}, {}
        for node, place in self.places.items():
            for found, side, other in ((ends, node.suppliers, "source"), (begins, node.buyers, "target")):
                at = place.y
                for link in sorted(side, key=lambda link: (self.places[getattr(link, other)].y, link.is_negative)):
                    found[link] = at + link.size * self.scale / 2
                    at += link.size * self.scale
        return {link: Ribbon(begins[link], ends[link], max(LEAST_WIDTH, link.size * self.scale)) for link in links}


def step(form: Format, tiers: int) -> float:
    """The distance of two tiers of a diagram with at least two."""
    return max(form.step, (form.width - form.right - form.node) / (tiers - 1))


def _settled(wanted: list[float], slots: list[float], height: float) -> list[float]:
    """Tops of slots in this order, near the wanted ones, without overlap and within the height, which suffices for all."""
    tops, free = [], 0.0
    for top, slot in zip(wanted, slots):
        tops.append(max(top, free))
        free = tops[-1] + slot
    limit = height
    for at in reversed(range(len(tops))):
        tops[at] = min(tops[at], limit - slots[at])
        limit = tops[at]
    return tops
