"""Options as getopt(3) takes them."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpopmail.commands.terminal.options import Misuse, parse


@pytest.mark.parametrize(
    ("words", "options", "arguments"),
    [
        (["-v", "joe"], [("v", None)], ["joe"]),
        (["-vq", "10M", "joe"], [("v", None), ("q", "10M")], ["joe"]),
        (["-q10M", "joe"], [("q", "10M")], ["joe"]),
        (["-r12"], [("r", "12")], []),
        (["-r", "12"], [("r", None)], ["12"]),
        (["joe", "-v"], [("v", None)], ["joe"]),
        (["-v", "--", "-q"], [("v", None)], ["-q"]),
        (["-q", "--", "joe"], [("q", "--")], ["joe"]),
        (["-", "-v"], [("v", None)], ["-"]),
        (["-q", ""], [("q", "")], []),
    ],
)
def test_options_and_arguments(
    words: list[str], options: list[tuple[str, str | None]], arguments: list[str]
) -> None:
    assert parse(words, "vq:r::") == (options, arguments)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["-Z"], "invalid option -- 'Z'"),
        (["-vZ", "joe"], "invalid option -- 'Z'"),
        (["-:"], "invalid option -- ':'"),
        (["-q"], "option requires an argument -- 'q'"),
        (["joe", "-vq"], "option requires an argument -- 'q'"),
        (["--help"], "invalid option -- '-'"),
    ],
)
def test_what_is_no_option_is_told_as_getopt_tells_it(words: list[str], complaint: str) -> None:
    with pytest.raises(Misuse) as misuse:
        parse(words, "vq:r::")
    assert misuse.value.complaint == complaint


@pytest.mark.skipif(shutil.which("getopt") is None, reason="the program getopt is not installed")
@given(st.lists(st.text("vqr-:Zab1", min_size=0, max_size=4), max_size=5))
def test_it_tells_them_apart_as_the_getopt_of_the_c_library(words: list[str]) -> None:
    # Options of more than a letter are none of ours; getopt(1) knows them.
    words = [word for word in words if not word.startswith("--") or word == "--"]
    done = subprocess.run(
        ["getopt", "-u", "-o", "vq:r::", "--", *words], capture_output=True, text=True
    )
    try:
        options, arguments = parse(words, "vq:r::")
    except Misuse as misuse:
        assert done.returncode == 1
        assert f"getopt: {misuse.complaint}" == done.stderr.partition("\n")[0]
        return
    assert done.returncode == 0
    shown = "".join(f" -{letter}" + ("" if letter == "v" else f" {value or ''}") for letter, value in options)
    assert done.stdout == f"{shown} --{''.join(f' {word}' for word in arguments)}\n"
