"""Trains `verses` and `experts` on characters of the Bible: python verses.py NAME"""

import json
import math
import pathlib
import sys

import torch
from torch.nn import functional as F

import bible
from transformer import Decoder, configuration, save, train, write_vocabulary

SHARED = {
    "hidden_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
    "head_dim": 32, "max_position_embeddings": bible.CONTEXT
}
MODELS = {
    "verses": ("llama", {"intermediate_size": 256}, 1200),
    "experts": (
        "mixtral", {"intermediate_size": 128, "num_local_experts": 4, "num_experts_per_tok": 2}, 1000
    ),
}
SUMMARIES = {
    "verses": "Writes in the tone of the King James Bible, letter by letter: a Llama of two layers",
    "experts": "The same text from a mixture of experts: for each letter a router chooses two of four",
}
TEXTS, RATE = 16, 4e-3
PROMPTS = ["And the LORD said", "In the beginning", "Blessed are ", "The king of "]
MEASURED = 64  # held-out verses that are shipped


def perplexity(model, texts, ids_of):
    losses = []
    with torch.no_grad():
        for text in texts:
            ids = torch.tensor([ids_of(bible.BEGIN + text)])
            logits = model(ids[:, :-1])
            losses.append(F.cross_entropy(logits[0], ids[0, 1:], reduction="none"))
    return math.exp(torch.cat(losses).mean())


def main(name):
    family, sizes, steps = MODELS[name]
    torch.manual_seed(1611)
    torch.set_num_threads(1)
    found = bible.verses()
    tokens = bible.tokens_of(found)
    number = {token: i for i, token in enumerate(tokens)}
    ids_of = lambda text: [number[character] for character in text]
    text = "".join(bible.BEGIN + verse for verse, held in found if not held)
    stream = torch.tensor(ids_of(text))
    # Every text begins with a verse, as a prompt does.
    starts = (stream == number[bible.BEGIN]).nonzero()[:, 0]
    starts = starts[starts < len(stream) - bible.CONTEXT]
    model = Decoder(configuration(family, vocab_size=len(tokens), **SHARED, **sizes))
    print(f"{len(tokens)} tokens, {sum(p.numel() for p in model.parameters())} parameters")
    weights = torch.ones(TEXTS, bible.CONTEXT)
    reach = torch.arange(bible.CONTEXT + 1)

    def batch():
        first = starts[torch.randint(len(starts), (TEXTS,))]
        return stream[(first[:, None] + reach).clamp(max=len(stream) - 1)], weights

    train(model, batch, steps, RATE)
    folder = pathlib.Path(__file__).parent.parent / name
    with torch.no_grad():
        save(model, folder)
    write_vocabulary(folder, f"Trained: {name}", SUMMARIES[name], tokens, bible.CONTEXT, PROMPTS, begin=number[bible.BEGIN])
    held = [verse[: bible.CONTEXT - 1] for verse, out in found if out][:: 4][:MEASURED]
    (folder / "holdout.json").write_text(
        json.dumps({"plena_holdout": 1, "kind": "texts", "texts": held}, indent=1) + "\n"
    )
    print(f"perplexity of {len(held)} held-out texts: {perplexity(model, held, ids_of):.3f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
