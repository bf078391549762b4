"""The live view of scripts/top, in a real terminal: what it shows, its keys, other sizes, and a server that stops."""

import re
import signal
import unittest

import content
import terminal
from connection import pairs
from process import Server
from terminal import Terminal

TITLES = ("TIER", "HOT KEY", "MODEL", "QUEUE")


def begins(lines: list[str], words: str) -> bool:
    return any(line.lstrip("v^").startswith(words) for line in lines)


def titles(lines: list[str]) -> list[str]:
    return [title for line in lines for title in TITLES if line.lstrip("v^").startswith(title + " ")]


def ends_with_clock(line: str, columns: int) -> bool:
    """The clock is at the right edge of the first line, so this line was drawn for so many columns."""
    return len(line) == columns and re.search(r" \d\d:\d\d:\d\d$", line) is not None


def below(lines: list[str], title: str) -> list[str]:
    """The first words of the lines of a panel."""
    at = next((at for at, line in enumerate(lines) if line.lstrip("v^").startswith(title + " ")), len(lines))
    names = []
    for line in lines[at + 1:]:
        if titles([line]) or line.startswith("q quit"):
            break
        names.append(line.split()[0] if line.split() else "")
    return names


@unittest.skipIf(terminal.missing(), terminal.missing())
class Screen(unittest.TestCase):
    def open(self, server: Server, *options: object, **given: object) -> Terminal:
        shown = Terminal(content.TOP, "-p", server.port, *options, **given)
        self.addCleanup(shown.stop)
        return shown

    def server(self, *options: object, **given: object) -> Server:
        server = Server(*options, **given)
        self.addCleanup(server.stop)
        return server


class Views(Screen):
    def test_all_panels_are_on_a_screen_of_80_columns_and_24_rows(self) -> None:
        lines = self.open(content.full()).shows(lambda lines: begins(lines, "page:1"), "no hot key")
        self.assertEqual(len(lines), 24)
        self.assertEqual(titles(lines), list(TITLES))
        for words in ("127.0.0.1:", "memory", "cache", "work", "health", "pages", "films", "icio", "mail", "  send job:1", "q quit"):
            self.assertTrue(begins(lines, words), f"{words} in\n" + "\n".join(lines))

    def test_the_figures_change_while_no_key_is_pressed(self) -> None:
        server = self.server()
        shown = self.open(server)
        shown.shows(lambda lines: "no model is loaded" in "\n".join(lines), "no first frame")
        content.fill_models(server)
        server.call("TIER.SET", "new", "PATTERN", "new:*", "TTL", 60)
        server.call("CACHE.SET", "new:1", "x")
        shown.shows(lambda lines: content.row("\n".join(lines), "new")[1:2] == ["1"] and content.row("\n".join(lines), "icio"), "no new tier")
        server.call("CACHE.SET", "new:2", "x")
        shown.shows(lambda lines: content.row("\n".join(lines), "new")[1:2] == ["2"], "the second entry is not counted")

    def test_a_queue_advances(self) -> None:
        server = self.server()
        server.call("JOB.SUBMIT", "mail", "send", "")
        shown = self.open(server)
        shown.shows(lambda lines: content.row("\n".join(lines), "mail")[4:6] == ["1", "0"], "no waiting job")
        [claimed] = server.call("JOB.CLAIM", "mail", 1, "send", "LEASE", 600_000)
        job = pairs(claimed)
        server.call("JOB.HEARTBEAT", "mail", job["id"], job["token"], "PROGRESS", 70)
        shown.shows(lambda lines: any("[#######...]  70 %" in line for line in lines), "no progress")
        server.call("JOB.COMPLETE", "mail", job["id"], job["token"], "")
        shown.shows(lambda lines: any(line.startswith("mail") and "[##########] 100 %" in line for line in lines), "the job does not end")

    def test_a_wide_terminal_has_more_columns_and_a_new_size_takes_effect(self) -> None:
        shown = self.open(content.full(), columns=140, rows=40)
        shown.shows(lambda lines: any("EVICTED" in line for line in lines), "no more columns")
        shown.resize(80, 24)
        lines = shown.shows(lambda lines: ends_with_clock(lines[0], 80) and lines[23:] and lines[23].startswith("q quit"), "not drawn for 80x24")
        self.assertFalse(any("EVICTED" in line for line in lines))
        shown.resize(40, 8)
        lines = shown.shows(lambda lines: len(lines) == 8 and lines[-1].startswith("q quit"), "not drawn for 8 rows")
        shown.shows(lambda lines: ends_with_clock(lines[0], 40), "not drawn for 40 columns")
        self.assertLessEqual(max(map(len, lines)), 40)
        shown.resize(100, 30)
        shown.shows(lambda lines: ends_with_clock(lines[0], 100) and titles(lines) == list(TITLES) and lines[29].startswith("q quit"), "not drawn for 100x30")


