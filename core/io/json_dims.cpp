#include "io/json_dims.h"

#include "frontend/build.h"
#include "io/json_run.h"
#include "io/part_dimensions.h"
#include "io/weights.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <nlohmann/json.hpp>

namespace plena::io {

namespace {

using frontend::Architecture;
using frontend::Stack;

constexpr std::string_view families[] = {"llama", "llada", "siglip_vision", "vlm"};
constexpr std::int64_t max_size = 65536;
constexpr std::int64_t max_vocabulary = std::int64_t{1} << 21;

const Keys dims_keys = {
  "hidden_size", "intermediate_size", "num_layers", "num_attention_heads", "num_key_value_heads",
  "head_dim", "rms_norm_eps", "rope_theta", "rope_dim", "vocab_size", "patch_size", "num_channels",
  "image_size", "layer_norm_eps"};

// ---- parameters

/// What decides how a parameter that nobody gave is seeded.
enum class Kind : std::uint8_t { Matrix, Embedding, Position, Norm, Bias };

struct Distribution {
  double mean = 0;
  std::optional<double> std{}; ///< of matrices by default 1 / sqrt(fan_in)
};

struct Parameter {
  ir::Shape shape{};
  Kind kind = Kind::Matrix;
  std::optional<TensorSpec> given{};
};

using Parameters = std::map<std::string, Parameter, std::less<>>;

class ParameterList {
 public:
  explicit ParameterList(const Architecture& architecture) {
    if (architecture.text) {
      text(*architecture.text);
    }
    if (architecture.vision) {
      vision(architecture);
    }
  }
  Parameters take() { return std::move(parameters_); }

 private:
  void add(const std::string& module, ir::Shape shape, Kind kind = Kind::Matrix) {
    parameters_[module + ".weight"] = {std::move(shape), kind, {}};
  }
  void add_biased(const std::string& module, ir::Shape shape, Kind kind, bool biased) {
    if (biased) {
      parameters_[module + ".bias"] = {ir::Shape(1, shape.front()), Kind::Bias, {}};
    }
    add(module, std::move(shape), kind);
  }

  void layers(const Stack& stack, const std::string& root) {
    const frontend::NameTable& names = frontend::names_of(stack.names);
    const bool biased = stack.norm.kind == frontend::NormKind::Layer;
    const std::int64_t q = stack.heads * stack.head_dim;
    const std::int64_t kv = stack.kv_heads * stack.head_dim;
    for (std::int64_t i = 0; i < stack.layers; ++i) {
      const std::string layer = root + std::string(names.layers) + "." + std::to_string(i) + ".";
      const auto matrix = [&](std::string_view name, std::int64_t out, std::int64_t in) {
        if (!name.empty()) {
          add_biased(layer + std::string(name), {out, in}, Kind::Matrix, biased);
        }
      };
      for (const std::string_view norm : {names.attention_norm, names.ffn_norm}) {
        add_biased(layer + std::string(norm), ir::Shape(1, stack.hidden), Kind::Norm, biased);
      }
      matrix(names.q, q, stack.hidden);
      matrix(names.k, kv, stack.hidden);
      matrix(names.v, kv, stack.hidden);
      matrix(names.o, stack.hidden, q);
      matrix(names.gate, stack.ffn.inner, stack.hidden);
      matrix(names.up, stack.ffn.inner, stack.hidden);
      matrix(names.down, stack.hidden, stack.ffn.inner);
      if (stack.head_norms) {
        for (const std::string_view norm : {names.q_norm, names.k_norm}) {
          add(layer + std::string(norm), ir::Shape(1, stack.head_dim), Kind::Norm);
        }
      }
    }
    add_biased(
      root + std::string(names.final_norm), ir::Shape(1, stack.hidden), Kind::Norm, biased
    );
  }

  void text(const frontend::TextModel& text) {
    const frontend::NameTable& names = frontend::names_of(text.stack.names);
    const std::string root = "model.";
    layers(text.stack, root);
    if (text.vocabulary != 0) {
      add(root + std::string(names.embedding), {text.vocabulary, text.stack.hidden}, Kind::Embedding);
    }
    if (text.head && !text.tied) {
      add(std::string(names.head), {text.vocabulary, text.stack.hidden});
    }
  }

  void vision(const Architecture& architecture) {
    const frontend::VisionModel& vision = *architecture.vision;
    const frontend::NameTable& names = frontend::names_of(vision.stack.names);
    const std::string root = "vision_model.";
    const std::int64_t hidden = vision.stack.hidden;
    layers(vision.stack, root);
    const std::int64_t size = vision.patch_size;
    add_biased(
      root + std::string(names.embedding), {hidden, vision.channels, size, size}, Kind::Matrix, true
    );
    const std::int64_t grid = vision.image_size / size;
    add(root + std::string(names.positions), {grid * grid, hidden}, Kind::Position);
    if (architecture.connector) {
      const std::int64_t side = architecture.connector->factor;
      add_biased(
        "connector.modality_projection.proj",
        {architecture.connector->output, side * side * hidden},
        Kind::Matrix,
        architecture.connector->bias
      );
    }
  }

