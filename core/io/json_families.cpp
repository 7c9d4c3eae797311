#include "io/json_families.h"

#include "io/json_fields.h"
#include "io/json_syntax.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace plena::io {

namespace {

using frontend::Architecture;
using frontend::FfnKind;
using frontend::Function;
using frontend::Names;
using frontend::NormKind;
using frontend::RopeScaling;
using frontend::Stack;
using frontend::TextModel;
using frontend::VisionModel;

constexpr std::size_t max_config_bytes = std::size_t{16} << 20;
constexpr std::int64_t max_size = 65536;
constexpr std::int64_t max_vocabulary = std::int64_t{1} << 21;
constexpr std::int64_t max_positions = std::int64_t{1} << 20;

enum class Kind : std::uint8_t { Text, Vision, VisionText };

/// What a model_type stands for where config.json is silent, and what it always is.
struct Family {
  std::string_view model_type;
  Names names = Names::Llama;
  Kind kind = Kind::Text;
  double eps = 1e-6;
  double theta = 10000;
  std::int64_t kv_heads = 0; ///< 0: as many as heads
  std::int64_t head_dim = 0; ///< 0: columns of a row, shared by the heads
  std::int64_t window = 0;   ///< 0: all see all
  bool window_switch = false; ///< `use_sliding_window` has to be true
  bool alternating = false;   ///< every second layer has the window, the first included
  bool tied = false;
  bool causal = true;
  bool layer_norms = false;
  bool plain_ffn = false;
  bool learned_positions = false;
  bool inputs_first = false;
  bool head_norms = false;
  bool sinks = false;
  double gain_offset = 0;
  bool scaled_embedding = false;
  std::optional<Function> function{}; ///< whatever `hidden_act` says
  std::string_view experts{};         ///< key of their number; none when empty
  std::string_view expert_inner{};
  std::int64_t chosen = 2;
  bool clamped = false;
};

const Family families[] = {
  {.model_type = "llama"},
  {.model_type = "mistral", .kv_heads = 8, .window = 4096},
  {.model_type = "qwen2", .window = 4096, .window_switch = true},
  {.model_type = "qwen3", .head_dim = 128, .window = 4096, .window_switch = true, .head_norms = true},
  {.model_type = "qwen3_moe",
   .names = Names::Qwen3Moe,
   .head_dim = 128,
   .window = 4096,
   .window_switch = true,
   .head_norms = true,
   .experts = "num_experts",
   .expert_inner = "moe_intermediate_size",
   .chosen = 8},
  {.model_type = "phi3", .names = Names::Phi3, .eps = 1e-5},
  {.model_type = "gemma",
   .head_dim = 256,
   .tied = true,
   .gain_offset = 1,
   .scaled_embedding = true,
   .function = Function::GeluTanh},
  {.model_type = "gpt2",
   .names = Names::Gpt2,
   .eps = 1e-5,
   .tied = true,
   .layer_norms = true,
   .plain_ffn = true,
   .learned_positions = true,
   .inputs_first = true},
  {.model_type = "mixtral",
   .names = Names::Mixtral,
   .eps = 1e-5,
   .theta = 1e6,
   .kv_heads = 8,
   .experts = "num_local_experts",
   .expert_inner = "intermediate_size"},
  {.model_type = "gpt_oss",
   .names = Names::GptOss,
   .eps = 1e-5,
   .theta = 150000,
   .kv_heads = 8,
   .head_dim = 64,
   .window = 128,
   .alternating = true,
   .sinks = true,
   .experts = "num_local_experts",
   .expert_inner = "intermediate_size",
   .chosen = 4,
   .clamped = true},
  {.model_type = "llada", .names = Names::Llada, .eps = 1e-5, .causal = false},
  {.model_type = "siglip_vision_model",
   .names = Names::Siglip,
   .kind = Kind::Vision,
   .causal = false,
   .layer_norms = true,
   .plain_ffn = true},
  {.model_type = "smolvlm", .kind = Kind::VisionText},
  {.model_type = "idefics3", .kind = Kind::VisionText}};

const Family* find_family(std::string_view model_type) {
  const auto found = std::find_if(std::begin(families), std::end(families), [&](const Family& row) {
    return row.model_type == model_type;
  });
  return found == std::end(families) ? nullptr : found;
}

/// Values that ask for something that is not built, unless they are these.
struct Restriction {
  const char* key;
  const char* accepted; ///< as JSON
};
constexpr Restriction restrictions[] = {
  {"add_cross_attention", "false"},
  {"scale_attn_by_inverse_layer_idx", "false"},
  {"scale_attn_weights", "true"},
  {"norm_topk_prob", "true"},
  {"decoder_sparse_step", "1"},
  {"mlp_only_layers", "[]"},
  {"alibi", "false"},
  {"attention_layer_norm", "false"},
  {"block_type", "\"llama\""},
  {"layer_norm_type", "\"rms\""},
  {"is_encoder_decoder", "false"}};
/// Keys that ask for something that is not built, whatever their value.
constexpr const char* refused[] = {
  "attn_logit_softcapping",
  "final_logit_softcapping",
  "query_pre_attn_scalar",
  "clip_qkv",
  "residual_multiplier",
  "logits_scaling",
  "quantization_config"};

struct FunctionName {
  std::string_view name;
  Function function;
};
constexpr FunctionName functions[] = {
  {"silu", Function::Silu},
  {"swish", Function::Silu},
  {"gelu_pytorch_tanh", Function::GeluTanh},
  {"gelu_new", Function::GeluTanh},
  {"gelu_fast", Function::GeluTanh},
  {"gelu", Function::GeluErf}};

struct ScalingName {
  std::string_view name;
  RopeScaling::Kind kind;
};
constexpr ScalingName scalings[] = {
  {"default", RopeScaling::Kind::None},
  {"linear", RopeScaling::Kind::Linear},
  {"dynamic", RopeScaling::Kind::Dynamic},
  {"llama3", RopeScaling::Kind::Llama3},
  {"yarn", RopeScaling::Kind::Yarn},
  {"longrope", RopeScaling::Kind::LongRope},
  {"su", RopeScaling::Kind::LongRope}};

template <class Rows> std::string names_in(const Rows& rows) {
  std::string list;
  for (const auto& row : rows) {
    list += (list.empty() ? "" : ", ") + std::string(row.name);
  }
  return list;
}

using Alternatives = std::vector<const char*>;

class ConfigReader {
 public:
  ConfigReader(JsonFields& fields, const json& config, std::string path)
      : fields_(fields),
        config_(config),
        path_(std::move(path)) {}

