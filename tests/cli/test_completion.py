"""Completion in a shell."""

import subprocess
import sys

import pytest

from rivervalley.cli import main
from rivervalley.cli.main import COMMANDS


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_every_command_is_completed(shell, capsys):
    pytest.importorskip("shtab")
    assert main(["--print-completion", shell]) == 0
    out = capsys.readouterr().out
    assert all(command in out for command in COMMANDS) and "--decay-fraction" in out


@pytest.mark.slow
def test_bash_completes_commands_options_and_files(tmp_path):
    pytest.importorskip("shtab")
    program = 'import sys; from rivervalley.cli import main; sys.exit(main(["--print-completion", "bash"]))'
    script = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    (tmp_path / "completion.sh").write_text(script)
    (tmp_path / "sweep.toml").write_text("")
    ask = """
        source completion.sh
        complete_words() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _shtab_rivervalley; echo "${COMPREPLY[@]}"; }
        complete_words rivervalley val; complete_words rivervalley sweep --sh; complete_words rivervalley sweep sw
    """
    done = subprocess.run(["bash", "-c", ask], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert [line.strip() for line in done.stdout.splitlines()] == ["validate", "--shard", "sweep.toml"]


def test_without_shtab_it_is_one_line(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "shtab", None)
    assert main(["--print-completion", "bash"]) == 2
    assert capsys.readouterr().err == "rivervalley: --print-completion needs shtab: pip install 'rivervalley[completion]'\n"
