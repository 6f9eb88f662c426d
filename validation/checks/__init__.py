"""Checks of the papers' claims: a file for each section of a paper, a function for each claim.

Every module here is imported by the registry when somebody first asks for checks.
"""
