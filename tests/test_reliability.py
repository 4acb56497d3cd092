"""The page about faults says what the tests of faults say."""

from reliability import GROUPS, PAGE, faults, page


def test_the_page_is_what_the_tests_say() -> None:
    assert PAGE.read_text() == page(), "write it anew: python tests/reliability.py"


def test_every_fault_has_a_promise_and_a_section() -> None:
    known = list(faults())
    assert {each.group for each in known} == set(GROUPS)
    for each in known:
        assert each.promise.endswith("."), each.test
        assert "|" not in each.fault + each.promise, each.test
    assert len({each.fault for each in known}) == len(known) >= 30