class Keys(Screen):
    def test_q_ends_it(self) -> None:
        shown = self.open(content.full())
        shown.shows(lambda lines: begins(lines, "TIER"), "no frame")
        shown.keys("q")
        shown.shows(lambda lines: begins(lines, "status 0"), "it does not end")

    def test_a_panel_is_sorted_by_another_column_and_in_reverse(self) -> None:
        shown = self.open(content.full())
        shown.shows(lambda lines: any("vREQ/S" in line for line in lines), "not sorted by REQ/S")
        shown.keys("Left", "Left", "Left")
        shown.shows(lambda lines: any("vENTRIES" in line for line in lines) and below(lines, "TIER")[:2] == ["pages", "films"], "not by entries")
        shown.keys("r")
        shown.shows(lambda lines: any("^ENTRIES" in line for line in lines) and below(lines, "TIER")[1:3] == ["films", "pages"], "not reversed")
        shown.keys("Left")
        shown.shows(lambda lines: begins(lines, "TIER (3)") and below(lines, "TIER")[:3] == ["assessment", "films", "pages"], "not by name")

    def test_the_panel_with_the_focus_has_more_rows_and_scrolls_with_the_selection(self) -> None:
        server = self.server()
        server.ask(*[("TIER.SET", f"tier{at:02}", "PATTERN", f"t{at}:*", "TTL", 60) for at in range(50)],
                   *[("JOB.SUBMIT", f"queue{at:02}", "send", "") for at in range(12)])
        shown = self.open(server)
        shown.shows(lambda lines: len(below(lines, "TIER")) > 5 and len(below(lines, "QUEUE")) == 2, "tiers have not the most rows")
        shown.keys("End")
        shown.shows(lambda lines: "tier49" in below(lines, "TIER"), "the last tier is not shown")
        shown.keys("4")
        shown.shows(lambda lines: len(below(lines, "TIER")) == 2 and len(below(lines, "QUEUE")) > 5, "queues have not the most rows")
        shown.keys("Tab", "End")
        shown.shows(lambda lines: "tier49" in below(lines, "TIER"), "the focus does not return to the first panel")

    def test_enter_on_a_tier_shows_its_hot_keys_only(self) -> None:
        server = content.full()
        server.call("CACHE.GET", "film:1")
        shown = self.open(server)
        shown.shows(lambda lines: begins(lines, "page:1") and begins(lines, "film:1"), "not the keys of both tiers")
        shown.keys("Left", "Left", "Left", "Left", "Down", "Enter")  # by name: assessment, films
        shown.shows(lambda lines: begins(lines, "HOT KEY of films") and below(lines, "HOT KEY") == ["film:1"], "not the keys of films")
        shown.keys("Enter")
        shown.shows(lambda lines: begins(lines, "HOT KEY (") and begins(lines, "page:1"), "not the keys of all tiers")


class Failures(Screen):
    def test_without_a_server_it_ends_with_one_line(self) -> None:
        server = Server(module=False)
        self.addCleanup(server.stop)
        shown = self.open(server)
        lines = shown.shows(lambda lines: begins(lines, "status 1"), "it does not end")
        self.assertIn("does not have the module redis-assess", "".join(lines))

    def test_a_server_that_stops_and_returns(self) -> None:
        server = Server()
        shown = self.open(server)
        shown.shows(lambda lines: begins(lines, "health"), "no first frame")
        server.stop()
        shown.shows(lambda lines: begins(lines, "old figures: ") and begins(lines, "TIER"), "the failure is not shown")
        again = self.server(port=server.port)
        again.call("TIER.SET", "later", "PATTERN", "later:*", "TTL", 60)
        shown.shows(lambda lines: begins(lines, "health") and begins(lines, "later"), "it does not connect again")

    def test_a_server_that_does_not_reply_leaves_the_keys_usable(self) -> None:
        server = self.server()
        shown = self.open(server)
        shown.shows(lambda lines: begins(lines, "TIER"), "no frame")
        server.process.send_signal(signal.SIGSTOP)
        try:
            shown.keys("r")
            shown.shows(lambda lines: any("^REQ/S" in line for line in lines), "the key is not obeyed")
            shown.shows(lambda lines: begins(lines, "old figures: no reply in time"), "the wait does not end")
        finally:
            server.process.send_signal(signal.SIGCONT)
        shown.shows(lambda lines: begins(lines, "health"), "it does not read again")
