"""How numbers are shown, and that their exact text is kept."""

import unittest

import figures
import labels
from figures import Scale, Shares

SPACE, MINUS = "\N{NO-BREAK SPACE}", "\N{MINUS SIGN}"


class Figures(unittest.TestCase):
    def test_a_column_has_the_decimals_of_its_largest_number(self):
        for values, texts in [
            ([0.7704002656280572, 0.05, 0.0], ["0.7704", "0.0500", "0"]),
            ([12.3456, -1.0], ["12.35", f"{MINUS}1.00"]),
            ([1234567.8, 3.2], ["1,234,568", "3"]),
            ([0.00123456], ["0.001235"]),
            ([1.0], ["1.000"]),
        ]:
            self.assertEqual([Scale(values).text(value) for value in values], texts)

    def test_a_number_that_is_not_0_is_never_shown_as_0(self):
        for values, texts in [
            ([0.77, 3.21e-7], ["0.7700", "3.2×10⁻⁷"]),
            ([2e9, 1.0], ["2.000×10⁹", "1.000×10⁰"]),
            ([-1.5e-12], [f"{MINUS}1.500×10⁻¹²"]),
            ([5e-324], ["4.941×10⁻³²⁴"]),
        ]:
            self.assertEqual([Scale(values).text(value) for value in values], texts)

    def test_shares_are_percentages(self):
        for values, texts in [
            ([0.544537, 0.00004], [f"54.5{SPACE}%", f"&lt;{SPACE}0.1{SPACE}%"]),
            ([0.00765, -0.0000001], [f"0.77{SPACE}%", f"&gt;{SPACE}{MINUS}0.01{SPACE}%"]),
            ([0.0], [f"0{SPACE}%"]),
        ]:
            self.assertEqual([Shares(values).text(value) for value in values], texts)

    def test_differences_have_a_sign(self):
        self.assertEqual(Scale([0.5], signed=True).text(0.5), "+0.5000")
        self.assertEqual(Shares([0.5], signed=True, unit="pp").text(-0.5), f"{MINUS}50.0{SPACE}pp")

    def test_the_text_of_the_server_is_kept(self):
        read = figures.read('{"a":0.30000000000000004,"b":1e-7,"c":1.50,"version":7,"d":null}')
        self.assertEqual([figures.exact(read[name]) for name in "abc"], ["0.30000000000000004", "1e-7", "1.50"])
        self.assertEqual(figures.one(read["b"]), '<data value="1e-7" title="1e-7">1.000<wbr>×10⁻⁷</data>')
        self.assertIn("n/a", figures.one(read["d"]))


class Labels(unittest.TestCase):
    def test_labels_are_text(self):
        self.assertEqual(labels.text("<a href='x'>&\""), "&lt;a href=&#x27;x&#x27;&gt;&amp;&quot;")
        self.assertEqual(labels.text("a\x00\x1b\ud800b"), "a\ufffd\ufffd\ufffdb")

    def test_a_shortened_label_fits(self):
        for text in ["short", "a long label of many words", "日本国の地域", "W" * 40]:
            short = labels.shortened(text, 6.0)
            self.assertLessEqual(labels.width(short), 6.0)
            self.assertTrue(short == text or short.endswith("…"), short)
        self.assertEqual(labels.shortened("short", 6.0), "short")
