"""BERT: every layer its own (arXiv 1810.04805)."""

from __future__ import annotations

from particles.trained.families.family import Family, dense, norm

BERT = Family(
    model_type="bert",
    prefix="bert.",
    ignored=("pooler.", "cls.", "classifier.", "qa_outputs."),
    embedding={
        "words": "embeddings.word_embeddings.weight",
        "positions": "embeddings.position_embeddings.weight",
        "types": "embeddings.token_type_embeddings.weight",
        **norm("gain", "shift", "embeddings.LayerNorm"),
    },
    layer={
        **dense(
            Q="attention.self.query", K="attention.self.key", V="attention.self.value", O="attention.output.dense",
            U="intermediate.dense", W="output.dense",
        ),
        **norm("gain", "shift", "attention.output.LayerNorm"),
        **norm("gain2", "shift2", "output.LayerNorm"),
    },
    places=lambda config: [f"encoder.layer.{k}." for k in range(config["num_hidden_layers"])],
    width="hidden_size",
)  # fmt: skip
