"""The pages in Chromium without a window: nothing overflows, overlaps or is loaded, on a phone, on a desk, dark, on paper."""

import os
import re
import shutil
import unittest
from pathlib import Path

import cases
from cases import each_case

PROGRAMS = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"]
PROGRAM = os.environ.get("ASSESS_BROWSER") or next(filter(None, map(shutil.which, PROGRAMS)), None)
KEPT = Path(os.environ["REPORT_PAGES"])
SHOWN = ["usual", "long names"]  # of which screenshots are kept
WIDTHS = [320, 360, 600, 768, 1200]
EXTREMES = [320, 1200]  # for the other pages
PAPER = 688  # pixels between the margins of A4
PAPER_HEIGHT = 1016
LEAST_CONTRAST = 4.5  # WCAG 2, level AA

# Findings of a page as texts, empty if all is well. Rectangles are those of what is visible.
CHECK = """
paper => {
  const found = [], width = paper || innerWidth, page = document.documentElement;
  const name = e => `${e.tagName} ${e.getAttribute('class') || ''} "${e.textContent.trim().slice(0, 40)}"`;
  const isShown = e => e.checkVisibility() && e.getBoundingClientRect().width > 0 && !e.closest('title, desc, defs');
  if (page.scrollWidth > width) found.push(`the page is ${page.scrollWidth} wide`);
  for (const e of document.body.querySelectorAll('*')) {
    if (!isShown(e) || e.closest('thead') && getComputedStyle(e.closest('thead')).position == 'absolute') continue;
    const box = e.getBoundingClientRect();
    if (box.left < -0.5 || box.right > width + 0.5) found.push(`${name(e)} reaches from ${box.left} to ${box.right}`);
    if (!e.closest('svg') && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display != 'inline')
      found.push(`${name(e)} overflows`);
  }
  for (const svg of document.querySelectorAll('.sankey svg')) {
    if (!isShown(svg)) continue;
    const frame = svg.getBoundingClientRect();
    const texts = [...svg.querySelectorAll('text')].map(e => [e, e.getBoundingClientRect()]);
    for (const e of svg.querySelectorAll('text, rect, path')) {
      const box = e.getBoundingClientRect();
      if (e.closest('defs')) continue;
      if (box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1 || box.bottom > frame.bottom + 1)
        found.push(`${name(e)} is cut by the diagram`);
    }
    texts.forEach(([e, a], at) => {
      for (const [other, b] of texts.slice(at + 1)) {
        // A box has free space above and below its letters.
        const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (across > 0 && down > 0.35 * Math.min(a.height, b.height)) found.push(`${name(e)} is over ${name(other)}`);
      }
    });
    for (const rect of svg.querySelectorAll('g > rect'))
      if (rect.getBoundingClientRect().height < 0.3 && rect.classList.contains('passing')) found.push('a node cannot be seen');
  }
  return found;
}
"""

FORMS = "[...document.querySelectorAll('.sankey svg')].filter(e => e.checkVisibility()).map(e => e.getAttribute('class'))"

# The texts whose contrast to their background is too low.
CONTRAST = """
least => {
  const numbers = color => color.match(/[\\d.]+/g).map(Number);
  const light = color => numbers(color).slice(0, 3).map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, at) => sum + v * [0.2126, 0.7152, 0.0722][at], 0);
  const found = new Set();
  for (const e of document.body.querySelectorAll('*')) {
    if (!e.checkVisibility() || e.closest('title, desc') || ![...e.childNodes].some(n => n.nodeType == 3 && n.data.trim())) continue;
    let behind = e;
    while (behind && (numbers(getComputedStyle(behind).backgroundColor)[3] === 0)) behind = behind.parentElement;
    const style = getComputedStyle(e), back = light(getComputedStyle(behind).backgroundColor);
    const front = light(e.closest('svg') ? style.fill : style.color);
    const ratio = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
    if (ratio < least) found.add(`${e.tagName} ${e.className}: ${ratio.toFixed(2)}`);
  }
  return [...found];
}
"""

# Whether the policy of the page stops a script and an image that something else would bring into it.
POLICY = """
async () => {
  const stopped = [];
  document.addEventListener('securitypolicyviolation', event => stopped.push(event.effectiveDirective));
  const script = document.createElement('script');
  script.textContent = 'window.ran = true';
  const image = document.createElement('img');
  image.src = 'http://127.0.0.1:9/x.png';
  document.body.append(script, image);
  await new Promise(done => image.onerror = done);
  await new Promise(done => setTimeout(done));
  return [window.ran === true, stopped.sort()];
}
"""