  Parameters parameters_;
};

class SeededTensors : public frontend::TensorSource {
 public:
  SeededTensors(
    Parameters parameters,
    std::uint64_t seed,
    std::map<Kind, Distribution> rules,
    Companions* companions
  )
      : companions_(companions),
        parameters_(std::move(parameters)),
        seed_(seed),
        rules_(std::move(rules)) {}

  std::optional<ir::Shape> shape(std::string_view name) const override {
    const auto found = parameters_.find(name);
    return found == parameters_.end() ? std::nullopt : std::optional(found->second.shape);
  }

  Result<std::vector<float>>
  read(std::string_view name, std::int64_t first, std::int64_t count) const override {
    const Parameter& parameter = parameters_.find(name)->second;
    const std::int64_t each = *ir::element_count(parameter.shape) / parameter.shape.front();
    const auto begin = static_cast<std::size_t>(first * each);
    const auto size = static_cast<std::size_t>(count * each);
    // Of large tables single rows are asked for, one after the other.
    const auto cut = [&](const std::vector<float>& all) {
      const auto start = all.begin() + static_cast<std::ptrdiff_t>(begin);
      return std::vector<float>(start, start + static_cast<std::ptrdiff_t>(size));
    };
    std::vector<float> values;
    if (parameter.given && parameter.given->external) {
      if (Status read = in_file(name, *parameter.given); !read) {
        return std::move(read).diagnostics();
      }
      values = cut(last_);
    } else if (parameter.given && parameter.given->values) {
      values = cut(parameter.given->values->floats);
    } else if (parameter.given && parameter.given->generator) {
      const Generator& made = *parameter.given->generator;
      values = ih4(made.name, made.seed, made.std, made.mean, size, begin);
    } else {
      const Distribution& rule = rules_.at(parameter.kind);
      const double spread = rule.std ? *rule.std : 1.0 / std::sqrt(static_cast<double>(each));
      values = ih4(name, seed_, spread, rule.mean, size, begin);
    }
    for (const float value : values) {
      if (!std::isfinite(value)) {
        return Diagnostic{
          .code = "E_WEIGHTS",
          .message = "a value is not finite",
          .hint = "give finite values",
          .where = child("/weights/tensors", name)};
      }
    }
    return values;
  }

 private:
  /// Reads all of a tensor in a file into `last_`, unless it is there.
  Status in_file(std::string_view name, const TensorSpec& given) const {
    if (last_name_ != name) {
      Result<ir::Constant> read = read_external(*companions_, given);
      if (!read) {
        Diagnostic why = read.diagnostics().front();
        why.where = child(child("/weights/tensors", name), "file");
        return why;
      }
      last_name_ = name;
      last_ = std::move(read->floats);
    }
    return Done{};
  }

  Companions* companions_;
  mutable std::string last_name_;
  mutable std::vector<float> last_;
  Parameters parameters_;
  std::uint64_t seed_;
  std::map<Kind, Distribution> rules_;
};

// ---- the document

class DimsReader {
 public:
  DimsReader(
    JsonFields& fields, JsonTensors& tensors, const json& document, const ImportOptions& options
  )
      : fields_(fields),
        tensors_(tensors),
        document_(document),
        options_(options) {}

  std::optional<ir::Graph> run(std::string_view family) {
    model_.model_type = family;
    if (family == "vlm") {
      both();
    } else {
      part(document_, "", family);
    }
    if (model_.text) {
      read_head(family == "vlm" ? "/text" : "");
    }
    read_run();
    read_input();
    take_ids();
    if (fields_.problems().any_error()) {
      return std::nullopt;
    }
    std::optional<Parameters> parameters = read_parameters();
    if (as_upstream_) { // whatever else the model has may be given all the same
      leave_model_as_upstream();
    }
    if (fields_.problems().any_error()) {
      return std::nullopt;
    }
    if (options_.step) { // a single text, from its ids on
      built_.step = options_.step;
      built_.from_hidden = false;
      built_.batch = 1;
    }
    const SeededTensors tensors(std::move(*parameters), seed_, rules_, options_.companions);
    Result<ir::Graph> graph = frontend::build(model_, tensors, built_, options_.built);
    report(graph.diagnostics());
    if (!graph) {
      return std::nullopt;
    }
    graph->name = fields_.text(document_, "", "name").value_or(graph->name);
    graph->run = run_;
    round_as_upstream(*graph);
    describe_input(*graph);
    return std::move(*graph);
  }

