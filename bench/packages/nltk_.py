"""nltk: stems and n-grams."""

from nltk import ngrams
from nltk.stem import PorterStemmer

print(PorterStemmer().stem("running"), list(ngrams([1, 2, 3], 2)))
