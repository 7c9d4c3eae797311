"""Decoders as the transformers library builds and names them (Llama, Mixtral), and their files."""

import json
import math
import struct

import torch
from torch import nn
from torch.nn import functional as F


def rounded(x):
    """To what E4M3 with a shared scale keeps of a number: three bits after its first. A number that would
    become the next power of two stays below it, as on the machine."""
    fraction, exponent = torch.frexp(x)
    kept = (fraction.abs() * 16).round().clamp(max=15) / 16
    return torch.ldexp(torch.where(fraction == 0, fraction, kept.copysign(fraction)), exponent)


BLOCK, BITS, LOWEST = 8, 3, -7  # MXFP8: elements to a scale, bits after the first, least exponent of E4M3


def kept(x):
    """What the machine reads back of keys and values that it stored as MXFP8, to the bit: a scale is the
    power of two at or below the largest of its elements, these are cut to quarters of a step and then
    rounded, and none becomes the next power of two."""
    blocks = x.unflatten(-1, (-1, BLOCK))
    scale = torch.frexp(blocks.abs().amax(-1, keepdim=True)).exponent - 1
    size = torch.ldexp(blocks.abs(), -scale)
    exponent = (torch.frexp(size).exponent - 1).clamp(min=LOWEST)
    first = (exponent != LOWEST).float()
    steps = (torch.ldexp(size, -exponent) - first) * 2**BITS
    steps = ((steps * 4).floor() / 4).round().clamp(max=2**BITS - 1)
    values = torch.ldexp(first + steps / 2**BITS, exponent + scale)
    return values.copysign(blocks).flatten(-2)


class RmsNorm(nn.Module):
    def __init__(self, size, eps):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps) * self.weight


def rotated(x, cos, sin):
    a, b = x.chunk(2, -1)
    return x * cos + torch.cat((-b, a), -1) * sin