 private:
  // ---- values

  std::int64_t count(
    const json& parent,
    const std::string& path,
    const char* key,
    std::optional<std::int64_t> otherwise,
    std::int64_t most = max_size
  ) {
    const json* value = fields_.member(parent, path, key, !otherwise.has_value());
    if (value == nullptr ||
        !fields_.expect(value->is_number_integer(), *value, child(path, key), "an integer")) {
      return otherwise.value_or(1);
    }
    const double given = value->get<double>();
    if (given < 1 || given > static_cast<double>(most)) {
      range(
        child(path, key),
        std::string(key) + " is " + value->dump(),
        "whole numbers from 1 to " + std::to_string(most)
      );
      return 1;
    }
    return value->get<std::int64_t>();
  }

  /// A number of at least 0, cut to what is large enough to be refused by those who use it.
  std::optional<std::int64_t> whole(const json& value, const std::string& path) {
    constexpr std::uint64_t most = std::uint64_t{1} << 30;
    if (!fields_.expect(value.is_number_unsigned(), value, path, "a whole number")) {
      return std::nullopt;
    }
    return static_cast<std::int64_t>(std::min(value.get<std::uint64_t>(), most));
  }

  void range(std::string path, std::string message, std::string hint) {
    fields_.error("E_RANGE", std::move(path), std::move(message), std::move(hint));
  }

  double eps(const json& dims, const std::string& path, const char* key, double otherwise) {
    const double value = fields_.number(dims, path, key).value_or(otherwise);
    if (!(value > 0 && value < 0.1)) {
      range(child(path, key), std::string(key) + " is not between 0 and 0.1", "e.g. 1e-5");
    }
    return value;
  }

  void report(const Diagnostics& diagnostics) {
    for (const Diagnostic& one : diagnostics) {
      if (one.severity == Severity::Error) {
        const bool pointer = one.where.starts_with("/");
        fields_.error(one.code, pointer ? one.where : "/" + one.where, one.message, one.hint);
      } else {
        fields_.problems().warning(one.code, one.where, one.message, one.hint);
      }
    }
  }

  // ---- models

  void part(const json& model, const std::string& path, std::string_view family) {
    const json* dims = fields_.object_member(model, path, "dims", true);
    if (dims == nullptr) {
      return;
    }
    const std::string at = child(path, "dims");
    fields_.check_keys(*dims, at, dims_keys, true);
    Stack stack;
    stack.hidden = count(*dims, at, "hidden_size", std::nullopt);
    stack.ffn.inner = count(*dims, at, "intermediate_size", std::nullopt);
    stack.layers = count(*dims, at, "num_layers", std::nullopt);
    stack.heads = count(*dims, at, "num_attention_heads", std::nullopt);
    stack.kv_heads = count(*dims, at, "num_key_value_heads", stack.heads);
    if (stack.heads % stack.kv_heads != 0) {
      range(
        child(at, "num_attention_heads"),
        std::to_string(stack.heads) + " is not a multiple of num_key_value_heads " +
          std::to_string(stack.kv_heads),
        "query heads share heads of keys in equal numbers"
      );
    }
    stack.head_dim = count(*dims, at, "head_dim", std::max<std::int64_t>(stack.hidden / stack.heads, 1));
    if (stack.head_dim % 2 != 0) {
      range(child(at, "head_dim"), "head_dim is " + std::to_string(stack.head_dim), "an even number");
    }
    read_attention(model, path, stack);
    read_ffn(model, path, stack);
    read_norm(model, path, stack);
    if (family == "siglip_vision") {
      vision(model, path, *dims, at, std::move(stack));
    } else {
      text(*dims, at, std::move(stack), family == "llada");
    }
  }

  void text(const json& dims, const std::string& at, Stack stack, bool all_see_all) {
    frontend::TextModel text;
    stack.norm.eps = eps(dims, at, "rms_norm_eps", 1e-5);
    frontend::Rotary rotary;
    rotary.theta = fields_.number(dims, at, "rope_theta").value_or(10000);
    if (!(rotary.theta > 0 && std::isfinite(rotary.theta))) {
      range(child(at, "rope_theta"), "rope_theta is not positive", "e.g. 10000");
    }
    rotary.columns = count(dims, at, "rope_dim", stack.head_dim);
    if (rotary.columns > stack.head_dim || rotary.columns % 2 != 0) {
      range(
        child(at, "rope_dim"),
        "rope_dim is " + std::to_string(rotary.columns),
        "an even number up to head_dim"
      );
    }
    stack.rotary = rotary;
    stack.causal = stack.causal && !all_see_all;
    text.stack = std::move(stack);
    if (dims.contains("vocab_size")) {
      text.vocabulary = count(dims, at, "vocab_size", std::nullopt, max_vocabulary);
    }
    model_.text = std::move(text);
  }

