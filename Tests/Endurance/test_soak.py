"""A long life costs no more from one prediction to the next: CPU, memory, descriptors and threads have no slope.

`SOAK` says how many predictions (20,000); `make soak` has 100,000. What is sampled, and when a slope is one: soak.py.
"""

import os
import random
import sys

import pytest
from slope import slope
from soak import Soak, slopes

SOAK = int(os.environ.get("SOAK", 20000))


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_a_long_life_has_no_slope(tmp_path, record_property):
    soak = Soak(tmp_path, SOAK)
    soak.run(report=lambda text: print(text, flush=True))
    lines, rising = [], []
    for name, found in slopes(soak.samples, soak.mean_paces).items():
        lines.append(f"{name}: mean {found.mean:.2f}, {found.rise:+.4f} ± {found.margin:.4f} for 1,000 (floor {found.floor:.4f})")
        rising += lines[-1:] if found.is_rising else []
    for line in lines:
        record_property("figures", line)
    assert not rising, "\n".join(rising)


# -- that a slope would be noticed ---------------------------------------------------------------------------------------


def series(rise, noise=20.0, step=0.0):
    """80 samples around 12,000, with noise of which each sample keeps half."""
    chance, kept, ys = random.Random(1), 0.0, []
    for number in range(80):
        kept = kept / 2 + chance.gauss(0, noise)
        ys.append(12000 + rise * number + kept + (step if number > 40 else 0))
    return list(range(80)), ys


def test_a_leak_is_noticed():
    assert slope(*series(rise=32), floor=16).is_rising
    assert slope(*series(rise=1), floor=0).is_rising


def test_noise_and_one_step_are_no_leak():
    assert not slope(*series(rise=0), floor=0).is_rising
    assert not slope(*series(rise=0, step=256), floor=16).is_rising
    assert not slope(*series(rise=-5), floor=0).is_rising