  TextModel text(const Family& family) {
    check_features();
    TextModel model;
    model.stack = stack(family);
    Stack& stack = model.stack;
    model.vocabulary = count({"vocab_size"}, std::nullopt, max_vocabulary);
    model.tied = flag({"tie_word_embeddings", "weight_tying"}, family.tied);
    stack.causal = family.causal;
    stack.windows = windows(family, stack.layers);
    if (family.learned_positions) {
      model.learned_positions = count({"n_positions", "max_position_embeddings"}, 1024, max_positions);
    } else {
      stack.rotary = rotary(family, stack.head_dim);
    }
    if (family.scaled_embedding) {
      model.embedding_scale = std::sqrt(static_cast<double>(stack.hidden));
    }
    if (!family.experts.empty()) {
      experts(family, stack.ffn);
    }
    return model;
  }

  VisionModel vision(const Family& family) {
    check_features();
    VisionModel model;
    model.stack = stack(family);
    model.stack.causal = false;
    model.image_size = count({"image_size"}, 224, max_size);
    model.patch_size = count({"patch_size"}, 16, max_size);
    model.channels = count({"num_channels"}, 3, max_size);
    if (model.patch_size > model.image_size) {
      range("patch_size", model.patch_size, "at most image_size");
      model.patch_size = model.image_size;
    }
    return model;
  }

  /// A whole number of 1 to `most` under one of these keys; E_MISSING when there is no default.
  std::int64_t
  count(const Alternatives& keys, std::optional<std::int64_t> otherwise, std::int64_t most) {
    for (const char* key : keys) {
      const json* value = fields_.member(config_, path_, key, false);
      if (value == nullptr) {
        continue;
      }
      if (!fields_.expect(value->is_number_integer(), *value, child(path_, key), "an integer")) {
        return 1;
      }
      const double given = value->get<double>();
      if (given < 1 || given > static_cast<double>(most)) {
        fields_.error(
          "E_RANGE",
          child(path_, key),
          std::string(key) + " is " + value->dump(),
          "whole numbers from 1 to " + std::to_string(most)
        );
        return 1;
      }
      return value->get<std::int64_t>();
    }
    if (!otherwise) {
      (void)fields_.member(config_, path_, keys.front(), true);
    }
    return otherwise.value_or(1);
  }

