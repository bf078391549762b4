"""Every figure of the server's documents is on the page, in its place, exactly; labels are text."""

import functools
import json
import unittest

import cases
import server
from cases import each_case
from pages import TAGS, Page

LISTS = {"By region": "by_region", "By sector": "by_sector", "By node": "contributors", "By direct supplier": "suppliers"}


@functools.cache
def page(name: str) -> Page:
    return Page(cases.load(name).text())


@functools.cache
def documents(name: str) -> dict[str, dict]:
    """The documents of a case, each number as the server wrote it, requested with the words that the page names."""
    found = {}
    for words in commands(name):
        if words[0] != "MODEL.INFO":
            found[words[0]] = json.loads(server.shared().call(*words), parse_float=str)
    return found


def commands(name: str) -> list[list[str]]:
    case = cases.load(name)
    options = dict(zip(case.options[::2], case.options[1::2]))
    layers, top, paths = (options.get(word, default) for word, default in (("--layers", "5"), ("--top", "10"), ("--paths", "25")))
    node = [name, *case.subject]
    chosen = ["INDICATOR", options["--indicator"]] if "--indicator" in options else []
    get = ["ASSESS.GET", *node, *chosen, "LAYERS", layers, "TOP", top, "PATHS", paths]
    assessment = server.shared().document(*get)
    indicator = ["INDICATOR", assessment["indicator"]]
    dependents = ["ASSESS.DEPENDENTS", *node, *indicator, "LIMIT", top]
    if name in ("both signs", "below zero"):
        dependents += ["BY", "value"]
    found = [get, dependents, ["ASSESS.PROFILE", *node], ["MODEL.INFO", name]]
    changes = [word for at, word in enumerate(case.options) if case.options[at - 1] == "--change"]
    words = [word for change in changes for word in change.split()] or default_change(name, assessment)
    if words:
        found.insert(3, ["ASSESS.WHATIF", *node, *words, *indicator, "LAYERS", layers, "TOP", top])
    return found


def default_change(name: str, assessment: dict) -> list[str]:
    """As documented: the other region that contributes most, else the largest other direct supplier."""
    if name == "one region":
        return ["EXTRACT", "ITA", "b"]
    others = [entry for entry in assessment["by_region"] if entry["region"] != assessment["subject"]["region"] and entry["value"]]
    return ["EXTRACT", max(others, key=lambda entry: abs(entry["value"]))["region"], "*"] if others else []


def label(entry: dict) -> str:
    return " ".join(entry[part] for part in ("region", "sector") if part in entry)