  void vision(
    const json& model, const std::string& path, const json& dims, const std::string& at, Stack stack
  ) {
    frontend::VisionModel vision;
    stack.names = frontend::Names::Siglip;
    stack.norm.kind = frontend::NormKind::Layer;
    stack.norm.eps = eps(dims, at, "layer_norm_eps", 1e-6);
    stack.ffn.kind = frontend::FfnKind::Plain;
    stack.ffn.function = frontend::Function::GeluTanh;
    stack.causal = false;
    vision.stack = std::move(stack);
    vision.image_size = count(dims, at, "image_size", 224);
    vision.patch_size = count(dims, at, "patch_size", 16);
    vision.channels = count(dims, at, "num_channels", 3);
    if (vision.patch_size > vision.image_size) {
      range(child(at, "patch_size"), "patches are larger than the image", "at most image_size");
      vision.patch_size = vision.image_size;
    }
    model_.vision = std::move(vision);
    if (!model.contains("connector") || model["connector"].is_null()) {
      return;
    }
    const std::string place = child(path, "connector");
    if (const json* connector = fields_.object_member(model, path, "connector", false)) {
      fields_.check_keys(*connector, place, {"scale_factor", "output_dim", "bias"}, true);
      model_.connector = frontend::Connector{
        count(*connector, place, "scale_factor", 1),
        count(*connector, place, "output_dim", std::nullopt),
        fields_.flag(*connector, place, "bias").value_or(false)};
    }
  }

  void both() {
    const json* text = fields_.object_member(document_, "", "text", true);
    const json* vision = fields_.object_member(document_, "", "vision", true);
    const json* merge = fields_.object_member(document_, "", "merge", true);
    if (text == nullptr || vision == nullptr || merge == nullptr) {
      return;
    }
    part(*text, "/text", fields_.choice(*text, "/text", "family", {"llama", "llada"}).value_or("llama"));
    part(*vision, "/vision", "siglip_vision");
    if (!model_.connector && model_.vision) {
      fields_.error(
        "E_MISSING", "/vision/connector", "rows of images do not become rows of the text", "add a connector"
      );
    }
    fields_.check_keys(
      *merge, "/merge", {"bos_token_id", "image_token_id", "pad_token_id", "text_seq_len"}, true
    );
    const auto token = [&](const char* key, std::int64_t otherwise) {
      const auto id = fields_.number(*merge, "/merge", key);
      return id ? static_cast<std::int64_t>(std::min(std::max(*id, -1.0), 0x1p30)) : otherwise;
    };
    (void)fields_.member(*merge, "/merge", "image_token_id", true);
    model_.image_token = token("image_token_id", -1);
    model_.start_token = token("bos_token_id", 1);
    model_.pad_token = token("pad_token_id", -1);
    if (merge->contains("text_seq_len")) {
      built_.rows = count(*merge, "/merge", "text_seq_len", std::nullopt);
    }
  }

  void read_attention(const json& model, const std::string& path, Stack& stack) {
    const json* attention = fields_.object_member(model, path, "attention", false);
    if (attention == nullptr) {
      return;
    }
    const std::string at = child(path, "attention");
    fields_.check_keys(*attention, at, {"mask", "window", "scale", "qk_norm", "heads_packing"}, true);
    const std::string mask =
      fields_.choice(*attention, at, "mask", {"causal", "none", "sliding"}).value_or("causal");
    stack.causal = mask != "none";
    if (mask == "sliding") {
      stack.windows.assign(
        static_cast<std::size_t>(stack.layers), count(*attention, at, "window", std::nullopt, 1 << 30)
      );
    }
    stack.attention_scale = fields_.number(*attention, at, "scale");
    stack.head_norms = fields_.flag(*attention, at, "qk_norm").value_or(false);
    const auto packing =
      fields_.choice(*attention, at, "heads_packing", {"auto", "off", "on", "as_upstream"});
    if (packing && *packing != "auto") {
      fields_.problems().warning(
        "W_IGNORED", child(at, "heads_packing"), "not applied", "the compiler packs heads where it can"
      );
    }
  }

  void read_ffn(const json& model, const std::string& path, Stack& stack) {
    if (const json* ffn = fields_.object_member(model, path, "ffn", false)) {
      const std::string at = child(path, "ffn");
      fields_.check_keys(*ffn, at, {"activated", "activation"}, true);
      stack.ffn.swapped =
        fields_.choice(*ffn, at, "activated", {"gate_proj", "up_proj"}).value_or("gate_proj") == "up_proj";
      (void)fields_.choice(*ffn, at, "activation", {"silu"});
    }
  }