 private:
  double number(const Alternatives& keys, double otherwise) {
    for (const char* key : keys) {
      if (const auto value = fields_.number(config_, path_, key)) {
        return *value;
      }
    }
    return otherwise;
  }
  bool flag(const Alternatives& keys, bool otherwise) {
    for (const char* key : keys) {
      if (const auto value = fields_.flag(config_, path_, key)) {
        return *value;
      }
    }
    return otherwise;
  }
  void range(const char* key, std::int64_t value, std::string wanted) {
    fields_.error(
      "E_RANGE", child(path_, key), std::string(key) + " is " + std::to_string(value), std::move(wanted)
    );
  }
  void unsupported(const std::string& path, std::string message, std::string hint) {
    fields_.error("E_UNSUPPORTED_ATTR", path, std::move(message), std::move(hint));
  }

  void check_features() {
    for (const Restriction& row : restrictions) {
      const json* value = fields_.member(config_, path_, row.key, false);
      if (value != nullptr && *value != json::parse(row.accepted)) {
        unsupported(
          child(path_, row.key),
          std::string(row.key) + " is " + value->dump(),
          "supported is " + std::string(row.accepted)
        );
      }
    }
    for (const char* key : refused) {
      if (fields_.member(config_, path_, key, false) != nullptr) {
        unsupported(
          child(path_, key),
          std::string(key) + " is not supported",
          "use a model without it; quantised ones have to be saved in float32, float16 or bfloat16"
        );
      }
    }
  }

  Stack stack(const Family& family) {
    Stack stack;
    stack.names = family.names;
    stack.inputs_first = family.inputs_first;
    stack.head_norms = family.head_norms;
    stack.sinks = family.sinks;
    stack.hidden = count({"hidden_size", "n_embd", "d_model"}, std::nullopt, max_size);
    stack.layers = count({"num_hidden_layers", "n_layer", "n_layers"}, std::nullopt, max_size);
    stack.heads = count({"num_attention_heads", "n_head", "n_heads"}, std::nullopt, max_size);
    const std::int64_t kv_heads = family.kv_heads == 0 ? stack.heads : family.kv_heads;
    stack.kv_heads = count({"num_key_value_heads", "n_kv_heads"}, kv_heads, max_size);
    if (stack.heads % stack.kv_heads != 0) {
      range("num_key_value_heads", stack.kv_heads, "a divisor of num_attention_heads");
    }
    const bool shared = family.head_dim == 0;
    stack.head_dim =
      count({"head_dim"}, shared ? stack.hidden / stack.heads : family.head_dim, max_size);
    if (stack.head_dim < 1 ||
        (shared && config_.find("head_dim") == config_.end() && stack.hidden % stack.heads != 0)) {
      range("num_attention_heads", stack.heads, "a divisor of hidden_size, or give head_dim");
      stack.head_dim = 1;
    }
    stack.norm.kind = family.layer_norms ? NormKind::Layer : NormKind::Rms;
    stack.norm.eps = number({"rms_norm_eps", "layer_norm_epsilon", "layer_norm_eps"}, family.eps);
    stack.norm.gain_offset = family.gain_offset;
    stack.ffn.kind = family.plain_ffn ? FfnKind::Plain : FfnKind::Gated;
    stack.ffn.inner = count(
      {"intermediate_size", "n_inner", "mlp_hidden_size"},
      family.plain_ffn ? std::optional(4 * stack.hidden) : std::nullopt,
      max_size
    );
    stack.ffn.function = family.function ? *family.function : function(family);
    return stack;
  }

  Function function(const Family& family) {
    for (const char* key : {"hidden_act", "hidden_activation", "activation_function", "activation_type"}) {
      const auto name = fields_.text(config_, path_, key);
      if (!name) {
        continue;
      }
      const auto row = std::find_if(
        std::begin(functions), std::end(functions), [&](const FunctionName& r) { return r.name == *name; }
      );
      if (row == std::end(functions)) {
        unsupported(
          child(path_, key),
          "the function " + *name + " is not supported",
          "supported: " + names_in(functions)
        );
        return Function::Silu;
      }
      return row->function;
    }
    return family.plain_ffn ? Function::GeluTanh : Function::Silu;
  }

  // ---- windows

