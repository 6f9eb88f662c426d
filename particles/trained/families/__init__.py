"""The families that are known, one file of names each."""

from particles.trained.families.albert import ALBERT
from particles.trained.families.bert import BERT
from particles.trained.families.family import Family

FAMILIES: dict[str, Family] = {family.model_type: family for family in (ALBERT, BERT)}
"""By what config.json calls them."""
