"""Which texts the character sets of MySQL hold: what they lack is stored as a question mark."""

from __future__ import annotations

from vpopmail.errors import InvalidCharacter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# MySQL's names, and Python's for the same letters. Of one that is not here ASCII is stored only.
_CODECS = {
    "": "utf-8",
    "ascii": "ascii",
    "big5": "big5",
    "cp1250": "cp1250",
    "cp1251": "cp1251",
    "cp1256": "cp1256",
    "cp1257": "cp1257",
    "cp850": "cp850",
    "cp852": "cp852",
    "cp866": "cp866",
    "cp932": "cp932",
    "eucjpms": "euc_jp",
    "euckr": "euc_kr",
    "gb18030": "gb18030",
    "gb2312": "gb2312",
    "gbk": "gbk",
    "greek": "iso8859_7",
    "hebrew": "iso8859_8",
    "koi8r": "koi8_r",
    "koi8u": "koi8_u",
    "latin1": "cp1252",
    "latin2": "iso8859_2",
    "latin5": "iso8859_9",
    "latin7": "iso8859_13",
    "sjis": "shift_jis",
    "ucs2": "utf-16",
    "ujis": "euc_jp",
    "utf16": "utf-16",
    "utf16le": "utf-16",
    "utf32": "utf-32",
    "utf8": "utf-8",
    "utf8mb3": "utf-8",
    "utf8mb4": "utf-8",
}
# Those that end with the basic plane of Unicode.
_BASIC = frozenset({"ucs2", "utf8", "utf8mb3"})


def checked_text(value: Any, charset: str) -> Any:
    """A text that a column can hold; other values as they are.

    Args:
        value: of any kind.
        charset: of the column, as MySQL calls it; ``""``: one that has all of Unicode.

    Raises:
        InvalidCharacter: the text has bytes that are no UTF-8, NUL, or letters that the character
            set lacks, or takes for others.
    """
    if not isinstance(value, str):
        return value
    if "\0" in value:
        raise InvalidCharacter("", "a NUL")
    if not _is_kept(value, charset) or (charset in _BASIC and max(value, default="") > "\uffff"):
        raise InvalidCharacter("", f"the database cannot store it in {charset or 'UTF-8'}")
    return value


def _is_kept(text: str, charset: str) -> bool:
    codec = _CODECS.get(charset, "ascii")
    try:
        return text.encode(codec).decode(codec) == text
    except UnicodeError:
        return False
