"""ALBERT: layers in groups that share their weights, and a narrow embedding that is normalised, then mapped to d

(arXiv 1909.11942).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from particles.trained.families.family import Family, dense, norm


def places(config: Mapping[str, Any]) -> list[str]:
    """Layer k of L belongs to group k G // L, and passes all layers inside it."""
    layers, groups, inner = (config[name] for name in ("num_hidden_layers", "num_hidden_groups", "inner_group_num"))
    at = [k * groups // layers for k in range(layers)]
    return [f"encoder.albert_layer_groups.{g}.albert_layers.{j}." for g in at for j in range(inner)]


ALBERT = Family(
    model_type="albert",
    prefix="albert.",
    ignored=("pooler.", "pooler_classifier.", "predictions.", "sop_classifier.", "classifier.", "qa_outputs."),
    embedding={
        "words": "embeddings.word_embeddings.weight",
        "positions": "embeddings.position_embeddings.weight",
        "types": "embeddings.token_type_embeddings.weight",
        **norm("gain", "shift", "embeddings.LayerNorm"),
        **dense(map="encoder.embedding_hidden_mapping_in"),
    },
    layer={
        **dense(
            Q="attention.query", K="attention.key", V="attention.value", O="attention.dense", U="ffn", W="ffn_output"
        ),
        **norm("gain", "shift", "attention.LayerNorm"),
        **norm("gain2", "shift2", "full_layer_layer_norm"),
    },
    places=places,
    width="embedding_size",
)
