"""Advice for PEP 810: which import statements of a project can be lazy, by measured first use and by its code."""
