"""scikit-image: edges and regions of an image."""

import numpy as np
from skimage import filters, measure

image = np.zeros((12, 12))
image[3:6, 3:6] = image[8:11, 7:10] = 1
print(
    round(float(filters.sobel(image).max()), 5),
    [r.area for r in measure.regionprops(measure.label(image > 0))],
)
