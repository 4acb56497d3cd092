"""Headless Chromium, where one is installed."""

import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
MISSING = "no browser: install the Debian packages chromium and chromium-driver"
FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --hide-scrollbars --window-size=1600,2600"
)


class Page:
    """What the browser shows."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def open(self, address: str) -> None:
        """Go there; a page that differs in its fragment alone is loaded anew too."""
        self.driver.get("about:blank")
        self.driver.get(address)

    @property
    def text(self) -> str:
        """What is written on it."""
        return str(self.driver.find_element(By.TAG_NAME, "body").text)

    def wait_for(self, *words: str, seconds: float = 60) -> str:
        """What is written on it once all of these words are."""
        deadline = time.monotonic() + seconds
        while not all(word in self.text for word in words):
            assert time.monotonic() < deadline, f"no {words} in:\n{self.text}"
            time.sleep(0.3)
        return self.text

    def pictures(self, at_least: int, seconds: float = 60) -> int:
        """How many pictures are there, once there are so many with pixels in them."""
        deadline = time.monotonic() + seconds
        while (found := self._loaded()) < at_least:
            assert time.monotonic() < deadline, f"{found} pictures, expected {at_least}"
            time.sleep(0.3)
        return found

    def follow(self, words: str) -> None:
        """Go where a link leads that is named by these words; the UI would open another tab."""
        link = self.driver.find_element(By.PARTIAL_LINK_TEXT, words).get_attribute("href")
        self.open(str(link))

    def shoot(self, name: str) -> None:
        """Keep a screenshot, in the folder that SCREENSHOTS names."""
        folder = Path(os.environ.get("SCREENSHOTS", ""))
        if os.environ.get("SCREENSHOTS"):
            folder.mkdir(parents=True, exist_ok=True)
            self.driver.save_screenshot(str(folder / f"{re.sub(r'[^a-z0-9]+', '_', name)}.png"))

    def _loaded(self) -> int:
        script = "return [...document.images].filter(each => each.naturalWidth > 40).length"
        return int(self.driver.execute_script(script))


@contextmanager
def browsing() -> Iterator[Page]:
    """A page of a browser of its own."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in FLAGS.split():
        options.add_argument(flag)
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        options.add_argument(f"--user-data-dir={folder}")
        driver = webdriver.Chrome(options, Service(DRIVER))
        try:
            yield Page(driver)
        finally:
            driver.quit()
