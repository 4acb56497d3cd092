"""The page about studies at scale computes where each service is full from what was measured."""

from benchmarks.scale_page import EPOCHS, OTHER_REQUESTS, page

RECORD = {
    "machine": {"date": "2026-01-01T00:00", "cores": 2, "cpu": "a CPU", "memory_gib": 8.0},
    "max_connections": 100,
    "suggestions": [{"trials": 100, "first": 0.5, "claim": 0.2}],
    "beside": [{"running": 10, "claim": 6.0, "look": 0.1}],
    "busy": {"trials": 10, "workers": 4, "of_trials": 2.0, "ideal": 0.0, "transactions": 600, "report": 0.01},
    "sleeping": {
        **{"trials": 100, "workers": 100, "of_trials": 70.0, "ideal": 60.0, "transactions": 6000},
        "report": 0.01,
        "connections": 2.0,
    },
    "recording": [{"clients": 1, "runs": 0.5, "writes": 16.0}, {"clients": 4, "runs": 1.0, "writes": 32.0}],
}


def test_services_are_full_at_what_they_take_by_what_a_worker_asks() -> None:
    rows = [line.strip("| ").split(" | ") for line in page(RECORD).splitlines() if line.startswith("| 1 min")]
    computed, walls = rows
    assert computed[1] == "10.0%", "a claim of 6 s of a minute"
    connections = 100 / 2.0
    requests = 32.0 / ((EPOCHS + OTHER_REQUESTS) / 60)
    transactions = 300.0 / (60 / 60 + 3 / 20)  # 60 a trial of a minute, and 3 a renewal each 20 s
    assert walls[1:] == [f"{connections:.0f}", f"{requests:.0f}", f"{transactions:.0f}"]
