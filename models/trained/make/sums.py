"""Trains `sums`, which writes the sum of two numbers below 100: python sums.py"""

import json
import pathlib

import torch
from torch.nn import functional as F

from transformer import Decoder, configuration, save, train, write_vocabulary

TITLE = "Trained: sums"
SUMMARY = "Adds two numbers below 100, digit by digit: a Llama of two layers that learnt it from 9,000 sums"
TOKENS = ["\n", *"0123456789", "+", "="]
END = 0
CONTEXT = 16
BELOW = 100
HELD_OUT, MEASURED = 1000, 400
TEXTS, STEPS, RATE = 256, 1600, 3e-3
# At the end it learns to do with the numbers that MXFP8 has.
SEED_OF_ROUNDING, ROUNDING_STEPS, ROUNDING_RATE = 1203, 800, 1e-3
SIZES = {
    "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "head_dim": 16, "max_position_embeddings": CONTEXT
}


def ids_of(text):
    return [TOKENS.index(character) for character in text]


def main():
    torch.manual_seed(1202)
    torch.set_num_threads(1)
    pairs = torch.cartesian_prod(torch.arange(BELOW), torch.arange(BELOW))
    pairs = pairs[torch.randperm(len(pairs))].tolist()
    # "\n" before the text and after it; what is behind is not learnt, and of the rest the answers.
    rows, weights = [], []
    for a, b in pairs:
        asked, answer = f"\n{a}+{b}=", f"{a + b}\n"
        rows.append(ids_of((asked + answer).ljust(CONTEXT - 3, "\n")))
        weights.append([0.0] * (len(asked) - 1) + [1.0] * len(answer))
        weights[-1] += [0.0] * (len(rows[-1]) - 1 - len(weights[-1]))
    rows, weights = torch.tensor(rows), torch.tensor(weights)
    taught = len(pairs) - HELD_OUT
    model = Decoder(configuration("llama", vocab_size=len(TOKENS), **SIZES))

    def batch():
        some = torch.randint(taught, (TEXTS,))
        return rows[some], weights[some]

    folder = pathlib.Path(__file__).parent.parent / "sums"
    train(model, batch, STEPS, RATE)
    with torch.no_grad():
        save(model, folder)
    torch.manual_seed(SEED_OF_ROUNDING)
    train(model, batch, ROUNDING_STEPS, ROUNDING_RATE, rounding=True)
    with torch.no_grad():
        save(model, folder)
        found = model(rows[taught:, :-1]).argmax(-1)
        right = ((found == rows[taught:, 1:]) | (weights[taught:] == 0)).all(1)
    prompts = ["2+2=", "37+85=", "99+1=", "64+64="]
    write_vocabulary(folder, TITLE, SUMMARY, TOKENS, CONTEXT, prompts, begin=END, end=END)
    asked = [{"prompt": f"{a}+{b}=", "answer": f"{a + b}"} for a, b in pairs[taught:][:MEASURED]]
    (folder / "holdout.json").write_text(
        json.dumps({"plena_holdout": 1, "kind": "answers", "answers": asked}, indent=1) + "\n"
    )
    print(f"right answers to {HELD_OUT} held-out sums: {right.float().mean().item():.4f}")


if __name__ == "__main__":
    main()
