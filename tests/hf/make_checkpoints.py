"""Small random checkpoints and what the models' own library makes of them, for checkpoints_test.cpp.

    python3 -m venv .venv && .venv/bin/pip install -r tests/hf/requirements.txt
    .venv/bin/python tests/hf/make_checkpoints.py [NAME ...]

Each folder of tests/hf/models gets config.json and model.safetensors as the library saves them, in half precision,
ids of two texts, and the logits of the same weights in single precision. It is run by hand: the files are kept.
"""

import json
import pathlib
import shutil
import sys
import tempfile

import numpy as np
import torch
import transformers as hf
from safetensors.torch import save_file

OUT = pathlib.Path(__file__).parent / "models"
TEXTS, TOKENS, VOCABULARY = 2, 12, 96

# What the families with rows of their own in core/io/json_families.cpp have in common here.
BASE = dict(
    vocab_size=VOCABULARY,
    hidden_size=64,
    intermediate_size=96,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    max_position_embeddings=64,
    initializer_range=0.12,
    bos_token_id=1,
    eos_token_id=2,
    pad_token_id=0,
    tie_word_embeddings=False,
)
# For ways of stretching rotary positions: the texts are longer than what they were trained with.
STRETCHED = {**BASE, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 1, "initializer_range": 0.3}
TRAINED = 8


def llama(**more):
    return hf.LlamaForCausalLM(hf.LlamaConfig(**{**BASE, **more}))


def stretched(**scaling):
    return hf.LlamaForCausalLM(hf.LlamaConfig(**{**STRETCHED, "rope_scaling": scaling}))


def phi3(**more):
    return hf.Phi3ForCausalLM(hf.Phi3Config(**{**BASE, "sliding_window": None, **more}))


MODELS = {
    "qwen3": lambda: hf.Qwen3ForCausalLM(hf.Qwen3Config(**{**BASE, "head_dim": 24})),
    "qwen3_moe": lambda: hf.Qwen3MoeForCausalLM(
        hf.Qwen3MoeConfig(
            **{
                **BASE,
                "head_dim": 16,
                "num_experts": 4,
                "num_experts_per_tok": 2,
                "moe_intermediate_size": 32,
                "norm_topk_prob": True,
                "decoder_sparse_step": 1,
                "mlp_only_layers": [],
            }
        )
    ),
    "phi3": lambda: phi3(),
    "phi3_partial": lambda: phi3(partial_rotary_factor=0.5),
    "phi3_longrope": lambda: phi3(
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=1,
        max_position_embeddings=32,
        original_max_position_embeddings=TRAINED,
        rope_scaling={
            "type": "longrope",
            "short_factor": [1.0, 1.1, 1.2, 1.3],
            "long_factor": [1.5, 2.0, 3.0, 4.0],
        },
    ),
    # The factor of the embedding, sqrt(48), is no whole number; heads are wider than their share of a row.
    "gemma": lambda: hf.GemmaForCausalLM(
        hf.GemmaConfig(**{**BASE, "hidden_size": 48, "head_dim": 16, "tie_word_embeddings": True})
    ),
    "llama_bias": lambda: llama(attention_bias=True, mlp_bias=True),
    "rope_linear": lambda: stretched(rope_type="linear", factor=2.0),
    "rope_dynamic": lambda: hf.LlamaForCausalLM(
        hf.LlamaConfig(
            **{
                **STRETCHED,
                "max_position_embeddings": TRAINED,
                "rope_scaling": {"rope_type": "dynamic", "factor": 2.0},
            }
        )
    ),
    "rope_llama3": lambda: stretched(
        rope_type="llama3",
        factor=8.0,
        low_freq_factor=1.0,
        high_freq_factor=4.0,
        original_max_position_embeddings=TRAINED,
    ),
    "rope_yarn": lambda: stretched(
        rope_type="yarn", factor=4.0, original_max_position_embeddings=16, beta_fast=4.0, beta_slow=1.0
    ),
}

# The parts of the blocks of masked diffusion models, by the names of the model that they are otherwise like.
LLADA = {
    "model.embed_tokens": "model.transformer.wte",
    "model.norm": "model.transformer.ln_f",
    "lm_head": "model.transformer.ff_out",
    "model.layers.": "model.transformer.blocks.",
    ".self_attn.o_proj": ".attn_out",
    ".self_attn.": ".",
    ".input_layernorm": ".attn_norm",
    ".post_attention_layernorm": ".ff_norm",
    ".mlp.gate_proj": ".ff_proj",
    ".mlp.down_proj": ".ff_out",
    ".mlp.": ".",
}