  std::vector<std::int64_t> windows(const Family& family, std::int64_t layers) {
    std::int64_t window = family.window;
    if (config_.find("sliding_window") != config_.end()) {
      // Nothing (0 by now) says that there is none.
      window = config_["sliding_window"] == 0 ? 0 : count({"sliding_window"}, 0, 1 << 30);
    }
    if (family.window_switch && !flag({"use_sliding_window"}, false)) {
      window = 0;
    }
    if (const json* types = fields_.array_member(config_, path_, "layer_types", false)) {
      return typed_windows(*types, layers, window);
    }
    if (window == 0) {
      return {};
    }
    const std::int64_t first = family.window_switch ? count({"max_window_layers"}, 28, max_size) : 0;
    std::vector<std::int64_t> result;
    for (std::int64_t i = 0; i < layers; ++i) {
      const bool all = family.alternating ? i % 2 != 0 : i < first;
      result.push_back(all ? 0 : window);
    }
    return result;
  }

  std::vector<std::int64_t>
  typed_windows(const json& types, std::int64_t layers, std::int64_t window) {
    const std::string path = child(path_, "layer_types");
    std::vector<std::int64_t> result;
    if (types.size() < static_cast<std::size_t>(layers)) {
      fields_.error(
        "E_RANGE",
        path,
        std::to_string(types.size()) + " layers have types",
        "the model has " + std::to_string(layers) + " layers"
      );
      return result;
    }
    for (std::size_t i = 0; i < static_cast<std::size_t>(layers); ++i) {
      const bool sliding = types[i] == "sliding_attention";
      if (!sliding && types[i] != "full_attention") {
        unsupported(
          child(path, i),
          "layers of type " + types[i].dump() + " are not supported",
          "supported: full_attention, sliding_attention"
        );
        return result;
      }
      if (sliding && window == 0) {
        fields_.error(
          "E_MISSING", child(path_, "sliding_window"), "a layer has a window, but of what size?", "add it"
        );
        return result;
      }
      result.push_back(sliding ? window : 0);
    }
    return result;
  }

  // ---- rotary positions

  std::optional<frontend::Rotary> rotary(const Family& family, std::int64_t head_dim) {
    frontend::Rotary rotary;
    const char* section = config_.contains("rope_parameters") ? "rope_parameters" : "rope_scaling";
    const json* given = fields_.object_member(config_, path_, section, false);
    static const json nothing = json::object();
    const json& parameters = given == nullptr ? nothing : *given;
    const std::string path = child(path_, section);
    for (const auto& [key, value] : parameters.items()) {
      if (value.is_object()) {
        unsupported(
          child(path, key),
          "rotary positions of their own for some layers are not supported",
          "use one for all"
        );
        return std::nullopt;
      }
    }
    rotary.theta = fields_.number(parameters, path, "rope_theta")
                     .value_or(number({"rope_theta"}, family.theta));
    if (!(rotary.theta > 0 && std::isfinite(rotary.theta))) {
      fields_.error("E_RANGE", child(path_, "rope_theta"), "rope_theta is not positive", "e.g. 10000");
    }
    const double part = fields_.number(parameters, path, "partial_rotary_factor")
                          .value_or(number({"partial_rotary_factor"}, 1));
    rotary.columns = part > 0 && part <= 1
                       ? static_cast<std::int64_t>(part * static_cast<double>(head_dim))
                       : 0;
    if (rotary.columns < 2 || rotary.columns % 2 != 0 || head_dim % 2 != 0) {
      fields_.error(
        "E_RANGE",
        child(path_, "head_dim"),
        std::to_string(rotary.columns) + " columns of a head are rotated",
        "an even number of them, at least 2"
      );
      return std::nullopt;
    }
    rotary.scaling = scaling(parameters, path, rotary.columns);
    return rotary;
  }