  void read_norm(const json& model, const std::string& path, Stack& stack) {
    if (const json* norm = fields_.object_member(model, path, "norm", false)) {
      const std::string at = child(path, "norm");
      fields_.check_keys(*norm, at, {"gamma"}, true);
      // Folded or not, gains have the same effect; norms have them here.
      stack.norm.gains =
        fields_.choice(*norm, at, "gamma", {"fold", "ignore", "explicit"}).value_or("fold") != "ignore";
    }
  }

  void read_head(const std::string& path) {
    frontend::TextModel& text = *model_.text;
    text.head = false;
    const json& model = path.empty() ? document_ : document_["text"];
    const json* head = fields_.object_member(model, path, "lm_head", false);
    if (head == nullptr) {
      return;
    }
    const std::string at = child(path, "lm_head");
    fields_.check_keys(*head, at, {"kind", "where", "vocab_size"}, true);
    const std::string kind = fields_.choice(*head, at, "kind", {"none", "tied", "separate"}).value_or("none");
    const std::string where = fields_.choice(*head, at, "where", {"host", "device"}).value_or("host");
    if (head->contains("vocab_size")) {
      text.vocabulary = count(*head, at, "vocab_size", std::nullopt, max_vocabulary);
    }
    if (kind == "none") {
      return;
    }
    if (where == "host") {
      fields_.problems().warning(
        "W_IGNORED", child(at, "where"), "a head on the host is not computed", "write \"device\""
      );
      return;
    }
    if (text.vocabulary == 0) {
      fields_.error(
        "E_MISSING", child(at, "vocab_size"), "a head needs vocab_size", "add it here or to dims"
      );
    }
    text.head = true;
    text.tied = kind == "tied";
  }

  // ---- run

  void read_run() {
    json rest = json::object();
    if (const json* run = fields_.object_member(document_, "", "run", false)) {
      rest["run"] = *run;
      json& own = rest["run"];
      const std::int64_t layers =
        model_.text ? model_.text->stack.layers : model_.vision ? model_.vision->stack.layers : 1;
      const json* start = fields_.member(*run, "/run", "layer_start", false);
      if (start != nullptr) {
        built_.first_layer = whole(*start, "/run/layer_start").value_or(0);
      }
      if (run->contains("layers")) {
        built_.last_layer = built_.first_layer + count(*run, "/run", "layers", layers) - 1;
      }
      if (run->contains("seq_len")) {
        built_.rows = count(*run, "/run", "seq_len", std::nullopt);
      }
      built_.batch = count(*run, "/run", "batch_size", 1, max_size);
      for (const char* key : {"layers", "layer_start", "seq_len", "batch_size"}) {
        own.erase(key);
      }
      if (own.contains("stop_after") && own["stop_after"].is_null()) {
        own.erase("stop_after");
      }
      read_bounds(own);
      as_upstream_ = fields_.choice(own, "/run", "compat", {"repaired", "upstream"}) == "upstream";
      own.erase("compat");
      const auto rounding = fields_.choice(own, "/run", "rounding", {"fewest_cycles", "upstream"});
      upstreams_rounding_ = as_upstream_ || rounding == "upstream";
      own.erase("rounding");
      // How upstream packs heads into passes.
      if (own.contains("hardware") && own["hardware"].is_object()) {
        own["hardware"].erase("pass_packing");
      }
    }
    run_ = read_json_run(fields_, rest);
    const auto override_by = [&](std::string_view name, auto& value) {
      if (const auto found = options_.dims.find(name); found != options_.dims.end()) {
        value = found->second;
      }
    };
    override_by(rows_dimension, built_.rows);
    override_by(first_layer_dimension, built_.first_layer);
    override_by(last_layer_dimension, built_.last_layer);
    override_by(batch_dimensions[0], built_.batch);
    if (upstreams_rounding_) {
      build_as_upstream();
    }
  }

  /// What the file says about how results are judged, and about loops.
  void read_bounds(json& run) {
    const auto ignored = [&](const char* key, const char* hint) {
      if (run.contains(key)) {
        fields_.problems().warning("W_IGNORED", child("/run", key), "not applied", hint);
        run.erase(key);
      }
    };
    for (const char* key : {"atol", "rtol", "min_allclose"}) {
      ignored(key, "every operator has a bound of its own");
    }
    ignored("roll_kv_groups", "`unroll` decides about loops");
    ignored("conv_use_shift", "the compiler chooses the form");
    if (const auto keep = fields_.flag(run, "/run", "stage_checkpoints"); keep && !run.contains("keep_stages")) {
      run["keep_stages"] = *keep;
    }
    run.erase("stage_checkpoints");
  }

