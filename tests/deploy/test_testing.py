"""./run test in two parts: no result of either gets lost, and no two processes share a table."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from deploy.local import testing
from tests.conftest import pytest_xdist_setupnodes

REPORT = '<testsuites><testsuite tests="7" failures="1" errors="2" skipped="1"></testsuite></testsuites>'


def test_each_process_is_told_one_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZALOPOLICE_WORKERS", json.dumps([{"DATABASE_URL": "one"}, {"DATABASE_URL": "two"}]))
    specs = [SimpleNamespace(env={}) for _ in range(2)]

    pytest_xdist_setupnodes(specs)

    assert [spec.env for spec in specs] == [{"DATABASE_URL": "one"}, {"DATABASE_URL": "two"}]
    with pytest.raises(pytest.UsageError):
        pytest_xdist_setupnodes([*specs, SimpleNamespace(env={})])


@pytest.mark.parametrize(("codes", "result"), [((0, 0), 0), ((1, 0), 1), ((0, 1), 1), ((3, 1), 3), ((2,), 2)])
def test_the_worse_part_decides(
    codes: tuple[int, ...], result: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All parts run whatever the first one says; only who interrupts it (2) has had enough."""
    left = list(codes)
    counts = {"passed": 3, "failed": 1, "errors": 0, "skipped": 2}
    monkeypatch.setattr(testing, "run_part", lambda title, *_: testing.Part(title, left.pop(0), 60.0, counts))

    assert testing.run_everything({}, []) == result

    assert left == []
    last = capsys.readouterr().err.splitlines()[-1]
    assert ("FAILED" in last) == bool(result)
    assert f"{3 * len(codes)} passed, {len(codes)} failed, {2 * len(codes)} skipped" in last


def test_a_report_is_counted_and_a_missing_one_is_no_success(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    assert testing.counted(report) == {}
    report.write_text("<testsuites>")
    assert testing.counted(report) == {}
    report.write_text(REPORT)
    assert testing.counted(report) == {"passed": 3, "failed": 1, "errors": 2, "skipped": 1}
