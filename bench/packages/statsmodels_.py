"""statsmodels: ordinary least squares, arrays and a formula."""

import numpy as np
import statsmodels.api as sm
import statsmodels.formula.api as smf

x = np.arange(8.0)
y = 2 * x + 1 + np.array([0.1, -0.1] * 4)
print(np.round(sm.OLS(y, sm.add_constant(x)).fit().params, 4).tolist())
print(np.round(smf.ols("y ~ x", {"x": x, "y": y}).fit().rsquared, 6))