@unittest.skipUnless(PROGRAM, "no Chromium: scripts/setup --browser installs it on Debian")
class Browser(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        from playwright.sync_api import sync_playwright

        KEPT.mkdir(parents=True, exist_ok=True)
        cls.driver = sync_playwright().start()
        cls.addClassCleanup(cls.driver.stop)
        # Without the sandbox of Chromium, which neither root nor a container can use.
        cls.browser = cls.driver.chromium.launch(executable_path=PROGRAM, chromium_sandbox=False)
        cls.addClassCleanup(cls.browser.close)

    def open(self, name: str, width: int = 1200, scheme: str = "light"):
        """The page of a case; what it reports and requests is added to `self.events`."""
        file = KEPT / f"{name.replace(' ', '-')}.html"
        file.write_text(cases.load(name).text())
        page = self.browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
        self.addCleanup(page.close)
        self.events: list[str] = []
        page.on("console", lambda message: self.events.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: self.events.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (self.events.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda request: self.events.append(f"request: {request.url}"))
        page.goto(file.as_uri())
        self.assertEqual(self.events, [f"request: {file.as_uri()}"])
        return page

    @each_case
    def test_nothing_overflows_or_overlaps_at_any_width(self, name):
        page = self.open(name)
        for width in WIDTHS if name in SHOWN else EXTREMES:
            page.set_viewport_size({"width": width, "height": 800})
            self.assertEqual(page.evaluate(CHECK, 0), [], f"{width} px")
            forms = page.evaluate(FORMS)
            if forms or name not in ("zero total", "one node"):
                self.assertEqual(forms, ["wide" if width >= 760 else "narrow"])

    def test_texts_can_be_read_in_light_and_dark(self):
        for name in ("usual", "both signs"):
            backgrounds = set()
            for scheme in ("light", "dark"):
                page = self.open(name, scheme=scheme)
                self.assertEqual(page.evaluate(CONTRAST, LEAST_CONTRAST), [], f"{name}, {scheme}")
                backgrounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
            self.assertEqual(len(backgrounds), 2)

    @each_case
    def test_on_paper_nothing_is_cut_and_it_is_light(self, name):
        page = self.open(name, width=PAPER, scheme="dark")
        page.emulate_media(media="print", color_scheme="dark")
        self.assertEqual(page.evaluate(CHECK, PAPER), [])
        self.assertEqual(page.evaluate("getComputedStyle(document.body).backgroundColor"), "rgb(255, 255, 255)")
        forms = page.evaluate(FORMS)
        self.assertIn(forms, [[], ["wide"]])
        heights = page.evaluate("[...document.querySelectorAll('figure')].map(e => e.getBoundingClientRect().height)")
        self.assertLessEqual(max(heights, default=0), PAPER_HEIGHT, "a diagram is higher than a page")

    def test_a_pdf_file_has_pages_of_text(self):
        page = self.open("usual")
        content = page.pdf(path=KEPT / "usual.pdf", format="A4", prefer_css_page_size=True)
        self.assertTrue(content.startswith(b"%PDF-"))
        self.assertGreaterEqual(len(re.findall(rb"/Type\s*/Page\b", content)), 3)

    def test_the_policy_stops_scripts_and_requests(self):
        page = self.open("usual")
        has_run, stopped = page.evaluate(POLICY)
        self.assertFalse(has_run)
        self.assertEqual(stopped, ["img-src", "script-src-elem"])

    def test_screen_readers_get_headings_tables_and_the_diagram(self):
        for name in ("usual", "hostile"):
            page = self.open(name, width=360)
            self.assertEqual(page.get_by_role("heading", level=1).count(), 1)
            self.assertEqual(page.get_by_role("img").count(), 1, "bars are not read, the diagram is")
            for title in ("Main figures", "Paths", "Layers", "Where it arises", "What if", "Dependents", "All indicators"):
                self.assertEqual(page.get_by_role("region", name=title, exact=True).count(), 1, title)
            profile = page.get_by_role("table", name="Figures of the subject")
            self.assertEqual(profile.get_by_role("columnheader").count(), 6)
            self.assertGreaterEqual(profile.get_by_role("cell").count(), 10)

    def test_screenshots_are_kept(self):
        for name in SHOWN:
            for width, scheme in ((360, "light"), (1200, "light"), (1200, "dark")):
                file = KEPT / f"{name.replace(' ', '-')}-{width}-{scheme}.png"
                self.open(name, width, scheme).screenshot(path=file, full_page=True)
                self.assertGreater(file.stat().st_size, 10_000)
