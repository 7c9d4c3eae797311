"""Trains `digits`, a vision transformer for the 8 x 8 digits that come with scikit-learn: python digits.py"""

import json
import math
import pathlib

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.nn import functional as F

SIDE, PATCH, HIDDEN, HEADS, INNER, LAYERS, CLASSES = 8, 2, 64, 4, 128, 2, 10
LOW, HIGH, SCALE, SHIFT = 0, 16, 0.125, -1
TEXTS, STEPS, RATE = 64, 1500, 2e-3
HELD_OUT = 360


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer_norm1, self.layer_norm2 = nn.LayerNorm(HIDDEN, 1e-6), nn.LayerNorm(HIDDEN, 1e-6)
        self.q_proj, self.k_proj, self.v_proj, self.out_proj = (nn.Linear(HIDDEN, HIDDEN) for _ in range(4))
        self.fc1, self.fc2 = nn.Linear(HIDDEN, INNER), nn.Linear(INNER, HIDDEN)

    def forward(self, x):
        batch, length, _ = x.shape
        split = lambda y: y.view(batch, length, HEADS, HIDDEN // HEADS).transpose(1, 2)
        y = self.layer_norm1(x)
        q, k, v = split(self.q_proj(y)), split(self.k_proj(y)), split(self.v_proj(y))
        scores = q @ k.transpose(2, 3) / math.sqrt(HIDDEN // HEADS)
        y = (scores.softmax(-1) @ v).transpose(1, 2).reshape(batch, length, HIDDEN)
        x = x + self.out_proj(y)
        y = self.fc1(self.layer_norm2(x))
        # GELU in its tanh form, as SigLIP's; spelled out, for older operator sets do not have it.
        y = 0.5 * y * (1 + torch.tanh(math.sqrt(2 / math.pi) * (y + 0.044715 * y * y * y)))
        return x + self.fc2(y)


class Digits(nn.Module):
    """[n, 1, 8, 8] to [n, 10]. A row of its own, before those of the patches, gathers what is classified."""

    def __init__(self):
        super().__init__()
        self.patch_embedding = nn.Conv2d(1, HIDDEN, PATCH, PATCH)
        self.gathering = nn.Parameter(torch.randn(1, 1, HIDDEN) * 0.02)
        self.position_embedding = nn.Parameter(torch.randn((SIDE // PATCH) ** 2, HIDDEN) * 0.02)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.post_layernorm = nn.LayerNorm(HIDDEN, 1e-6)
        self.head = nn.Linear(HIDDEN, CLASSES)

    def forward(self, pictures):
        x = self.patch_embedding(pictures).flatten(2).transpose(1, 2) + self.position_embedding
        x = torch.cat((self.gathering.expand(x.shape[0], -1, -1), x), 1)
        for layer in self.layers:
            x = layer(x)
        return self.head(self.post_layernorm(x[:, 0]))


def moved(pictures):
    """Each by up to one pixel, so that a drawing need not be centred; ink of another strength; a little noise."""
    moved = pictures.clone()
    for i, (dy, dx) in enumerate(torch.randint(-1, 2, (len(pictures), 2)).tolist()):
        padded = F.pad(pictures[i], (1, 1, 1, 1))
        moved[i] = padded[:, 1 + dy : 1 + dy + SIDE, 1 + dx : 1 + dx + SIDE]
    strength = 0.7 + 0.6 * torch.rand(len(pictures), 1, 1, 1)
    return (moved * strength + torch.randn_like(moved)).clamp(LOW, HIGH)


def main():
    torch.manual_seed(88)
    torch.set_num_threads(1)
    data = load_digits()
    split = train_test_split(
        data.images, data.target, test_size=HELD_OUT, random_state=88, stratify=data.target
    )
    shown, held = (torch.tensor(part).float()[:, None] for part in split[:2])
    names, held_names = (torch.tensor(part) for part in split[2:])
    model = Digits()
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.05)
    for step in range(STEPS):
        cosine = 0.525 + 0.475 * math.cos(math.pi * step / STEPS)
        for group in optimiser.param_groups:
            group["lr"] = RATE * min(1, (step + 1) / 50) * cosine
        some = torch.randint(len(shown), (TEXTS,))
        loss = F.cross_entropy(model(moved(shown[some]) * SCALE + SHIFT), names[some])
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        if (step + 1) % 100 == 0:
            print(f"step {step + 1} of {STEPS}: loss {loss.item():.4f}", flush=True)
    model.eval()
    folder = pathlib.Path(__file__).parent.parent / "digits"
    folder.mkdir(exist_ok=True)
    with torch.no_grad():
        right = model(held * SCALE + SHIFT).argmax(1) == held_names
    torch.onnx.export(
        model, torch.zeros(1, 1, SIDE, SIDE), str(folder / "model.onnx"), opset_version=17,
        input_names=["pixel_values"], output_names=["logits"]
    )
    vocabulary = {
        "plena_vocabulary": 1, "title": "Trained: digits",
        "summary": "Reads handwritten digits of 8 x 8 pixels: a vision transformer of two layers",
        "kind": "labels", "tokens": [str(i) for i in range(CLASSES)],
        "picture": {
            "input": "pixel_values", "output": "logits", "width": SIDE, "height": SIDE, "low": LOW,
            "high": HIGH, "scale": SCALE, "shift": SHIFT
        },
    }
    (folder / "vocabulary.json").write_text(json.dumps(vocabulary, indent=1) + "\n")
    rows = [
        json.dumps({"label": str(label.item()), "pixels": picture.flatten().int().tolist()})
        for picture, label in zip(held, held_names)
    ]
    (folder / "holdout.json").write_text(
        '{"plena_holdout": 1, "kind": "pictures", "pictures": [\n' + ",\n".join(rows) + "\n]}\n"
    )
    print(f"right names of {HELD_OUT} held-out pictures: {right.float().mean().item():.4f}")


if __name__ == "__main__":
    main()
