#include "io/model_dims_json.h"

#include "io/json_fields.h"
#include "io/json_syntax.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace plena::io {

namespace {

using analytic::Dims;

constexpr std::size_t max_dims_bytes = std::size_t{16} << 20;

/// Keys by which a dimension goes; the first that is there counts.
struct Alias {
  const char* key;
  std::string_view dimension; ///< of analytic::set_dimension
};
constexpr Alias aliases[] = {
  {"hidden_size", "hidden_size"},
  {"n_embd", "hidden_size"},
  {"d_model", "hidden_size"},
  {"moe_intermediate_size", "intermediate_size"},
  {"intermediate_size", "intermediate_size"},
  {"mlp_hidden_size", "intermediate_size"},
  {"n_inner", "intermediate_size"},
  {"num_hidden_layers", "num_hidden_layers"},
  {"num_layers", "num_hidden_layers"},
  {"n_layers", "num_hidden_layers"},
  {"n_layer", "num_hidden_layers"},
  {"num_attention_heads", "num_attention_heads"},
  {"n_heads", "num_attention_heads"},
  {"n_head", "num_attention_heads"},
  {"num_key_value_heads", "num_key_value_heads"},
  {"n_kv_heads", "num_key_value_heads"},
  {"head_dim", "head_dim"},
  {"vocab_size", "vocab_size"},
  {"num_local_experts", "num_local_experts"},
  {"num_experts", "num_local_experts"},
  {"experts_per_token", "num_experts_per_tok"},
  {"num_experts_per_tok", "num_experts_per_tok"},
  {"sliding_window", "sliding_window"}};

/// Types whose feed-forward part has no gate.
constexpr std::string_view plain_types[] = {
  "gpt2", "siglip_vision_model", "siglip_vision", "smolvlm_vision", "idefics3_vision", "idefics3"};

/// The object with the dimensions, and where it is.
struct Place {
  const json* object = nullptr;
  std::string path;
  std::string family; ///< of a JSON model
};

const json* object_in(const json& parent, std::initializer_list<const char*> keys, Place& place) {
  for (const char* key : keys) {
    const auto found = parent.find(key);
    if (found != parent.end() && found->is_object()) {
      place.path = child(place.path, key);
      return &*found;
    }
  }
  return nullptr;
}

std::string text_in(const json& parent, const char* key) {
  const auto found = parent.find(key);
  return found != parent.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Place find_place(const json& document, DimsPart part) {
  Place place{&document, "", text_in(document, "family")};
  const bool vision = part == DimsPart::Vision;
  if (const json* inner = vision ? object_in(document, {"vision_config", "vision"}, place)
                                 : object_in(document, {"text_config", "text"}, place)) {
    place.object = inner;
    place.family = vision ? "siglip_vision" : "";
  }
  if (const json* dims = object_in(*place.object, {"dims"}, place)) {
    place.object = dims;
  }
  return place;
}

std::optional<json> parse(Bytes bytes) {
  json document = json::parse(bytes.begin(), bytes.end(), nullptr, false);
  return document.is_discarded() || !document.is_object() ? std::nullopt : std::optional(std::move(document));
}

class DimsFile {
 public:
  DimsFile(std::string_view name, const json& document, const Place& place)
      : problems_(name),
        fields_(problems_),
        values_(*place.object),
        path_(place.path) {
    dims_.name = text_in(document, "name");
    if (dims_.name.empty()) {
      dims_.name = name;
    }
    dims_.model_type = text_in(values_, "model_type");
    if (dims_.model_type.empty()) {
      dims_.model_type = place.family;
    }
  }

  Result<Dims> run() {
    std::vector<std::string_view> done;
    for (const Alias& alias : aliases) {
      const auto found = values_.find(alias.key);
      const bool known = std::find(done.begin(), done.end(), alias.dimension) != done.end();
      if (known || found == values_.end() || found->is_null()) {
        continue;
      }
      done.push_back(alias.dimension);
      const std::string at = child(path_, alias.key);
      if (fields_.expect(found->is_number_unsigned(), *found, at, "a whole number")) {
        analytic::set_dimension(dims_, alias.dimension, found->get<std::uint64_t>());
      }
    }
    const auto given = [&](std::string_view dimension) {
      return std::find(done.begin(), done.end(), dimension) != done.end();
    };
    if (!given("num_key_value_heads")) {
      dims_.kv_heads = dims_.heads;
    }
    if (!given("intermediate_size") && dims_.model_type == "gpt2") {
      dims_.inner = 4 * dims_.hidden;
    }
    dims_.gated = std::find(std::begin(plain_types), std::end(plain_types), dims_.model_type) == std::end(plain_types);
    dims_.tied = fields_.flag(values_, path_, "tie_word_embeddings").value_or(false);
    kinds("layer_types", "sliding_attention", "full_attention", dims_.sliding);
    kinds("mlp_types", "moe", "ffn", dims_.routed);
    if (problems_.any_error()) {
      return problems_.take();
    }
    if (Status status = analytic::check(dims_); !status) {
      Diagnostics errors = std::move(status).diagnostics();
      for (Diagnostic& error : errors) {
        error.where = path_ + error.where;
      }
      return errors;
    }
    return std::move(dims_);
  }

 private:
  /// A list with one of two words for each layer.
  void kinds(const char* key, std::string_view yes, std::string_view no, std::vector<bool>& list) {
    const auto found = values_.find(key);
    if (found == values_.end() || found->is_null()) {
      return;
    }
    const std::string path = child(path_, key);
    if (!fields_.array(*found, path)) {
      return;
    }
    for (std::size_t i = 0; i < found->size() && i <= analytic::max_dimension; ++i) {
      const auto word = fields_.as_text((*found)[i], child(path, i));
      if (!word) {
        return;
      }
      if (*word != yes && *word != no) {
        fields_.error(
          "E_RANGE", child(path, i), std::string(key) + " has another kind", std::string(yes) + " or " + std::string(no)
        );
        return;
      }
      list.push_back(*word == yes);
    }
  }

  Problems problems_;
  JsonFields fields_;
  const json& values_;
  std::string path_;
  Dims dims_;
};

} // namespace

bool has_model_dims(Bytes bytes) {
  if (bytes.size() > max_dims_bytes) {
    return false;
  }
  const std::optional<json> document = parse(bytes);
  if (!document) {
    return false;
  }
  // A JSON model that is given operator by operator has its dimensions in them.
  return !document->contains("graph") || document->contains("dims");
}

Result<Dims> read_model_dims(std::string_view name, Bytes bytes, DimsPart part) {
  ImportOptions options;
  options.max_json_bytes = max_dims_bytes;
  if (Status syntax = check_json_syntax(name, bytes, options); !syntax) {
    return std::move(syntax).diagnostics();
  }
  const std::optional<json> document = parse(bytes);
  if (!document) {
    return Diagnostic{
      .code = "E_TYPE",
      .message = "the document is no object",
      .hint = "dimensions are the keys of config.json: hidden_size, num_attention_heads, ...",
      .file = std::string(name)};
  }
  return DimsFile(name, *document, find_place(*document, part)).run();
}

} // namespace plena::io