class Attention(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.heads, self.groups = c["num_attention_heads"], c["num_key_value_heads"]
        self.size = c["head_dim"]
        self.rounds = False  # keys and values, as where they lie in the cache
        hidden = c["hidden_size"]
        self.q_proj = nn.Linear(hidden, self.heads * self.size, bias=False)
        self.k_proj = nn.Linear(hidden, self.groups * self.size, bias=False)
        self.v_proj = nn.Linear(hidden, self.groups * self.size, bias=False)
        self.o_proj = nn.Linear(self.heads * self.size, hidden, bias=False)

    def forward(self, x, cos, sin, mask):
        batch, length, _ = x.shape
        def split(y, heads):
            return y.view(batch, length, heads, self.size).transpose(1, 2)
        q = rotated(split(self.q_proj(x), self.heads), cos, sin)
        k = rotated(split(self.k_proj(x), self.groups), cos, sin)
        v = split(self.v_proj(x), self.groups)
        if self.rounds:
            k, v = (x + (kept(x.bfloat16().float()) - x).detach() for x in (k, v))
        shared = self.heads // self.groups
        k, v = k.repeat_interleave(shared, 1), v.repeat_interleave(shared, 1)
        scores = q @ k.transpose(2, 3) / math.sqrt(self.size) + mask
        y = scores.softmax(-1) @ v
        return self.o_proj(y.transpose(1, 2).reshape(batch, length, -1))


class Gated(nn.Module):
    """down(silu(gate(x)) * up(x)); the names are those of the family."""

    def __init__(self, hidden, inner, names):
        super().__init__()
        self.names = names
        for name, shape in zip(names, ((hidden, inner), (hidden, inner), (inner, hidden))):
            setattr(self, name, nn.Linear(*shape, bias=False))

    def forward(self, x):
        gate, up, down = (getattr(self, name) for name in self.names)
        return down(F.silu(gate(x)) * up(x))


class Experts(nn.Module):
    """Softmax over the best of a router's choice; every expert sees all rows, which is quick enough here."""

    def __init__(self, c):
        super().__init__()
        self.chosen = c["num_experts_per_tok"]
        count = c["num_local_experts"]
        self.gate = nn.Linear(c["hidden_size"], count, bias=False)
        self.experts = nn.ModuleList(
            Gated(c["hidden_size"], c["intermediate_size"], ("w1", "w3", "w2")) for _ in range(count)
        )
        self.imbalance = None

    def forward(self, x):
        scores = self.gate(x)
        best, which = scores.topk(self.chosen, -1)
        weights = torch.zeros_like(scores).scatter(-1, which, best.softmax(-1))
        # Of the load of the experts: 1 when all are chosen alike.
        load = (weights > 0).float().mean((0, 1)) / self.chosen
        self.imbalance = len(self.experts) * (load * scores.softmax(-1).mean((0, 1))).sum()
        return sum(weights[..., i, None] * expert(x) for i, expert in enumerate(self.experts))


class Layer(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.input_layernorm = RmsNorm(c["hidden_size"], c["rms_norm_eps"])
        self.self_attn = Attention(c)
        self.post_attention_layernorm = RmsNorm(c["hidden_size"], c["rms_norm_eps"])
        if c["model_type"] == "mixtral":
            self.block_sparse_moe = Experts(c)
        else:
            self.mlp = Gated(
                c["hidden_size"], c["intermediate_size"], ("gate_proj", "up_proj", "down_proj")
            )

    def forward(self, x, cos, sin, mask):
        x = x + self.self_attn(self.input_layernorm(x), cos, sin, mask)
        ffn = getattr(self, "mlp", None) or self.block_sparse_moe
        return x + ffn(self.post_attention_layernorm(x))


class Decoder(nn.Module):
    """Ids to logits, [batch, length] to [batch, length, vocabulary]. The head is the embedding's table."""

    def __init__(self, c):
        super().__init__()
        self.config = c
        self.embed_tokens = nn.Embedding(c["vocab_size"], c["hidden_size"])
        self.layers = nn.ModuleList(Layer(c) for _ in range(c["num_hidden_layers"]))
        self.norm = RmsNorm(c["hidden_size"], c["rms_norm_eps"])
        for name, parameter in self.named_parameters():
            if parameter.dim() == 2:
                last = name.endswith(("o_proj.weight", "down_proj.weight", "w2.weight"))
                spread = 0.02 if "embed" in name else 1 / math.sqrt(parameter.shape[1])
                nn.init.normal_(parameter, std=spread / (2 if last else 1))
        length, size = c["max_position_embeddings"], c["head_dim"]
        steps = c["rope_theta"] ** (-torch.arange(0, size, 2) / size)
        angles = torch.outer(torch.arange(length).float(), steps)
        angles = torch.cat((angles, angles), -1)
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)
        self.register_buffer(
            "mask", torch.full((length, length), -math.inf).triu(1), persistent=False
        )

    def forward(self, ids):
        length = ids.shape[1]
        x = self.embed_tokens(ids)
        cos, sin, mask = self.cos[:length], self.sin[:length], self.mask[:length, :length]
        for layer in self.layers:
            x = layer(x, cos, sin, mask)
        return self.norm(x) @ self.embed_tokens.weight.T

    def imbalance(self):
        """Of the experts' load, or 0."""
        parts = [m.imbalance for m in self.modules() if isinstance(m, Experts)]
        return sum(parts) / len(parts) - 1 if parts else torch.zeros(())


def train(model, batch, total, rate, warm_up=50, tell=50, balance=0.01, rounding=False):
    """`batch()` gives ids [texts, n + 1] and weights [texts, n] of what is predicted; the rate falls to a
    twentieth along a cosine. With `rounding` the model computes with rounded parameters, keys and values, is
    corrected as if it had not rounded them, and is left with the rounded parameters."""
    parameters = list(model.parameters())
    for module in model.modules():
        if isinstance(module, Attention):
            module.rounds = rounding

    @torch.no_grad()
    def round_all():
        exact = [p.clone() for p in parameters]
        for p in parameters:
            p.copy_(rounded(p))
        return exact

    decays = [p for p in model.parameters() if p.dim() == 2]
    others = [p for p in model.parameters() if p.dim() != 2]
    optimiser = torch.optim.AdamW(
        [{"params": decays, "weight_decay": 0.05}, {"params": others, "weight_decay": 0}],
        lr=rate, betas=(0.9, 0.98)
    )
    seen = []
    for step in range(total):
        ids, weights = batch()
        cosine = 0.525 + 0.475 * math.cos(math.pi * step / total)
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1, (step + 1) / warm_up) * cosine
        exact = round_all() if rounding else []
        logits = model(ids[:, :-1])
        losses = F.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="none")
        loss = (losses * weights.flatten()).sum() / weights.sum()
        optimiser.zero_grad(set_to_none=True)
        (loss + balance * model.imbalance()).backward()
        with torch.no_grad():
            for p, value in zip(parameters, exact):
                p.copy_(value)
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        seen.append(loss.item())
        if (step + 1) % tell == 0:
            print(f"step {step + 1} of {total}: loss {sum(seen[-tell:]) / tell:.4f}", flush=True)
    if rounding:
        round_all()


def save(model, folder):
    """config.json and model.safetensors, parameters as bfloat16. The model keeps what was stored."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(model.config, indent=2) + "\n")
    header, data = {}, b""
    for name, parameter in sorted(model.state_dict().items()):
        stored = parameter.to(torch.bfloat16)
        parameter.copy_(stored)
        raw = stored.contiguous().view(torch.int16).numpy().astype("<i2").tobytes()
        header["model." + name] = {
            "dtype": "BF16", "shape": list(parameter.shape), "data_offsets": [len(data), len(data) + len(raw)]
        }
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)


def write_vocabulary(folder, title, summary, tokens, context, prompts, **ends):
    vocabulary = {
        "plena_vocabulary": 1, "title": title, "summary": summary, "kind": "characters", "tokens": tokens,
        **ends, "context": context, "prompts": prompts
    }
    (folder / "vocabulary.json").write_text(json.dumps(vocabulary, indent=1, ensure_ascii=False) + "\n")


def configuration(model_type, **changes):
    """What the transformers library would write, for a model of this size."""
    architecture = {"llama": "LlamaForCausalLM", "mixtral": "MixtralForCausalLM"}[model_type]
    return {
        "architectures": [architecture], "model_type": model_type, "hidden_act": "silu",
        "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "tie_word_embeddings": True,
        "torch_dtype": "bfloat16", **changes
    }
