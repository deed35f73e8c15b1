"""Files that people write: one sentence for each that cannot be read."""

from pathlib import Path

import pytest

from interlock.console.errors import BadInput
from interlock.console.toml_file import MOST_BYTES, read_toml

LIKE = "[lamps.red]"


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"# caf\xe9\n", "byte 5 is not UTF-8 text; save it as UTF-8"),
        (b"#" * (MOST_BYTES + 1), "has more than 1,000,000 bytes: is it the right file?"),
        (b"lamps", "is not TOML: Expected '=' after a key in a key/value pair (at end of document)"),
        (b"a = " + b"[" * 5_000, "is not TOML: maximum recursion depth exceeded"),
        (b"\x00" * 9, "is not TOML: "),
    ],
    ids=["latin", "large", "no TOML", "deep", "binary"],
)
def test_what_is_wrong_is_said_with_the_file(tmp_path: Path, data: bytes, complaint: str) -> None:
    file = tmp_path / "lamps.toml"
    file.write_bytes(data)
    with pytest.raises(BadInput) as refused:
        read_toml(file, like=LIKE)
    assert str(refused.value).startswith(str(file))
    assert complaint in str(refused.value)
    assert "TOML" not in complaint or str(refused.value).endswith(f"write it like: {LIKE}")


def test_what_is_no_file_is_said_with_what_would_be(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"No such file or directory; name a file that holds \["):
        read_toml(tmp_path / "none", like=LIKE)
    with pytest.raises(BadInput, match="cannot be read: Is a directory"):
        read_toml(tmp_path, like=LIKE)