  /// Sums that upstream's programs make elsewhere, or on the host.
  void build_as_upstream() {
    if (model_.text && model_.text->stack.rotary) {
      model_.text->stack.rotary->recorded = true;
    }
    if (model_.vision) {
      model_.vision->positions_with_bias = true;
    }
    if (model_.connector) {
      model_.connector->one_product = true;
    }
  }

  /// Where the models of upstream's frontends differ from those that they read (models.md 1.20).
  void leave_model_as_upstream() {
    const auto refuse = [&](const char* path, std::string message, std::string hint) {
      fields_.error("E_COMPAT", path, std::move(message), std::move(hint));
    };
    const auto number = [&](const char* key) {
      const auto found = run_.hardware.find(key);
      return found == run_.hardware.end() ? 0 : static_cast<std::int64_t>(found->second);
    };
    const std::int64_t lanes = number("mlen");
    if (lanes == 0) {
      return refuse(
        "/run/hardware", "upstream's program depends on the machine", "write mlen, broadcast and mram_tiles"
      );
    }
    if (model_.text && model_.vision) {
      return refuse(
        "/family",
        "upstream merges rows of images and of text on the host",
        "take the text or the vision model alone, or \"repaired\""
      );
    }
    if (model_.vision) {
      model_.vision->stack.ffn.function = frontend::Function::GeluSigmoid;
    }
    if (!model_.text) {
      return;
    }
    frontend::TextModel& text = *model_.text;
    Stack& stack = text.stack;
    if (number("broadcast") > 1 && stack.head_dim < lanes) {
      return refuse(
        "/run/compat",
        "upstream's packed heads leave values of earlier products in each other's lanes, which is not "
        "reproduced",
        "\"repaired\" computes the model; \"rounding\": \"upstream\" rounds it as upstream does"
      );
    }
    if (!stack.causal && built_.rows.value_or(0) > lanes) {
      return refuse(
        "/run/compat",
        "upstream leaves out tiles of keys that come after a query, though every token sees every other; "
        "that is not reproduced",
        "\"repaired\" computes the model, or take at most " + std::to_string(lanes) + " tokens"
      );
    }
    stack.norm.gains = false;
    stack.head_norms = false;
    stack.ffn.swapped = true;
    stack.attention_scale.reset();
    stack.windows.clear();
    stack.rotary->columns = stack.head_dim;
    if (text.head) {
      fields_.problems().warning(
        "W_IGNORED", "/lm_head", "upstream's programs end with the last norm", "\"repaired\" has the head"
      );
      text.head = false;
    }
  }

  /// The tiles of the Matrix SRAM that the file tells are also those of K that upstream's products add up
  /// before they are rounded. Without the roundings, a smaller Matrix SRAM means that tiles are fetched
  /// over and over. Other roundings of upstream's cost cycles: the file asks for them by name.
  void round_as_upstream(ir::Graph& graph) const {
    const auto given_tiles = run_.hardware.find("mram_tiles");
    const bool split = given_tiles != run_.hardware.end() || as_upstream_;
    constexpr std::uint64_t upstreams_tiles = 4; // where nothing says how many
    const std::uint64_t tiles =
      given_tiles == run_.hardware.end() ? upstreams_tiles : given_tiles->second;
    const auto heads = run_.hardware.find("broadcast");
    const bool packs = heads != run_.hardware.end() && heads->second > 1; // scores of several heads at once
    std::set<ir::TensorId> gated; // what upstream's feed forward reads and writes; it never splits K
    for (const ir::Node& node : graph.nodes) {
      if (upstreams_rounding_ && node.op == "gated") {
        gated.insert(node.inputs.begin(), node.inputs.end());
        gated.insert(node.outputs.begin(), node.outputs.end());
      }
    }
    for (ir::Node& node : graph.nodes) {
      const bool products = node.op == "linear" || (upstreams_rounding_ && node.op == "conv2d");
      const bool whole = gated.count(node.inputs[0]) != 0 || gated.count(node.outputs[0]) != 0;
      if (products && !whole && split) {
        node.attrs["k_split"] = static_cast<std::int64_t>(std::min<std::uint64_t>(tiles, max_size));
      }
      if (upstreams_rounding_ && (node.op == "rms_norm" || node.op == "layer_norm")) {
        node.attrs["by_blocks"] = std::int64_t{1};
      }
      if (upstreams_rounding_ && node.op == "attention" && !packs && !options_.step) {
        node.attrs["form"] = std::string("online");
      }
    }
    // What upstream's projections hold at once is no size of its machine: its feed forward holds more.
    if (upstreams_rounding_) {
      graph.run.hardware.erase("mram_tiles");
    }
  }

