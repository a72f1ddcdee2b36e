"""scipy: filters and labels of images."""

import numpy as np
from scipy import ndimage

image = np.zeros((8, 8))
image[2:4, 2:4] = image[6, 6] = 1
print(ndimage.label(image)[1], round(float(ndimage.gaussian_filter(image, 1).max()), 6))
