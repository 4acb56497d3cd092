"""Pages about a package of one's own are followed to the letter, in an empty folder."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from checkout import SMALL, Checkout
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
def test_what_the_page_says_works(checkout: Checkout, tmp_path: Path, page: Path) -> None:
    for name, text in ({"mine/__init__.py": ""} | _files(page)).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    [shown] = [
        line
        for block in blocks("sh")
        if block.page == page
        for line in block.text.splitlines()
        if "--config-dir" in line
    ]
    environment = checkout.environment()
    environment["PYTHONPATH"] = os.pathsep.join([str(tmp_path), str(checkout.root)])
    assert shown.startswith("PYTHONPATH=. python ")
    command = shown.removeprefix("PYTHONPATH=. python ")
    small = " ".join(each for each in SMALL if not each.startswith("model."))
    done = subprocess.run(
        f"{sys.executable} {command} {small} tracking.experiment={page.stem}",
        shell=True,
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    [run] = checkout.runs(page.stem)
    assert run.info.status == "FINISHED"


def test_pages_are_found() -> None:
    assert {page.stem for page in FOLLOWED} == {"own_architecture", "own_objective"}
