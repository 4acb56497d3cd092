"""Pages about a package of one's own are followed to the letter, in an empty folder."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from checkout import SMALL, Checkout, free_port
from shown_commands import blocks, pages

FOLLOWED = [
    page
    for page in pages()
    if "--config-dir mine/conf" in page.read_text("utf-8") and "```python" in page.read_text("utf-8")
]


def _files(page: Path) -> dict[str, str]:
    """The files that the page has its readers write, by the paths that it gives them."""
    named = [
        (re.search(r"`(mine/[\w/]+\.(?:py|yaml))`", block.before), block)
        for block in blocks("python|yaml")
        if block.page == page
    ]
    return {found[1]: block.text for found, block in named if found}


@pytest.mark.parametrize("page", FOLLOWED, ids=lambda page: page.stem)
@pytest.mark.slow
def test_what_the_page_says_works(checkout: Checkout, tmp_path: Path, page: Path) -> None:
    for name, text in ({"mine/__init__.py": ""} | _files(page)).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    lines = [line for block in blocks("sh") if block.page == page for line in block.text.splitlines()]
    commands = [line.removeprefix("PYTHONPATH=. python ") for line in lines if line.startswith("PYTHONPATH=. python ")]
    small = " ".join(each for each in SMALL if not each.startswith("model."))
    environment = checkout.environment()
    environment["PYTHONPATH"] = os.pathsep.join([str(tmp_path), str(checkout.root)])
    run_id = ""
    for command in commands:
        more = f"{small} tracking.experiment={page.stem}" if "pipeline.train" in command else ""
        done = _typed(f"{command} {more}".replace("<run>", run_id), tmp_path, environment)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        assert "Without pictures" not in done.stdout
        run = checkout.runs(page.stem)[0]
        assert run.info.status == "FINISHED"
        run_id = run.info.run_id
    assert len(commands) >= 2, "which train, and use what was trained"
    without = _typed(f"-m pipeline.generate run={run_id}", tmp_path, environment)
    before = run.data.tags["trusted_code"]
    (tmp_path / "mine" / "further.py").write_text("FURTHER = True")
    reproduced = _typed(f"-m pipeline.reproduce run={run_id} 'trusted=[mine]'", tmp_path, environment)
    assert "bit-identical" in reproduced.stdout, reproduced.stderr
    assert f"trusted_code was {before}, is " in reproduced.stdout
    if page.stem == "own_objective":
        begun = _typed(
            f"-m pipeline.train init={run_id} 'trusted=[mine]' {small} tracking.experiment=begun", tmp_path, environment
        )
        assert begun.returncode == 0, begun.stderr
        port = free_port()
        with checkout.start_anew(
            *("pipeline.serve", f"run={run_id}", f"port={port}", "trusted=[mine]"), env=environment
        ) as server:
            assert server.stdout
            assert any(f"answers at http://127.0.0.1:{port}/" in line for line in server.stdout)
            server.send_signal(signal.SIGINT)
        assert without.returncode == 2
        assert "was trained with mine.schedules.SquareRoot, which its model needs. If you trust" in without.stderr
        assert "set trusted=[mine]" in without.stderr
        environment["PYTHONPATH"] = str(checkout.root)
        lost = _typed(f"-m pipeline.generate run={run_id} 'trusted=[mine]'", checkout.root, environment)
        assert "(No module named 'mine'). Is the folder that has it in PYTHONPATH?" in lost.stderr
    else:
        assert without.returncode == 0, without.stderr


def _typed(command: str, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        f"{sys.executable} {command}",
        shell=True,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_pages_are_found() -> None:
    assert {page.stem for page in FOLLOWED} == {"own_architecture", "own_objective"}