  RopeScaling scaling(const json& parameters, const std::string& path, std::int64_t columns) {
    RopeScaling scaling;
    const char* key = parameters.contains("rope_type") ? "rope_type" : "type";
    const std::string name = fields_.text(parameters, path, key).value_or("default");
    const auto row = std::find_if(
      std::begin(scalings), std::end(scalings), [&](const ScalingName& r) { return r.name == name; }
    );
    if (row == std::end(scalings)) {
      unsupported(
        child(path, key), "rotary positions of type " + name + " are not supported",
        "supported: " + names_in(scalings)
      );
      return scaling;
    }
    scaling.kind = row->kind;
    if (scaling.kind == RopeScaling::Kind::None) {
      return scaling;
    }
    const auto value = [&](const char* of, double otherwise) {
      return fields_.number(parameters, path, of).value_or(otherwise);
    };
    const double longest = number({"max_position_embeddings"}, 2048);
    const bool dynamic = scaling.kind == RopeScaling::Kind::Dynamic;
    scaling.trained_positions = dynamic ? longest
                                        : value(
                                            "original_max_position_embeddings",
                                            number({"original_max_position_embeddings"}, longest)
                                          );
    scaling.factor = value("factor", longest / scaling.trained_positions);
    scaling.attention_factor = fields_.number(parameters, path, "attention_factor");
    scaling.low_freq_factor = value("low_freq_factor", scaling.low_freq_factor);
    scaling.high_freq_factor = value("high_freq_factor", 4);
    scaling.beta_fast = value("beta_fast", scaling.beta_fast);
    scaling.beta_slow = value("beta_slow", scaling.beta_slow);
    scaling.mscale = value("mscale", 0);
    scaling.mscale_all_dim = value("mscale_all_dim", 0);
    scaling.truncate = fields_.flag(parameters, path, "truncate").value_or(true);
    if (scaling.kind == RopeScaling::Kind::LongRope) {
      scaling.short_factors = factors(parameters, path, "short_factor", columns / 2);
      scaling.long_factors = factors(parameters, path, "long_factor", columns / 2);
    }
    for (const double positive :
         {scaling.factor, scaling.trained_positions, scaling.low_freq_factor, scaling.beta_slow}) {
      if (!(positive > 0 && std::isfinite(positive))) {
        fields_.error("E_RANGE", path, "a factor or a number of positions is not positive", "correct it");
        return {};
      }
    }
    if (scaling.kind == RopeScaling::Kind::Llama3 &&
        !(scaling.high_freq_factor > scaling.low_freq_factor)) {
      fields_.error(
        "E_RANGE", child(path, "high_freq_factor"), "it is not above low_freq_factor", "correct it"
      );
    }
    return scaling;
  }

  std::vector<double>
  factors(const json& parameters, const std::string& path, const char* key, std::int64_t pairs) {
    std::vector<double> result;
    if (const json* list = fields_.array_member(parameters, path, key, true)) {
      for (const json& factor : *list) {
        result.push_back(factor.is_number() ? factor.get<double>() : 0);
      }
      const bool positive =
        std::all_of(result.begin(), result.end(), [](double factor) { return factor > 0; });
      if (result.size() != static_cast<std::size_t>(pairs) || !positive) {
        fields_.error(
          "E_RANGE",
          child(path, key),
          "it is no list of positive numbers for the pairs of columns",
          "the heads have " + std::to_string(pairs) + " pairs"
        );
      }
    }
    return result;
  }

  // ---- experts

  void experts(const Family& family, frontend::Ffn& ffn) {
    const std::string experts(family.experts);
    const std::string inner(family.expert_inner);
    ffn.kind = FfnKind::Experts;
    ffn.inner = count({inner.c_str()}, std::nullopt, max_size);
    ffn.experts = count({experts.c_str(), "num_experts"}, std::nullopt, max_size);
    ffn.chosen = count({"num_experts_per_tok", "experts_per_token"}, family.chosen, max_size);
    if (ffn.chosen > ffn.experts) {
      range("num_experts_per_tok", ffn.chosen, "at most " + experts);
    }
    if (family.clamped) {
      ffn.limit = number({"swiglu_limit"}, 7);
      ffn.alpha = number({"swiglu_alpha"}, 1.702);
    } else if (ffn.function != Function::Silu) {
      unsupported(child(path_, "hidden_act"), "experts have another function than silu", "use silu");
    }
  }

  JsonFields& fields_;
  const json& config_;
  std::string path_;
};

/// Keys without a value count as absent, but a window that is nothing is one of size 0.
void drop_nulls(json& value) {
  if (!value.is_object()) {
    return;
  }
  for (auto entry = value.begin(); entry != value.end();) {
    if (entry->is_null() && entry.key() == "sliding_window") {
      *entry = 0;
    }
    drop_nulls(*entry);
    entry = entry->is_null() ? value.erase(entry) : std::next(entry);
  }
}

class FamilyReader {
 public:
  explicit FamilyReader(JsonFields& fields) : fields_(fields) {}

