"""What a page says: its tags, texts, tables and exact figures."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "wbr"}
TAGS = {
    "html", "head", "meta", "title", "style", "body", "main", "header", "section", "aside", "p", "h1", "h2", "h3", "span", "b", "i", "bdi",
    "small", "code", "data", "time", "div", "dl", "dt", "dd", "ul", "ol", "li", "table", "caption", "thead", "tbody", "tr", "th", "td",
    "figure", "figcaption", "svg", "g", "defs", "pattern", "path", "rect", "text", "wbr", "tspan", "desc",
}


@dataclass
class Table:
    """Its caption, and its rows: the label without the bar, and the exact figures (None: not a figure)."""

    caption: str = ""
    rows: list[tuple[str, list[str | None]]] = field(default_factory=list)


class Page(HTMLParser):
    """Reads a page; an end tag that does not match is an error."""

    def __init__(self, text: str):
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self.figures: list[str] = []
        self.tables: list[Table] = []
        self.terms: dict[str, str | None] = {}
        self.titles: list[str] = []  # of nodes and links
        self._term, self._figure = "", None
        self.feed(text)
        self.close()
        if self.open:
            raise ValueError(f"not closed: {self.open}")

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attributes
        found = dict(attributes)
        if tag == "table":
            self.tables.append(Table())
        elif tag == "tr" and "tbody" in self.open:
            self.tables[-1].rows.append(("", []))
        elif tag == "td" and "tbody" in self.open:
            self._row()[1].append(None)
        elif tag == "dt":
            self._term = ""
        elif tag == "data":
            self.figures.append(found["value"])
            if "td" in self.open:
                self._row()[1][-1] = found["value"]
            elif "dd" in self.open:
                self.terms[self._term] = found["value"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attributes

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            raise ValueError(f"</{tag}> at {self.getpos()} closes another element")

    def handle_data(self, data: str) -> None:
        if "style" in self.open:
            return
        self.texts.append(data)
        if "caption" in self.open:
            self.tables[-1].caption += data
        elif "th" in self.open and "tbody" in self.open:
            label, figures = self._row()
            self.tables[-1].rows[-1] = (label + data, figures)
        elif "dt" in self.open:
            self._term += data
        elif "dd" in self.open and self._term not in self.terms:
            self.terms[self._term] = data
        elif self.open[-1:] == ["title"] and "svg" in self.open:
            self.titles.append(data)

    def _row(self) -> tuple[str, list[str | None]]:
        return self.tables[-1].rows[-1]

    def table(self, beginning: str, after: int = 0) -> Table:
        """The first table whose caption begins so, from the number `after` on."""
        return next(table for table in self.tables[after:] if table.caption.startswith(beginning))

    def text(self) -> str:
        """All texts in their order, white space as a browser shows it."""
        return " ".join("".join(self.texts).split())
