"""Distributions: what is installed where, and which distribution a file belongs to.

`scan` lists the distributions on a `sys.path`, first come first served, as the import system would meet them;
`Environment.owners` maps a file to those that installed it, by the text of their RECORD, without touching the files.
"""

from lazyimp.distributions.conda import CondaPackage
from lazyimp.distributions.distribution import Distribution, canonical
from lazyimp.distributions.editable import Editable
from lazyimp.distributions.environment import Environment
from lazyimp.distributions.scan import scan

__all__ = ["CondaPackage", "Distribution", "Editable", "Environment", "canonical", "scan"]