  Architecture read(const json& config) {
    Architecture result;
    const Family* family = family_of(config, "", nullptr);
    if (family == nullptr) {
      return result;
    }
    result.model_type = family->model_type;
    switch (family->kind) {
    case Kind::Text:
      result.text = ConfigReader(fields_, config, "").text(*family);
      break;
    case Kind::Vision:
      result.vision = ConfigReader(fields_, config, "").vision(*family);
      break;
    case Kind::VisionText:
      both(config, result);
      break;
    }
    return result;
  }

 private:
  /// Null after an error.
  const Family* family_of(const json& config, const std::string& path, const char* otherwise) {
    const json* given = fields_.member(config, path, "model_type", otherwise == nullptr);
    std::string type = otherwise == nullptr ? "" : otherwise;
    if (given != nullptr) {
      const auto text = fields_.as_text(*given, child(path, "model_type"));
      if (!text) {
        return nullptr;
      }
      type = *text;
    } else if (otherwise == nullptr) {
      return nullptr;
    }
    // The vision part of a model with text is a Siglip encoder under another name.
    const bool encoder = type == "smolvlm_vision" || type == "idefics3_vision";
    const Family* family = find_family(encoder ? "siglip_vision_model" : type);
    if (family == nullptr) {
      fields_.error(
        "E_FAMILY",
        child(path, "model_type"),
        "models of type " + type + " are not known",
        "known: " + known_families()
      );
    }
    return family;
  }

  void both(const json& config, Architecture& result) {
    const json* text = fields_.object_member(config, "", "text_config", true);
    const json* vision = fields_.object_member(config, "", "vision_config", true);
    if (text == nullptr || vision == nullptr) {
      return;
    }
    const Family* text_family = family_of(*text, "/text_config", "llama");
    const Family* vision_family = family_of(*vision, "/vision_config", "siglip_vision_model");
    if (text_family == nullptr || vision_family == nullptr) {
      return;
    }
    if (text_family->kind != Kind::Text || vision_family->kind != Kind::Vision) {
      fields_.error(
        "E_FAMILY",
        "/text_config/model_type",
        "the parts of the model are not a text and a vision model",
        "text_config describes a text model, vision_config an encoder"
      );
      return;
    }
    result.text = ConfigReader(fields_, *text, "/text_config").text(*text_family);
    result.vision = ConfigReader(fields_, *vision, "/vision_config").vision(*vision_family);
    result.text->tied = fields_.flag(config, "", "tie_word_embeddings").value_or(result.text->tied);
    ConfigReader own(fields_, config, "");
    const std::int64_t factor = own.count({"scale_factor"}, 2, max_size);
    const std::int64_t grid = result.vision->image_size / result.vision->patch_size;
    if (grid % factor != 0) {
      fields_.error(
        "E_RANGE",
        "/scale_factor",
        "scale_factor is " + std::to_string(factor),
        "a divisor of the " + std::to_string(grid) + " patches in a row"
      );
    }
    result.connector = frontend::Connector{factor, result.text->stack.hidden, false};
    result.image_token = own.count({"image_token_id"}, std::nullopt, max_vocabulary);
  }

  JsonFields& fields_;
};

} // namespace

Result<Architecture> read_config(const ModelFile& file) {
  const Result<std::vector<std::uint8_t>> bytes = read_all(file, max_config_bytes);
  if (!bytes) {
    return bytes.diagnostics();
  }
  if (Status syntax = check_json_syntax(file.name, *bytes, {}); !syntax) {
    return std::move(syntax).diagnostics();
  }
  try {
    json config = json::parse(bytes->begin(), bytes->end());
    drop_nulls(config);
    Problems problems(file.name);
    JsonFields fields(problems);
    Architecture result;
    if (fields.object(config, "")) {
      result = FamilyReader(fields).read(config);
    }
    if (problems.any_error()) {
      return problems.take();
    }
    return {std::move(result), problems.take()};
  } catch (const json::exception& exception) {
    return Diagnostic{
      .code = "E_JSON",
      .message = exception.what(),
      .hint = "correct what the message names",
      .file = file.name};
  }
}

std::string known_families() {
  std::string list;
  for (const Family& family : families) {
    list += (list.empty() ? "" : ", ") + std::string(family.model_type);
  }
  return list;
}

} // namespace plena::io
