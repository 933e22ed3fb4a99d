"""Whether a series of samples rises: ordinary least squares with Newey-West standard errors.

Samples of one process depend on each other (a cache that has just grown stays grown), so the usual standard error is too
small. Newey and West's estimator (Econometrica 55, 1987) weighs the autocovariances up to a lag, here the square root of
the number of samples: longer than their usual rule, so that a slow wave is not taken for a trend.

A single step looks like a slope to any regression. Each measure therefore has a floor, below which a rise is not a leak
whatever the interval says; each floor is explained where it is chosen (soak.py).
"""

from dataclasses import dataclass
from math import sqrt


@dataclass(frozen=True)
class Slope:
    """The rise of a series for one unit of its abscissa, with the half width of its 95% interval."""

    mean: float
    rise: float
    margin: float
    floor: float

    @property
    def is_rising(self):
        """Whether the whole interval lies above zero and above the floor."""
        return self.rise - self.margin > 0 and self.rise - self.margin > self.floor


def slope(xs, ys, floor=0.0):
    """The slope of `ys` over `xs`."""
    count = len(xs)
    assert count >= 20, "too few samples"
    middle_x, middle_y = sum(xs) / count, sum(ys) / count
    spread = sum((x - middle_x) ** 2 for x in xs)
    rise = sum((x - middle_x) * (y - middle_y) for x, y in zip(xs, ys)) / spread
    scores = [(x - middle_x) * (y - middle_y - rise * (x - middle_x)) for x, y in zip(xs, ys)]
    lags = round(sqrt(count))
    variance = sum(score * score for score in scores)
    for lag in range(1, lags + 1):
        weight = 1 - lag / (lags + 1)
        variance += 2 * weight * sum(one * other for one, other in zip(scores, scores[lag:]))
    # Student's t for 95%, close enough for 20 samples and more; the factor is the usual one for few samples.
    quantile = 1.96 + 2.5 / (count - 2)
    margin = quantile * sqrt(max(variance, 0) * count / (count - 2)) / spread
    return Slope(middle_y, rise, margin, floor)