def roughened(model, seed):
    """Values for all parameters that half precision holds: those of norms are not all one, biases not zero."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() == 1:
                near = 1.0 if "norm" in name and name.endswith("weight") and "gemma" not in model.config.model_type else 0.0
                parameter.copy_(near + 0.2 * torch.randn(parameter.shape, generator=generator))
            parameter.copy_(parameter.half().float())
    return model.float().eval()


def texts(seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(3, VOCABULARY, (TEXTS, TOKENS), generator=generator)


def keep(folder, ids, logits, **more):
    np.save(folder / "input_ids.npy", ids.numpy())
    np.save(folder / "expected_logits.npy", logits.detach().numpy().astype(np.float32))
    for name, values in more.items():
        np.save(folder / f"{name}.npy", values.detach().numpy().astype(np.float32))


def save(name, model):
    folder = OUT / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch:
        model.half().save_pretrained(scratch)
        model.float()
        for file in ("config.json", "model.safetensors"):
            shutil.copyfile(pathlib.Path(scratch) / file, folder / file)
    return folder


def text_model(name, make, seed):
    torch.manual_seed(seed)
    model = roughened(make(), seed)
    ids = texts(seed)
    with torch.no_grad():
        logits = model(input_ids=ids, use_cache=False).logits
    keep(save(name, model), ids, logits)


def llada(seed):
    """The library has no such model: blocks like llama's, of which every token sees all."""
    torch.manual_seed(seed)
    model = roughened(llama(num_key_value_heads=4), seed)
    ids = texts(seed)
    with torch.no_grad():
        seen = torch.zeros(TEXTS, 1, TOKENS, TOKENS)
        logits = model(input_ids=ids, attention_mask=seen, use_cache=False).logits
    folder = OUT / "llada"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    tensors = {}
    for key, value in model.state_dict().items():
        for old, new in LLADA.items():
            key = key.replace(old, new)
        tensors[key] = value.half().contiguous()
    save_file(tensors, folder / "model.safetensors")
    config = dict(
        model_type="llada",
        architectures=["LLaDAModelLM"],
        d_model=BASE["hidden_size"],
        n_layers=BASE["num_hidden_layers"],
        n_heads=BASE["num_attention_heads"],
        n_kv_heads=4,
        mlp_hidden_size=BASE["intermediate_size"],
        vocab_size=VOCABULARY,
        rms_norm_eps=model.config.rms_norm_eps,
        rope_theta=10000.0,
        weight_tying=False,
        block_type="llama",
        layer_norm_type="rms",
        activation_type="silu",
        alibi=False,
        rope=True,
        attention_layer_norm=False,
        include_bias=False,
    )
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    keep(folder, ids, logits)


def whole_positions(self, pixel_values, patch_attention_mask):
    """Of patches of a whole image, one after the other. Release 4.57 of the library takes the place of a patch
    for a little less than it is, and with it the position before; later releases do not."""
    rows = self.patch_embedding(pixel_values).flatten(2).transpose(1, 2)
    return rows + self.position_embedding(torch.arange(rows.shape[1]))


def idefics3(seed):
    from transformers.models.idefics3 import modeling_idefics3

    modeling_idefics3.Idefics3VisionEmbeddings.forward = whole_positions
    torch.manual_seed(seed)
    image_id, image_rows = 95, 4
    config = hf.Idefics3Config(
        image_token_id=image_id,
        tie_word_embeddings=False,
        scale_factor=2,
        pad_token_id=0,
        vision_config=dict(
            hidden_size=32,
            intermediate_size=48,
            num_hidden_layers=1,
            num_attention_heads=2,
            image_size=32,
            patch_size=8,
            initializer_range=0.2,
        ),
        text_config={**STRETCHED, "model_type": "llama"},
    )
    config._attn_implementation = "eager"
    model = roughened(hf.Idefics3ForConditionalGeneration(config), seed)
    ids = texts(seed)
    ids[ids == image_id] = 5
    ids[:, 1 : 1 + image_rows] = image_id
    pixels = torch.randn(TEXTS, 3, 32, 32, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        logits = model(
            input_ids=ids,
            pixel_values=pixels.unsqueeze(1),
            pixel_attention_mask=torch.ones(TEXTS, 1, 32, 32, dtype=torch.bool),
            use_cache=False,
        ).logits
    keep(save("idefics3", model), ids, logits, pixel_values=pixels)


def siglip(seed):
    """Two pictures at a time."""
    torch.manual_seed(seed)
    config = hf.SiglipVisionConfig(
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=1,
        num_attention_heads=2,
        image_size=32,
        patch_size=8,
        vision_use_head=False,
    )
    model = roughened(hf.SiglipVisionModel(config), seed)
    pixels = torch.randn(TEXTS, 3, 32, 32, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        rows = model(pixel_values=pixels).last_hidden_state
    folder = save("siglip", model)
    np.save(folder / "pixel_values.npy", pixels.numpy())
    np.save(folder / "expected_last_hidden_state.npy", rows.numpy())


def main():
    torch.set_num_threads(1)
    made = {name: (lambda seed, n=name, m=make: text_model(n, m, seed)) for name, make in MODELS.items()}
    made.update(llada=llada, idefics3=idefics3, siglip=siglip)
    for number, (name, make) in enumerate(made.items()):
        if len(sys.argv) == 1 or name in sys.argv[1:]:
            make(100 + number)
            print(name, sum(file.stat().st_size for file in (OUT / name).iterdir()), "bytes")


if __name__ == "__main__":
    main()
