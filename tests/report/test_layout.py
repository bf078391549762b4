"""The diagram of paths: what is joined, and where it is drawn."""

import random
import unittest

from chain import chain
from layout import Layout
from sankey import NARROW, WIDE

SEED = 20261129
NEAR = 1e-6


def path(value: float, *nodes: str) -> dict:
    return {"order": len(nodes) - 1, "value": value, "share": None, "nodes": [[node, "s"] for node in nodes]}


def random_paths(source: random.Random) -> list[dict]:
    names = [f"n{at}" for at in range(source.randint(1, 12))]
    chosen = {tuple(source.choices(names, k=source.randint(1, 7))) for _ in range(source.randint(1, 60))}
    return [path(source.choice([1, 1, -1]) * source.random() ** 4, *stops, "subject") for stops in sorted(chosen)]


class Chain(unittest.TestCase):
    def test_paths_that_share_deliveries_share_links(self):
        joined = chain([path(0.5, "j"), path(0.3, "a", "j"), path(0.2, "b", "a", "j"), path(0.1, "a", "a", "j")])
        self.assertEqual([[node.region for node in tier] for tier in joined.tiers], [["j"], ["a"], ["b", "a"]])
        self.assertEqual({(link.source.region, link.source.tier, link.target.region): round(link.size, 9) for link in joined.links},
                         {("a", 1, "j"): 0.6, ("b", 2, "a"): 0.2, ("a", 2, "a"): 0.1})
        supplier = joined.tiers[1][0]
        self.assertEqual((round(supplier.own, 9), round(supplier.size, 9)), (0.3, 0.6))

    def test_links_of_both_signs_are_apart(self):
        joined = chain([path(0.3, "a", "j"), path(-0.2, "b", "a", "j")])
        self.assertEqual(sorted((link.source.region, link.is_negative, link.size) for link in joined.links),
                         [("a", False, 0.3), ("a", True, 0.2), ("b", True, 0.2)])

    def test_paths_without_a_delivery_or_a_value_are_not_drawn(self):
        self.assertEqual(chain([path(0.5, "j"), path(0.0, "a", "j")]).tiers, [])


class Place(unittest.TestCase):
    def test_nodes_and_labels_do_not_overlap_and_links_end_at_their_nodes(self):
        source = random.Random(SEED)
        for _ in range(200):
            joined = chain(random_paths(source))
            if not joined.tiers:
                continue
            for form in (WIDE, NARROW):
                layout = Layout(joined, form)
                for tier in joined.tiers:
                    self.assert_apart(layout, tier, form.slot)
                for link, ribbon in layout.ribbons.items():
                    for node, at in ((link.source, ribbon.begin), (link.target, ribbon.end)):
                        place, half = layout.places[node], link.size * layout.scale / 2
                        self.assertGreaterEqual(at - half, place.y - NEAR)
                        self.assertLessEqual(at + half, place.y + place.height + NEAR)
                    self.assertLess(layout.places[link.source].x + form.node, layout.places[link.target].x)

    def assert_apart(self, layout: Layout, tier: list, slot: float) -> None:
        places = [layout.places[node] for node in tier]
        for above, below in zip(places, places[1:]):
            self.assertGreaterEqual(below.y - above.y - above.height, -NEAR)
            self.assertGreaterEqual(below.centre - above.centre, slot - NEAR)
        self.assertGreaterEqual(places[0].centre - slot / 2, -NEAR)
        self.assertLessEqual(places[-1].centre + slot / 2, layout.height + NEAR)
