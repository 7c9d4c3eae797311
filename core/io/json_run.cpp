#include "io/json_run.h"

#include "ir/choices.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace plena::io {

namespace {

/// Keys of other families or of other compilers, and what a file of this family does instead.
struct Refused {
  std::string_view key;
  const char* hint;
};
constexpr const char* shapes_say = "the shapes of the graph say this; remove it";
constexpr const char* own_bounds = "every operator has a bound of its own; remove it";
constexpr Refused refused[] = {
  {"seq_len", shapes_say},
  {"batch_size", shapes_say},
  {"layers", shapes_say},
  {"layer_start", shapes_say},
  {"stop_after", "name the tensor in `graph.outputs` instead"},
  {"stage_checkpoints", "write `keep_stages` instead"},
  {"roll_kv_groups", "`unroll` decides about loops; remove it"},
  {"conv_use_shift", "the compiler chooses the form; remove it"},
  {"rounding", "nodes say this: `by_blocks` of norms, `form` of attention, `k_split` of linear"},
  {"compat", "nodes say what is computed; remove it"},
  {"atol", own_bounds},
  {"rtol", own_bounds},
  {"min_allclose", own_bounds}};
constexpr std::string_view references[] = {"fp32", "hardware"};

class RunReader {
 public:
  RunReader(JsonFields& fields, const json& run) : fields_(fields), run_(run) {}

  ir::RunChoices read() {
    ir::RunChoices choices;
    Keys known{"hardware", "precision", "references"};
    ir::visit_choices(choices, [&](const char* name, auto&) { known.push_back(name); });
    for (const Refused& row : refused) {
      known.push_back(row.key);
      if (run_.contains(row.key)) {
        fields_.error(
          "E_RUN",
          child(path_, row.key),
          "family graph does not take `" + std::string(row.key) + "`",
          row.hint
        );
      }
    }
    fields_.check_keys(run_, path_, known, true);
    (void)fields_.choice(run_, path_, "precision", {"hardware"});
    check_references();
    ir::visit_choices(choices, [&](const char* name, auto& chosen) { read(name, chosen); });
    read_hardware(choices);
    return choices;
  }

 private:
  /// The name of a value, or upstream's switch for loops.
  void read(const char* name, std::string& chosen) {
    const json* value = fields_.member(run_, path_, name, false);
    if (std::string_view(name) == "unroll" && value != nullptr && value->is_boolean()) {
      chosen = value->get<bool>() ? "all" : "none";
    } else {
      chosen = fields_.text(run_, path_, name).value_or("");
    }
  }
  void read(const char* name, std::optional<bool>& chosen) {
    chosen = fields_.flag(run_, path_, name);
  }

  void check_references() {
    const json* list = fields_.array_member(run_, path_, "references", false);
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
      const json& one = (*list)[i];
      if (std::find(std::begin(references), std::end(references), one) == std::end(references)) {
        fields_.error(
          "E_RANGE",
          child(path_ + "/references", i),
          "there is no reference " + one.dump(-1, ' ', true),
          "the references are fp32 and hardware"
        );
      }
    }
    if (list != nullptr && list->size() < std::size(references)) {
      fields_.problems().note(
        "N_RUN",
        path_ + "/references",
        "both references are computed",
        "the report shows them side by side; the list may be removed"
      );
    }
  }

  void read_hardware(ir::RunChoices& choices) {
    const json* hardware = fields_.object_member(run_, path_, "hardware", false);
    if (hardware == nullptr) {
      return;
    }
    for (const auto& [key, value] : hardware->items()) {
      const std::string at = child(path_ + "/hardware", key);
      if (!key.starts_with("x-") &&
          fields_.expect(value.is_number_unsigned(), value, at, "a whole number")) {
        choices.hardware[key] = value.get<std::uint64_t>();
      }
    }
  }

  JsonFields& fields_;
  const json& run_;
  const std::string path_ = "/run";
};

} // namespace

ir::RunChoices read_json_run(JsonFields& fields, const json& document) {
  const json* run = fields.object_member(document, "", "run", false);
  return run == nullptr ? ir::RunChoices{} : RunReader(fields, *run).read();
}

} // namespace plena::io