  // ---- input

  void read_input() {
    const json* input = fields_.object_member(document_, "", "input", true);
    if (input == nullptr) {
      return;
    }
    fields_.check_keys(*input, "/input", {"kind", "ids", "tensor"}, true);
    const auto kind = fields_.choice(*input, "/input", "kind", {"tokens", "embeddings", "pixels"});
    if (!kind) {
      (void)fields_.member(*input, "/input", "kind", true);
      return;
    }
    if (const json* tensor = fields_.member(*input, "/input", "tensor", *kind != "tokens")) {
      input_ = tensors_.spec(
        *tensor, "/input/tensor", *kind == "pixels" ? frontend::pixel_input : frontend::hidden_input
      );
    }
    if (*kind == "embeddings") {
      built_.from_hidden = true;
      const std::optional<ir::Shape> shape = input_ ? input_->shape : std::nullopt;
      if (!built_.rows && shape && shape->size() >= 2) {
        built_.rows = (*shape)[shape->size() - 2];
      }
    } else if (*kind == "tokens" && model_.text) {
      if (model_.text->vocabulary == 0) {
        fields_.error("E_MISSING", "/dims/vocab_size", "tokens need an embedding", "add vocab_size");
      }
      read_ids(*input);
    }
  }

  /// The caller's ids, if there are any.
  void take_ids() {
    if (options_.ids.empty() || options_.step) {
      return;
    }
    if (built_.from_hidden || !model_.text || model_.text->vocabulary == 0) {
      fields_.error(
        "E_INPUT", "/input", "ids are given, and the model does not start from tokens", "leave them away"
      );
      return;
    }
    built_.ids = options_.ids;
  }

  void read_ids(const json& input) {
    const json* ids = fields_.member(input, "/input", "ids", true);
    if (ids == nullptr) {
      return;
    }
    if (ids->is_array()) {
      for (std::size_t i = 0; i < ids->size() && i < static_cast<std::size_t>(max_size); ++i) {
        const json& id = (*ids)[i];
        const std::optional<std::int64_t> value = whole(id, child("/input/ids", i));
        if (!value) {
          return;
        }
        built_.ids.push_back(*value);
      }
    } else if (fields_.object(*ids, "/input/ids")) {
      const std::string at = "/input/ids";
      fields_.check_keys(*ids, at, {"generator", "first", "step", "modulus", "length"}, true);
      (void)fields_.choice(*ids, at, "generator", {"ids_affine"});
      const auto value = [&](const char* key, std::int64_t otherwise) {
        const json* given = fields_.member(*ids, at, key, false);
        return given == nullptr ? otherwise : whole(*given, child(at, key)).value_or(otherwise);
      };
      const std::int64_t first = value("first", 0);
      const std::int64_t step = value("step", 1);
      const std::int64_t vocabulary = std::max<std::int64_t>(model_.text->vocabulary, 1);
      const std::int64_t modulus = count(*ids, at, "modulus", vocabulary, max_vocabulary);
      const std::int64_t length = count(*ids, at, "length", built_.rows.value_or(16));
      for (std::int64_t i = 0; i < length; ++i) {
        built_.ids.push_back((first + i * step) % modulus);
      }
    }
  }

  /// Values of the graph's first input.
  void describe_input(ir::Graph& graph) {
    if (!input_ || graph.inputs.empty() || options_.step) {
      return;
    }
    graph.input_specs.resize(graph.inputs.size());
    ir::Tensor& tensor = graph.tensor(graph.inputs.front());
    const std::int64_t wanted = *ir::element_count(tensor.shape);
    if (input_->shape && *ir::element_count(*input_->shape) != wanted) {
      fields_.error(
        "E_SHAPE",
        "/input/tensor/shape",
        "shape " + ir::to_string(*input_->shape) + ", expected " + ir::to_string(tensor.shape),
        "rows and columns as dims and run say"
      );
      return;
    }
    ir::InputSpec& spec = graph.input_specs.front();
    if (input_->generator) {
      const Generator& made = *input_->generator;
      spec = {{}, made.name, made.seed, made.std, made.mean, false};
    } else if (input_->values && is_float(input_->dtype)) {
      spec.values = input_->values;
    }
  }

  // ---- weights

  void distribution(const json& parent, const char* key, Kind kind) {
    const std::string path = "/weights/std";
    const json* value = fields_.member(parent, path, key, false);
    if (value == nullptr || *value == "ones" || *value == "1/sqrt(fan_in)") {
      return;
    }
    Distribution& rule = rules_[kind];
    if (value->is_object()) {
      fields_.check_keys(*value, child(path, key), {"mean", "std"}, true);
      rule.mean = fields_.number(*value, child(path, key), "mean").value_or(rule.mean);
      rule.std = fields_.number(*value, child(path, key), "std").value_or(rule.std.value_or(0));
    } else {
      rule.std = fields_.number(parent, path, key).value_or(0);
    }
  }

