"""The coverage-guided fuzzer.

    python -m tests.fuzz.fuzz_atheris [target ...] [--seconds N] [--keep]

Each target runs in a process of its own, on a copy of its corpus and its past findings. What
fails is written to ``findings/<target>`` and fails the tests from then on; give it a name that
says what it is. Afterwards all that the fuzzer found worth keeping is tried again for its cost,
without instrumentation. ``--keep`` adds the smallest of it to the corpus. Needs atheris.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from hashlib import sha1
from pathlib import Path

from . import cost
from .targets import TARGETS

HERE = Path(__file__).parent
# A warning is a finding too: who runs the library may make errors of them.
CHILD = (sys.executable, "-W", "error", "-m", "tests.fuzz.fuzz_atheris", "--child")
CORPUS = HERE / "corpus"
FINDINGS = HERE / "findings"
LONGEST = 4096  # bytes of an input
KEPT_SIZE = 2048
KEPT_FILES = 24
HANGING = 10  # seconds for one input, instrumented as it is


class Result:
    """What came of a run: how many inputs, and the files of those that failed."""

    def __init__(self, inputs: int, findings: list[Path]) -> None:
        self.inputs = inputs
        self.findings = findings


def fuzz(name: str, seconds: int, work: Path, *, keep: bool = False) -> Result:
    """Run the fuzzer on a target, in a child process.

    Args:
        name: of the target.
        seconds: how long.
        work: an empty directory, for the growing corpus and the log.
        keep: whether to add what it found worth keeping to the corpus.
    """
    growing, log, findings = work / "corpus", work / "log", FINDINGS / name
    growing.mkdir()
    findings.mkdir(parents=True, exist_ok=True)
    before = set(findings.iterdir())
    (work / "words").write_text("".join(map(_word, TARGETS[name].words)))
    options = [
        f"-max_total_time={seconds}",
        f"-max_len={LONGEST}",
        f"-timeout={HANGING}",
        "-rss_limit_mb=2048",
        f"-dict={work / 'words'}",
        f"-artifact_prefix={findings}/",
        "-print_final_stats=1",
    ]
    seeds = [str(path) for path in (CORPUS / name, findings) if path.is_dir()]
    with log.open("wb") as output:
        subprocess.run(
            [*CHILD, name, *options, str(growing), *seeds],
            cwd=HERE.parent.parent,
            check=False,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    told = log.read_text(errors="replace")
    done = re.search(r"stat::number_of_executed_units:\s*(\d+)", told)
    _write_slow(name, growing, findings)
    if keep:
        _keep(name, growing, work / "merged")
    if not any(findings.iterdir()):
        findings.rmdir()
        return Result(int(done[1]) if done else 0, [] if done else [log])
    new = sorted(set(findings.iterdir()) - before)
    return Result(int(done[1]) if done else 0, new if done or new else [log])


def _write_slow(name: str, growing: Path, findings: Path) -> None:
    for path in growing.iterdir():
        data = path.read_bytes()
        try:
            cost.check(TARGETS[name].run, data)
        except cost.TooSlow:
            (findings / f"slow-{path.name}").write_bytes(data)


def _keep(name: str, growing: Path, merged: Path) -> None:
    """Add the smallest set of inputs that reaches what the corpus does not, few and small ones."""
    shutil.copytree(CORPUS / name, merged)
    for one in merged.iterdir():
        one.rename(merged / f"seed-{one.name}")
    subprocess.run(
        [
            *(*CHILD, name, "-merge=1", f"-max_len={KEPT_SIZE}"),
            *(str(merged), str(growing)),
        ],
        cwd=HERE.parent.parent,
        check=False,
        capture_output=True,
    )
    new = [path for path in merged.iterdir() if not path.name.startswith("seed-")]
    room = KEPT_FILES - len(list((CORPUS / name).iterdir()))
    for path in sorted(new, key=lambda path: path.stat().st_size)[: max(room, 0)]:
        shutil.copy(path, CORPUS / name / f"reached-{path.name[:12]}")


def _word(word: bytes) -> str:
    return '"' + "".join(f"\\x{byte:02x}" for byte in word) + '"\n'


def _child(arguments: list[str]) -> None:
    """Fuzz in this process; the library, the targets and the TOML reader are instrumented."""
    import atheris

    instrumented = ["vpopmail", "tests", "tomllib"]
    for module in [name for name in sys.modules if name.split(".")[0] in instrumented]:
        del sys.modules[module]
    with atheris.instrument_imports(include=instrumented):
        import tomllib  # noqa: F401 - the library imports it when it is used

        from tests.fuzz import targets
    name, *options = arguments
    run = targets.TARGETS[name].run

    def kept(data: bytes) -> None:
        """As libFuzzer keeps what fails, but before the process begins to end."""
        try:
            run(data)
        except BaseException:
            (FINDINGS / name / f"crash-{sha1(data).hexdigest()}").write_bytes(data)
            raise

    # libFuzzer gives its first word to the shell, when it starts itself again to merge.
    atheris.Setup([" ".join([*CHILD, name]), *options], kept)
    atheris.Fuzz()


def main(arguments: list[str]) -> int:
    """Fuzz the targets named, or all; the number of those with findings."""
    if arguments[:1] == ["--child"]:
        _child(arguments[1:])
        return 0
    parser = argparse.ArgumentParser(description="Fuzz the formats, guided by coverage.")
    parser.add_argument("target", nargs="*", choices=[*TARGETS, []], help="by default all")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--keep", action="store_true", help="add what is found to the corpus")
    chosen = parser.parse_args(arguments)
    failed = 0
    for name in chosen.target or TARGETS:
        with tempfile.TemporaryDirectory() as work:
            result = fuzz(name, chosen.seconds, Path(work), keep=chosen.keep)
            if result.findings and result.findings[0].name == "log":
                print(result.findings[0].read_text(errors="replace")[-3000:])
        told = ", ".join(path.name for path in result.findings) or "nothing"
        print(f"{name}: {result.inputs} inputs, found {told}", flush=True)
        failed += bool(result.findings)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
