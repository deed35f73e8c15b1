"""What can be quoted is a slice of its passage, and a whole sentence, item, row or piece of code."""

from interlock.effects.offline.sentences import spans


def cut(text: str) -> list[tuple[str, str]]:
    return [(span.form, text[span.start : span.end]) for span in spans(text)]


def test_sentences_end_at_full_stops_that_are_no_abbreviations() -> None:
    text = "Use a lock, e.g. An RLock. It blocks (see below). Is it\nfree? Yes."
    assert cut(text) == [
        ("sentence", "Use a lock, e.g. An RLock."),
        ("sentence", "It blocks (see below)."),
        ("sentence", "Is it\nfree?"),
        ("sentence", "Yes."),
    ]


def test_list_items_are_quoted_without_their_markers() -> None:
    text = "There are two ways to do it:\n- the first way is slow.\n- the second way is fast."
    assert [quote for _, quote in cut(text)] == [
        "There are two ways to do it:",
        "the first way is slow.",
        "the second way is fast.",
    ]
    assert len({span.paragraph for span in spans(text)}) == 3


def test_each_row_of_a_table_stands_by_itself() -> None:
    text = "| name | port |\n| --- | --- |\n| log | 4222 |"
    assert cut(text) == [("item", "| name | port |"), ("item", "| log | 4222 |")]


def test_code_stays_in_one_piece() -> None:
    text = "Start it so.\n\n    run()\n    stop()\n\n```sh\nmake demo\n```"
    assert [form for form, _ in cut(text)] == ["sentence", "code", "code"]


def test_a_signature_is_a_label_not_a_sentence() -> None:
    assert cut("os.cpu_count()\n\nReturn the number of CPUs.") == [
        ("label", "os.cpu_count()"),
        ("sentence", "Return the number of CPUs."),
    ]
