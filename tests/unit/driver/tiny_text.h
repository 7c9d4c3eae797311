// A model of seeded weights that goes on with a text, and a text for it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace plena::driver {

inline const std::string tiny = R"json({"plena_model":1, "name":"tiny", "family":"llama",
 "dims":{"hidden_size":64,"intermediate_size":128,"num_layers":2,"num_attention_heads":4,
         "num_key_value_heads":2,"head_dim":16,"rms_norm_eps":1e-5,"rope_theta":10000,"vocab_size":96},
 "attention":{"mask":"causal"}, "lm_head":{"kind":"tied","where":"device"},
 "weights":{"source":"seed","generator":"ih4","seed":1234,"naming":"hf_llama",
            "std":{"matrix":"1/sqrt(fan_in)","norm":"ones"},"tensors":{}},
 "input":{"kind":"tokens","ids":[0,5,10,15]},
 "run":{"seq_len":4}})json";

inline const std::vector<std::int64_t> prompt{3, 14, 15, 92, 65, 35};

} // namespace plena::driver
