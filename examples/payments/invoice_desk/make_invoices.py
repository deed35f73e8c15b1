"""Writes a folder of invoices, text and PDF; the same seed writes the same files, byte for byte.

`python -m invoice_desk.make_invoices FOLDER [--seed N]`. It does not know what becomes of them.
"""

import argparse
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from fpdf import FPDF

from invoice_desk.cases import EVERY, Draft, Kind, draft
from invoice_desk.money import shown
from invoice_desk.vendors import known_vendors

PRINTED = datetime(2026, 1, 2, tzinfo=UTC)
BROKEN_SHARE = 3
LINE_MM = 6
NOTHING_MM = 0.1


class Made(msgspec.Struct, frozen=True):
    """One file of the folder, and what is true of it."""

    file: str
    kind: Kind
    vendor: str
    number: str
    amount_cents: int


def make(folder: Path, seed: int, kinds: Sequence[Kind] = EVERY) -> tuple[Made, ...]:
    """Write an invoice of each of these kinds, every other one as PDF; return what was written."""
    folder.mkdir(parents=True, exist_ok=True)
    chance, vendors = random.Random(seed), known_vendors()  # noqa: S311 - play money needs no secrets
    made: list[Made] = []
    drafts: list[Draft] = []
    for count, kind in enumerate(kinds):
        paper = draft(kind, vendors, count, chance)
        if kind == "duplicate" and drafts:
            paper = drafts[0]
        drafts.append(paper)
        name = f"{count + 1:02d}-{paper.number.lower()}"
        file = _write(folder, name, paper, kind, as_pdf=count % 2 == 1 or kind in {"broken", "injection"})
        made.append(Made(file, kind, paper.vendor.name, paper.number, paper.amount_cents))
    return tuple(made)


def _write(folder: Path, name: str, paper: Draft, kind: Kind, *, as_pdf: bool) -> str:
    if not as_pdf:
        path = folder / f"{name}.txt"
        path.write_text("\n".join(paper.lines) + "\n", "utf-8")
        return path.name
    path = folder / f"{name}.pdf"
    content = _printed(paper)
    path.write_bytes(content[: len(content) // BROKEN_SHARE] if kind == "broken" else content)
    return path.name


def _printed(paper: Draft) -> bytes:
    """Return the PDF; what is meant for a machine alone stands there in white, and tiny."""
    pdf = FPDF()
    pdf.set_creation_date(PRINTED)
    pdf.add_page()
    for line in paper.lines:
        hidden = line == paper.remark and paper.kind == "injection"
        pdf.set_font("Courier", size=1 if hidden else 11)
        pdf.set_text_color(255 if hidden else 0)
        pdf.cell(0, NOTHING_MM if hidden else LINE_MM, line, new_x="LMARGIN", new_y="NEXT")
    return bytes(pdf.output())


def main() -> None:
    """Write the folder that the command line names, and print what is in it."""
    parser = argparse.ArgumentParser(description="Write a folder of invoices, some of them bad.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    for one in make(arguments.folder, arguments.seed):
        print(f"{one.file:24} {one.kind:15} {shown(one.amount_cents):>12}  {one.vendor}")  # noqa: T201 - it is a script


if __name__ == "__main__":
    main()