  std::optional<Parameters> read_parameters() {
    Parameters parameters = ParameterList(model_).take();
    for (const auto& [name, parameter] : parameters) {
      if (!ir::element_count(parameter.shape)) {
        fields_.error(
          "E_RESOURCE",
          "/dims",
          "the tensor " + name + " would have the shape " + ir::to_string(parameter.shape),
          "make the dimensions smaller: a tensor has at most " + std::to_string(ir::max_elements) +
            " elements"
        );
        return std::nullopt;
      }
    }
    const json* weights = fields_.object_member(document_, "", "weights", true);
    if (weights == nullptr) {
      return std::nullopt;
    }
    fields_.check_keys(
      *weights, "/weights", {"source", "generator", "seed", "naming", "std", "tensors"}, true
    );
    const auto source = fields_.choice(*weights, "/weights", "source", {"seed", "inline", "base64", "external"});
    (void)fields_.choice(*weights, "/weights", "generator", {"ih4"});
    (void)fields_.choice(*weights, "/weights", "naming", {"hf_llama", "hf_smolvlm"});
    seed_ = fields_.seed(*weights, "/weights").value_or(seed_);
    if (const json* std = fields_.object_member(*weights, "/weights", "std", false)) {
      fields_.check_keys(
        *std, "/weights/std", {"matrix", "norm", "bias", "embedding", "position_embedding"}, true
      );
      distribution(*std, "matrix", Kind::Matrix);
      distribution(*std, "norm", Kind::Norm);
      distribution(*std, "bias", Kind::Bias);
      distribution(*std, "embedding", Kind::Embedding);
      distribution(*std, "position_embedding", Kind::Position);
    }
    if (const json* given = fields_.object_member(*weights, "/weights", "tensors", false)) {
      for (const auto& [name, value] : given->items()) {
        read_given(parameters, name, value);
      }
    }
    if (source && *source != "seed") {
      drop_missing(parameters);
    }
    return parameters;
  }

  void read_given(Parameters& parameters, const std::string& name, const json& value) {
    const std::string path = child("/weights/tensors", name);
    const auto found = parameters.find(name);
    if (found == parameters.end()) {
      fields_.error("E_WEIGHTS", path, "the model has no parameter of this name", "correct or remove it");
      return;
    }
    auto spec = tensors_.spec(value, path, name, true);
    if (!spec) {
      return;
    }
    if (spec->shape && *spec->shape != found->second.shape) {
      fields_.error(
        "E_SHAPE",
        path,
        "shape " + ir::to_string(*spec->shape) + ", expected " + ir::to_string(found->second.shape),
        "give it in the shape that the dimensions say"
      );
    } else if (!spec->has_source() || !is_float(spec->dtype) || !spec->shape) {
      fields_.error(
        "E_WEIGHTS",
        path,
        "no values for this tensor",
        "give shape and `values`, `base64`, `file`, `generator` or `fill`"
      );
    } else {
      found->second.given = std::move(*spec);
    }
  }

  /// Nothing is seeded: what nobody gave is missing.
  static void drop_missing(Parameters& parameters) {
    for (auto one = parameters.begin(); one != parameters.end();) {
      one = one->second.given ? std::next(one) : parameters.erase(one);
    }
  }

  JsonFields& fields_;
  JsonTensors& tensors_;
  const json& document_;
  const ImportOptions& options_;
  Architecture model_;
  frontend::Part built_;
  ir::RunChoices run_;
  bool upstreams_rounding_ = false; ///< also where it costs cycles
  bool as_upstream_ = false;        ///< the model, too
  std::optional<TensorSpec> input_;
  std::uint64_t seed_ = 42;
  std::map<Kind, Distribution> rules_{
    {Kind::Matrix, {}},
    {Kind::Embedding, {0, 1.0}},
    {Kind::Position, {0, 1.0}},
    {Kind::Norm, {1, 0.0}},
    {Kind::Bias, {0, 0.0}}};
};

} // namespace

std::string dims_families() {
  std::string list;
  for (const std::string_view family : families) {
    list += (list.empty() ? "" : ", ") + std::string(family);
  }
  return list;
}

bool is_dims_family(std::string_view family) {
  return std::find(std::begin(families), std::end(families), family) != std::end(families);
}

std::optional<ir::Graph> read_json_dims(
  JsonFields& fields,
  JsonTensors& tensors,
  const json& document,
  std::string_view family,
  const ImportOptions& options
) {
  return DimsReader(fields, tensors, document, options).run(family);
}

} // namespace plena::io
