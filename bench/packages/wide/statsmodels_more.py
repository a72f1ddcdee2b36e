"""statsmodels: time series, generalised models, tests."""

import numpy as np
import statsmodels.api as sm
from statsmodels.tsa.arima.model import ARIMA
from statsmodels.tsa.stattools import adfuller

rng = np.random.default_rng(0)
y = rng.normal(size=60).cumsum()
print(np.round(ARIMA(y, order=(1, 1, 0)).fit().params, 3).tolist(), round(adfuller(y)[0], 4))
x = sm.add_constant(rng.normal(size=60))
print(np.round(sm.GLM(y > 0, x, family=sm.families.Binomial()).fit().params, 3).tolist())
print(sm.OLS(y, x).fit().summary().as_text()[:30].strip(), sm.nonparametric.lowess(y, x[:, 1]).shape)
