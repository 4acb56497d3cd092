"""How much of the machine others used while a program trained: the evidence that it was quiet, or that it was not."""

import time

import psutil


class Company:
    """Measures others' share of all cores during the rounds of one process."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._begin = self._reading()

    def begin(self) -> None:
        """A round begins."""
        self._begin = self._reading()

    def share(self) -> float:
        """Core time since then that neither the process used nor nobody, 0 to 1."""
        passed, busy, own = (now - before for now, before in zip(self._reading(), self._begin, strict=True))
        return max(0.0, busy - own) / (passed * psutil.cpu_count())

    def _reading(self) -> tuple[float, float, float]:
        """Seconds: on the clock, of core time in use on the machine, of core time in use by the process."""
        times, own = psutil.cpu_times(), self._process.cpu_times()
        # The kernel counts a guest's time as its user's too.
        free = sum(getattr(times, name, 0.0) for name in ("idle", "iowait", "guest", "guest_nice"))
        return time.perf_counter(), sum(times) - free, own.user + own.system
