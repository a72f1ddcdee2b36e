"""scipy: distributions and a test."""

from scipy import stats

print(
    round(float(stats.norm.cdf(1.0)), 6), round(float(stats.ttest_ind([1, 2, 3, 4], [2, 3, 4, 6]).pvalue), 6)
)
