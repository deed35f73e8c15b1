"""What a reader promises: passages are slices of the canonical text, with their lines in the file."""

from pathlib import Path

import pytest

from interlock.effects.documents.readers import read_bytes, read_document
from interlock.effects.documents.types import Skipped, Text

MARKDOWN = """# Orchard

Trees stand in rows.

## Harvest

Apples are picked in *September*,
pears a little later.

```sh
# not a heading
pick --all
```
"""

PAGE = b"""<!DOCTYPE html>
<html><head><title>Tools</title><script>var a = 1;</script></head>
<body><nav><a href="x">Elsewhere</a></nav>
<div role="main">
<h1>Tools<a class="headerlink" href="#t">\xc2\xb6</a></h1>
<p>A <em>saw</em> cuts
wood. It is
sharp.</p>
<dl class="py function">
<dt class="sig sig-object py" id="tools.cut"><span class="sig-prename descclassname">tools.</span><span
class="sig-name descname">cut</span>(wood)<a class="headerlink" href="#c">\xc2\xb6</a></dt>
<dd><p>Cut the wood in two.</p>
<pre>
tools.cut(log)
    done
</pre></dd></dl>
<ul><li><a href="a">Only a link</a></li></ul>
</div><footer>Imprint</footer></body></html>
"""


def read(data: bytes, name: str, tmp_path: Path) -> Text | Skipped:
    (tmp_path / name).write_bytes(data)
    return read_document(tmp_path / name, name)


def text_of(document: Text | Skipped) -> Text:
    assert isinstance(document, Text)
    return document


def passage_texts(document: Text) -> list[str]:
    return [document.text[passage.start : passage.end] for passage in document.passages]


def test_markdown_is_quoted_as_it_stands_with_its_headings(tmp_path: Path) -> None:
    document = text_of(read(MARKDOWN.encode(), "orchard.md", tmp_path))
    assert document.text == MARKDOWN
    harvest = document.passages[1]
    assert harvest.heading == ("Orchard", "Harvest")
    assert (harvest.first_line, harvest.last_line) == (7, 13)
    assert "*September*,\npears" in passage_texts(document)[1]


def test_a_comment_in_a_fence_is_no_heading(tmp_path: Path) -> None:
    document = text_of(read(MARKDOWN.encode(), "orchard.md", tmp_path))
    assert all("not a heading" not in part for passage in document.passages for part in passage.heading)


def test_windows_line_ends_stay_in_the_canonical_text(tmp_path: Path) -> None:
    document = text_of(read(b"One.\r\n\r\nTwo.\r\n", "a.txt", tmp_path))
    assert document.text == "One.\r\n\r\nTwo.\r\n"
    assert document.line_at(document.text.index("Two")) == 3


def test_html_prose_is_collapsed_and_furniture_is_left_out(tmp_path: Path) -> None:
    document = text_of(read(PAGE, "tools.html", tmp_path))
    assert "A saw cuts wood. It is sharp." in document.text
    assert "tools.cut(log)\n    done" in document.text
    for furniture in ("Elsewhere", "Imprint", "var a", "¶"):
        assert furniture not in document.text
    assert document.title == "Tools"


def test_html_lines_are_those_of_the_raw_file(tmp_path: Path) -> None:
    document = text_of(read(PAGE, "tools.html", tmp_path))
    lines = PAGE.decode().split("\n")
    for words in ("saw", "sharp.", "Cut the wood", "done"):
        assert words in lines[document.line_at(document.text.index(words)) - 1]


def test_a_definition_keeps_its_signature_and_its_text_together(tmp_path: Path) -> None:
    document = text_of(read(PAGE, "tools.html", tmp_path))
    (definition,) = [passage for passage in document.passages if passage.symbols]
    assert definition.symbols == ("tools.cut",)
    assert definition.heading == ("Tools", "tools.cut(wood)")
    assert document.text[definition.start : definition.end].startswith(
        "tools.cut(wood)\n\nCut the wood in two."
    )


def test_a_list_of_links_is_no_passage(tmp_path: Path) -> None:
    document = text_of(read(PAGE, "tools.html", tmp_path))
    assert all("Only a link" not in words for words in passage_texts(document))


def test_restructured_text_directives_name_what_they_define(tmp_path: Path) -> None:
    source = "Tools\n=====\n\nIntro.\n\n.. function:: cut(wood)\n\n   Cut it.\n"
    document = text_of(read(source.encode(), "tools.rst", tmp_path))
    assert document.passages[-1].symbols == ("cut",)
    assert document.passages[-1].heading == ("Tools", "cut(wood)")


def test_source_passages_begin_at_definitions_with_their_comments(tmp_path: Path) -> None:
    source = "import os\n\n\nclass Saw:\n    # sharp\n    def cut(self) -> None:\n        pass\n"
    document = text_of(read(source.encode(), "saw.py", tmp_path))
    assert [passage.symbols for passage in document.passages] == [(), ("Saw",), ("Saw.cut",)]
    assert passage_texts(document)[-1].startswith("# sharp\n    def cut")
    assert document.passages[-1].first_line == 5


@pytest.mark.parametrize(
    ("data", "name", "reason"),
    [
        (b"\x00\x01", "a.txt", "binary"),
        (b"\xff\xfa\xfb", "a.md", "UTF-8"),
        (b"%PDF-1.4 broken", "a.pdf", "PDF"),
        (b"a" * (8 * 1024 * 1024 + 1), "a.txt", "larger than 8 MiB"),
        (b"x", "a.jpeg", "not a kind"),
        (b"<p>\xff</p>", "a.html", "encoding"),
    ],
)
def test_what_cannot_be_read_is_told_with_a_reason(
    data: bytes, name: str, reason: str, tmp_path: Path
) -> None:
    document = read(data, name, tmp_path)
    assert isinstance(document, Skipped)
    assert reason in document.reason


def test_empty_files_of_every_kind_are_empty_texts() -> None:
    for kind in ("markdown", "plain", "rst", "html", "source"):
        assert text_of(read_bytes(b"", kind, "empty")).passages == ()


def test_control_characters_in_html_do_no_harm() -> None:
    document = text_of(read_bytes(b"<p>One\x0c<br>\x01 two</p>", "html", "a.html"))
    assert document.text == "One two"


def test_a_page_of_endless_depth_is_read() -> None:
    document = text_of(read_bytes(b"<div>" * 3_000 + b"deep", "html", "a.html"))
    assert isinstance(document.text, str)
