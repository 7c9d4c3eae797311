#include "analytic/dims.h"

#include "analytic/refuse.h"
#include "base/embedded.h"

#include <algorithm>
#include <fmt/format.h>
#include <span>

namespace plena::analytic {

std::span<const EmbeddedFile> embedded_dims();

namespace {

constexpr std::string_view form_names[] = {"llama", "gpt_oss", "llada"};

struct Dimension {
  std::string_view key;
  std::uint64_t Dims::*member;
  std::uint64_t most;
  bool required;
};
constexpr Dimension dimensions[] = {
  {"hidden_size", &Dims::hidden, max_dimension, true},
  {"intermediate_size", &Dims::inner, max_dimension, true},
  {"num_hidden_layers", &Dims::layers, max_dimension, true},
  {"num_attention_heads", &Dims::heads, max_dimension, true},
  {"num_key_value_heads", &Dims::kv_heads, max_dimension, true},
  {"head_dim", &Dims::head_dim, max_dimension, false},
  {"vocab_size", &Dims::vocabulary, max_vocabulary, false},
  {"num_local_experts", &Dims::experts, max_dimension, true},
  {"num_experts_per_tok", &Dims::chosen, max_dimension, true},
  {"sliding_window", &Dims::window, std::uint64_t{1} << 20, false},
};

} // namespace

std::string_view to_string(Form form) { return form_names[static_cast<std::size_t>(form)]; }

std::optional<Form> find_form(std::string_view name) {
  const auto found = std::find(std::begin(form_names), std::end(form_names), name);
  return found == std::end(form_names)
           ? std::nullopt
           : std::optional(static_cast<Form>(found - std::begin(form_names)));
}

Form Dims::form() const {
  if (model_type == "llada") {
    return Form::Llada;
  }
  const bool windows = std::find(sliding.begin(), sliding.end(), true) != sliding.end();
  return experts > 1 || windows ? Form::GptOss : Form::Llama;
}

Status check(const Dims& dims) {
  Diagnostics errors;
  const auto fault =
    [&](std::string_view code, std::string_view key, std::string message, std::string_view hint) {
      errors.push_back(refuse(code, "/" + std::string(key), std::move(message), hint));
      errors.back().file = dims.name;
    };
  const auto range = [&](std::string_view key, std::string message, std::string_view hint) {
    fault("E_RANGE", key, std::move(message), hint);
  };
  for (const Dimension& one : dimensions) {
    const std::uint64_t value = dims.*one.member;
    if (value == 0 && one.required) {
      fault(
        "E_MISSING",
        one.key,
        fmt::format("{} is not given, or 0", one.key),
        fmt::format("a whole number from 1 to {}", one.most)
      );
    } else if (value > one.most) {
      range(one.key, fmt::format("{} is {}", one.key, value), fmt::format("at most {}", one.most));
    }
  }
  if (errors.empty() && dims.heads % dims.kv_heads != 0) {
    range(
      "num_attention_heads",
      fmt::format("{} is not a multiple of num_key_value_heads {}", dims.heads, dims.kv_heads),
      "query heads share heads of keys in equal numbers"
    );
  }
  if (errors.empty() && dims.hidden < dims.heads) {
    range(
      "num_attention_heads",
      fmt::format("{} heads do not share {} columns", dims.heads, dims.hidden),
      "at most hidden_size"
    );
  }
  if (errors.empty() && dims.chosen > dims.experts) {
    range(
      "num_experts_per_tok",
      fmt::format("{} of {} experts", dims.chosen, dims.experts),
      "at most num_local_experts"
    );
  }
  for (const auto& [key, list] :
       {std::pair{"layer_types", &dims.sliding}, std::pair{"mlp_types", &dims.routed}}) {
    if (!list->empty() && list->size() != dims.layers) {
      range(
        key,
        fmt::format("{} has {} entries for {} layers", key, list->size(), dims.layers),
        "one for each of num_hidden_layers"
      );
    }
  }
  if (std::find(dims.sliding.begin(), dims.sliding.end(), true) != dims.sliding.end() && dims.window == 0) {
    range(
      "sliding_window",
      "layers with a window, but sliding_window is not given",
      "the keys that a query sees"
    );
  }
  return errors.empty() ? Status(Done{}) : Status(std::move(errors));
}

bool set_dimension(Dims& dims, std::string_view key, std::uint64_t value) {
  for (const Dimension& one : dimensions) {
    if (one.key == key) {
      dims.*one.member = value;
      if (key == "num_hidden_layers") {
        // What is known by layer goes on as it was.
        for (std::vector<bool>* list : {&dims.sliding, &dims.routed}) {
          const std::size_t known = list->size();
          for (std::size_t i = known; known != 0 && i < std::min(value, max_dimension); ++i) {
            list->push_back((*list)[i % known]);
          }
          if (known > value) {
            list->resize(static_cast<std::size_t>(value));
          }
        }
      }
      return true;
    }
  }
  return false;
}

std::uint64_t dimension(const Dims& dims, std::string_view key) {
  for (const Dimension& one : dimensions) {
    if (one.key == key) {
      return dims.*one.member;
    }
  }
  return 0;
}

std::vector<std::string_view> dimension_keys() {
  std::vector<std::string_view> keys;
  for (const Dimension& one : dimensions) {
    keys.push_back(one.key);
  }
  return keys;
}

std::vector<ShippedDims> shipped_dims() {
  std::vector<ShippedDims> list;
  for (const EmbeddedFile& file : embedded_dims()) {
    list.push_back({file.name, file.text});
  }
  std::sort(list.begin(), list.end(), [](const ShippedDims& a, const ShippedDims& b) {
    return a.name < b.name;
  });
  return list;
}

} // namespace plena::analytic
