"""The whole page. It loads nothing and runs nothing: its policy allows styles inside the page and forbids everything else."""

import datetime
from pathlib import Path

import labels
import sections
from documents import Documents
from overview import overview
from whatif import whatif

STYLE = Path(__file__).with_name("page.css")
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def page(of: Documents, top: int) -> str:
    """The text of the file."""
    subject = of.assessment["subject"]
    title = labels.text(f"{subject['sector']}, {subject['region']}: supply chain assessment")
    body = [
        overview(of), sections.layers(of.assessment), sections.paths(of.assessment), sections.contributions(of, top), whatif(of),
        sections.dependents(of.dependents), sections.profile(of.profile), sections.about(of, datetime.date.today().isoformat()),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">\n'
        f'<meta name="referrer" content="no-referrer"><title>{title}</title>\n<style>\n{STYLE.read_text()}</style></head>\n'
        f'<body><main>\n{"".join(body)}</main></body></html>\n'
    )
