"""A fault point acts once, where it is armed, and nowhere in production."""

import os
import subprocess
import sys

WALK = "from zalopolice import faults\nfor _ in range(4): faults.point('a.b'); print('passed', flush=True)"


def walk(folder, **environment):
    clean = {"PATH": os.environ["PATH"], "ZALOPOLICE_FAULTS": str(folder), **environment}
    return subprocess.run([sys.executable, "-c", WALK], env=clean, capture_output=True, text=True, check=False)


def test_a_process_dies_at_the_armed_reach_and_only_once(tmp_path):
    (tmp_path / "a.b").write_text("kill 3")

    died = walk(tmp_path, ZALOPOLICE_DEMO="1")
    lived = walk(tmp_path, ZALOPOLICE_DEMO="1")

    assert died.returncode == -9 and died.stdout.count("passed") == 2
    assert lived.returncode == 0 and lived.stdout.count("passed") == 4


def test_an_armed_exception_is_raised(tmp_path):
    (tmp_path / "a.b").write_text("raise")

    assert "Injected" in walk(tmp_path, ZALOPOLICE_DEMO="1").stderr


def test_outside_the_demo_nothing_happens(tmp_path):
    (tmp_path / "a.b").write_text("kill")

    assert walk(tmp_path).returncode == 0
    assert (tmp_path / "a.b").exists()