class PageTest(unittest.TestCase):
    def assert_rows(self, table, entries: list[dict]) -> None:
        self.assertGreaterEqual(len(table.rows), len(entries))
        for (text, figures), entry in zip(table.rows, entries):
            self.assertTrue(text.startswith(label(entry)), f"{text!r} in place of {label(entry)!r}")
            self.assertEqual(figures, [entry["value"], entry["share"]], text)

    @each_case
    def test_main_figures(self, name):
        document, terms = documents(name)["ASSESS.GET"], page(name).terms
        for term, value in {
            "Total": document["total"], "Direct": document["direct"], "Upstream": document["upstream"], "Mean": document["mean"],
            "Foreign share": document["foreign_share"], "Coverage": document["coverage"],
            "Concentration": document["concentration"]["hhi"],
        }.items():
            self.assertEqual(terms[term], value if value is not None else "n/a", term)
        nodes = document["concentration"]["nodes_80"]
        self.assertEqual(terms["Nodes for 80 %"], str(nodes) if nodes is not None else "n/a")

    @each_case
    def test_layers(self, name):
        document, rows = documents(name)["ASSESS.GET"], page(name).table("Layers of the total").rows
        self.assertEqual([figures[0] for _, figures in rows], [*document["layers"], document["residual"]])
        if document["coverage"] is not None and float(document["total"]):
            self.assertEqual(rows[-2][1][2], document["coverage"])

    @each_case
    def test_contributions(self, name):
        document = documents(name)["ASSESS.GET"]
        for caption, field in LISTS.items():
            self.assert_rows(page(name).table(caption), document[field])

    def test_what_a_list_leaves_out_is_its_last_row(self):
        document, rows = documents("usual")["ASSESS.GET"], page("usual").table("By node").rows
        text, figures = rows[-1]
        self.assertEqual(text, "all others")
        shown = sum(float(entry["value"]) for entry in document["contributors"])
        self.assertAlmostEqual(float(figures[0]), float(document["total"]) - shown, 12)
        self.assertEqual(len(page("usual").table("By region").rows), 5)  # all regions: nothing is left out

    @each_case
    def test_paths(self, name):
        found = documents(name)["ASSESS.GET"]["paths"]
        if not found:
            self.assertIn("No paths were found", page(name).text())
            return
        table = page(name).table("Structural paths")
        self.assertEqual(len(table.rows), len(found))
        for (text, figures), path in zip(table.rows, found):
            names = [" ".join(node) for node in path["nodes"]]
            self.assertIn(text, [" → ".join(names), " → ".join([*names[:-1], "the subject"])])
            self.assertEqual(figures, [path["value"], path["share"]])

    @each_case
    def test_the_diagram_has_each_delivery_once(self, name):
        found = [path["nodes"] for path in documents(name)["ASSESS.GET"]["paths"] if float(path["value"])]
        links = {(len(nodes) - at, *nodes[at], *nodes[at + 1]) for nodes in found for at in range(len(nodes) - 1)}
        shown = [title for title in page(name).titles if " to " in title]
        if name != "both signs":  # there, contributions of both signs take one delivery
            self.assertEqual(len(shown), 2 * len(links), "wide and narrow")
        for _, region, sector, other, buyer in links:
            self.assertTrue(any(title.startswith(f"{region} {sector} to {other} {buyer}: ") for title in shown))

    def test_the_text_states_how_much_the_paths_cover(self):
        shares = [float(path["share"]) for path in documents("usual")["ASSESS.GET"]["paths"]]
        self.assertIn(f"The 25 largest structural paths together hold {100 * sum(shares):.1f} % of the total.", page("usual").text())

    @each_case
    def test_what_if(self, name):
        document, shown = documents(name).get("ASSESS.WHATIF"), page(name)
        if document is None:
            self.assertIn("No other node contributes", shown.text())
            return
        base, changed, difference = document["base"], document["changed"], document["difference"]
        rows = dict(shown.table("Base and changed").rows)
        fields = {"Direct": "direct", "Upstream": "upstream", "Total": "total", "Mean": "mean", "Foreign share": "foreign_share"}
        for row, field in fields.items():
            self.assertEqual(rows[row][:2], [base[field], changed[field]])
        self.assertEqual(rows["Total"][2], difference["total"])
        self.assertEqual([figures[:2] for _, figures in shown.table("Layers of base").rows],
                         [list(pair) for pair in zip(base["layers"], changed["layers"])])
        at = shown.tables.index(shown.table("Layers of base"))
        for caption, field in LISTS.items():
            self.assert_rows(shown.table(caption, at), difference[field])

    def test_changes_are_sentences(self):
        text = page("rises").text()
        for sentence in ["The indicator of all sectors of CHN is multiplied by 3.",
                         "50 % of what buyers take from USA D35 comes from the same sector of JPN instead.",
                         "Deliveries from USA C29 to USA C10T12 are multiplied by 2.", "The total rises from"]:
            self.assertIn(sentence, text)
        self.assertIn("falls from", page("usual").text())

    @each_case
    def test_dependents(self, name):
        document = documents(name)["ASSESS.DEPENDENTS"]
        if not document["dependents"]:
            self.assertIn(f"{document['without_share']} nodes of the table have no share", page(name).text())
            return
        self.assert_rows(page(name).table("Dependents"), document["dependents"])

    @each_case
    def test_profile(self, name):
        rows = page(name).table("Figures of the subject").rows
        expected = documents(name)["ASSESS.PROFILE"]["indicators"]
        self.assertEqual([figures for _, figures in rows],
                         [[entry[field] for field in ("direct", "upstream", "total", "mean", "foreign_share")] for entry in expected])
        for (text, _), entry in zip(rows, expected):
            self.assertTrue(text.startswith(entry["indicator"]))

    def test_the_model_and_the_commands_are_named(self):
        info = server.shared().info("usual")
        terms = page("usual").terms
        self.assertEqual([terms[name] for name in ("nodes", "regions", "sectors", "version", "digest")],
                         [str(info[name]) for name in ("nodes", "regions", "sectors", "version", "digest")])
        self.assertIn("ASSESS.WHATIF usual USA C10T12 EXTRACT ROW '*' INDICATOR risk LAYERS 5 TOP 10", page("usual").text())

    def test_warnings_of_the_model_are_shown(self):
        content = "label,A_x,A_y,final,output\nA_x,2,3,5,10\nA_y,4,1,5,12\n"
        server.shared().table("unbalanced", content, {"risk": ('{"A":1}', "BY", "region")})
        warnings = server.shared().info("unbalanced")["warnings"]
        self.assertTrue(warnings)
        text = Page(server.shared().page("unbalanced", "A", "x")).text()
        for warning in warnings:
            self.assertIn(" ".join(warning.split()), text)
        self.assertNotIn("Warnings of the model", page("hostile").text())

    def test_figures_that_do_not_exist_are_explained(self):
        for name, reason in {"zero total": "the total is 0", "both signs": "contributions of both signs meet"}.items():
            self.assertIn(f"n/a: {reason}", page(name).text(), name)
            self.assertIn("n/a", page(name).text())
        self.assertNotIn("n/a", page("usual").text())

    @each_case
    def test_a_page_has_no_other_tags_than_its_own(self, name):
        self.assertLessEqual(page(name).tags, TAGS)

    def test_labels_are_text(self):
        text = page("hostile").text()
        for hostile in cases.HOSTILE:
            self.assertIn(" ".join(hostile.split()), text)
        self.assertIn("<u>kg</u> & co", text)

    @each_case
    def test_the_page_loads_and_runs_nothing(self, name):
        names = {attribute for attribute, _ in page(name).attributes}
        self.assertFalse({"href", "src", "srcset", "action", "style", "xlink:href"} & names)
        self.assertFalse([attribute for attribute in names if attribute.startswith("on")])
        policy = [value for attribute, value in page(name).attributes if attribute == "content" and "default-src" in value]
        self.assertEqual(policy, ["default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"])

    @each_case
    def test_references_inside_the_page_exist_once(self, name):
        attributes = page(name).attributes
        ids = [value for attribute, value in attributes if attribute == "id"]
        self.assertEqual(len(ids), len(set(ids)))
        for attribute, value in attributes:
            if attribute == "aria-labelledby":
                self.assertLessEqual(set(value.split()), set(ids))

    def test_a_page_of_a_real_table(self):
        folder = server.REFERENCE / "wiod"
        if not folder.is_dir():
            self.skipTest(f"no reference data in {folder}")
        governance = ((folder / "risk_wgi2022.csv").read_text(), "BY", "region")
        server.shared().table("wiod", (folder / "WIOD_2011.csv").read_bytes(), {"governance": governance})
        shown = Page(server.shared().page("wiod", "DEU", "c15"))
        document = json.loads(server.shared().call("ASSESS.GET", "wiod", "DEU", "c15", "PATHS", "25"), parse_float=str)
        self.assertEqual(shown.terms["Total"], document["total"])
        self.assert_rows(shown.table("By region"), document["by_region"])
        self.assertIn("Warnings of the model", shown.text())
