#include "recipe/recipe.h"

#include "base/text.h"
#include "io/base64.h"
#include "io/json_syntax.h"
#include "recipe/link.h"
#include "recipe/upgrade.h"

#include <algorithm>
#include <fmt/format.h>
#include <limits>
#include <nlohmann/json.hpp>
#include <variant>
#include <vector>

namespace plena::recipe {

namespace {

using Json = nlohmann::json;

constexpr const char* version_key = "plena_recipe";
constexpr std::size_t max_items = 1000;
constexpr std::size_t max_ids = 1 << 16;
constexpr std::size_t max_errors = 50;
/// Numbers of a text go through the page, whose numbers are exact up to 2^53.
constexpr std::uint64_t max_exact = std::uint64_t{1} << 53;

// ---- what a value may be

enum class Rule : std::uint8_t {
  Any,
  Word,
  Line,
  FileName,
  Address,
  Release,
  Hex8,
  Hex16,
  Hex,
  Text,
  Base64,
  Model
};

bool all_of(std::string_view text, bool (*fits)(char)) {
  return std::all_of(text.begin(), text.end(), fits);
}
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }
bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' ||
         c == '-';
}
bool is_printable(char c) { return static_cast<unsigned char>(c) >= 0x20 && c != '\x7f'; }

/// NUMBER.NUMBER.NUMBER, then perhaps a sign and words.
bool is_release(std::string_view text) {
  for (int part = 0; part < 3; ++part) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    if (digits < 1 || digits > 5) {
      return false;
    }
    text.remove_prefix(digits);
    if (part < 2) {
      if (!text.starts_with('.')) {
        return false;
      }
      text.remove_prefix(1);
    }
  }
  return text.empty() || (text.size() <= 42 && text.size() >= 2 &&
                          (text[0] == '-' || text[0] == '+') && all_of(text.substr(1), is_word));
}

bool is_address(std::string_view text) {
  const bool secure = text.starts_with("https://");
  return secure && text.size() > 8 && text.size() <= 2000 && all_of(text, [](char c) {
           return c > ' ' && c < '\x7f' &&
                  std::string_view("\"'<>\\`{}|^").find(c) == std::string_view::npos;
         });
}

bool fits(Rule rule, std::string_view text) {
  switch (rule) {
  case Rule::Any:
  case Rule::Model:
    return true;
  case Rule::Word:
    return !text.empty() && text.size() <= 80 && all_of(text, is_word);
  case Rule::Line:
    return !text.empty() && text.size() <= 200 && all_of(text, is_printable);
  case Rule::FileName:
    return !text.empty() && text.size() <= 255 && all_of(text, is_printable) &&
           text.find_first_of("/\\") == std::string_view::npos;
  case Rule::Address:
    return is_address(text);
  case Rule::Release:
    return is_release(text);
  case Rule::Hex8:
    return text.size() == 8 && all_of(text, is_hex);
  case Rule::Hex16:
    return text.size() == 16 && all_of(text, is_hex);
  case Rule::Hex:
    return (text.size() == 16 || text.size() == 64) && all_of(text, is_hex);
  case Rule::Text:
    return text.find('\0') == std::string_view::npos;
  case Rule::Base64: {
    const auto bytes = io::base64_decode(text);
    return bytes && !bytes->empty() && bytes->size() <= max_input_bytes;
  }
  }
  return false;
}

std::string_view wanted(Rule rule) {
  switch (rule) {
  case Rule::Any:
    return "a value";
  case Rule::Model:
    return "a model as a JSON object";
  case Rule::Word:
    return "1 to 80 letters, digits, '_', '.' and '-'";
  case Rule::Line:
    return "1 to 200 printable bytes";
  case Rule::FileName:
    return "a file name without folders";
  case Rule::Address:
    return "an https address";
  case Rule::Release:
    return "a release like 0.1.0 or 0.1.0-abc";
  case Rule::Hex8:
    return "8 hexadecimal digits";
  case Rule::Hex16:
    return "16 hexadecimal digits";
  case Rule::Hex:
    return "16 or 64 hexadecimal digits";
  case Rule::Text:
    return "text without a zero byte";
  case Rule::Base64:
    return "1 to 4096 bytes as base64";
  }
  return {};
}

// ---- the tables: every field of a recipe's JSON

/// Where a field is kept; its type says how it is read and written.
using Place = std::variant<
  std::string*,
  std::uint64_t*,
  std::optional<std::uint64_t>*,
  std::vector<std::uint64_t>*,
  Values*,
  Model*,
  Settings*,
  Part*,
  Digests*,
  Text*,
  View*,
  Prediction*,
  std::vector<std::string>*,
  std::vector<Input>*,
  std::vector<Edit>*,
  std::optional<Way>*>;

struct Field {
  const char* key;
  Place place;
  Rule rule;
  const char* meaning;
};
using Fields = std::vector<Field>;

Fields fields_of(Model& model) {
  return {
    {"f",
     &model.file,
     Rule::FileName,
     "name of a file that is not public; the opener is asked for it"},
    {"g", &model.gallery, Rule::Word, "name of a model that comes with the project"},
    {"h", &model.sha256, Rule::Hex, "SHA-256, of a `g` its first 16 digits"},
    {"j", &model.json, Rule::Model, "the model itself"},
    {"n", &model.bytes, Rule::Any, "bytes of the file; left out for a folder"},
    {"u", &model.address, Rule::Address, "public address of the model"}};
}
Fields fields_of(Settings& settings) {
  return {
    {"k", &settings.changed, Rule::Word, "settings that differ from the preset, by key"},
    {"p", &settings.preset, Rule::Word, "name of the preset"}};
}
Fields fields_of(Part& part) {
  return {
    {"b", &part.batch, Rule::Any, "texts or images, each with as many rows"},
    {"f", &part.first, Rule::Any, "first layer"},
    {"i", &part.ids, Rule::Any, "token ids"},
    {"l", &part.last, Rule::Any, "last layer"},
    {"n", &part.rows, Rule::Any, "tokens or patches"}};
}
Fields fields_of(Input& input) {
  return {
    {"f", &input.name, Rule::Line, "graph input"},
    {"h", &input.sha256, Rule::Hex, "SHA-256 of the file"},
    {"n", &input.bytes, Rule::Any, "bytes of the file"},
    {"v", &input.values, Rule::Base64, "a small file itself, as base64, in the place of `h` and `n`"}};
}
Fields fields_of(Edit& edit) {
  return {
    {"d", &edit.removed, Rule::Any, "lines that go"},
    {"h", &edit.anchor, Rule::Hex8, "hash of these lines and the ones around them"},
    {"i", &edit.added, Rule::Text, "lines that come"},
    {"l", &edit.line, Rule::Any, "first line that goes, from 1"}};
}
Fields fields_of(Digests& digests) {
  return {
    {"c", &digests.cycles, Rule::Hex16, "of the cycles and how they are counted"},
    {"s", &digests.state, Rule::Hex16, "of all memories at the end"},
    {"w", &digests.words, Rule::Hex16, "of the machine words"}};
}
/// With their keys in recipes, or else spelled out, as callers know them.
Fields fields_of(Prediction& asked, bool spelled = false) {
  const auto key = [spelled](const char* brief, const char* name) { return spelled ? name : brief; };
  return {
    {key("c", "prices"), &asked.prices, Rule::Word, "cycles of instructions as expressions"},
    {key("d", "dims"), &asked.dims, Rule::Model, "a file with dimensions"},
    {key("f", "dimsName"), &asked.dims_name, Rule::FileName, "its name"},
    {key("g", "model"), &asked.model, Rule::Word, "dimensions that come with the project"},
    {key("l", "latencies"), &asked.latencies, Rule::Word, "latencies"},
    {key("n", "numbers"), &asked.numbers, Rule::Word, "settings, dimensions and work that differ"},
    {key("o", "form"), &asked.form, Rule::Word, "formulas"},
    {key("p", "part"), &asked.part, Rule::Word, "which of two transformers"},
    {key("s", "section"), &asked.section, Rule::Word, "section of the settings"},
    {key("t", "shown"), &asked.shown, Rule::Word, "table in front"},
    {key("x", "sweep"), &asked.sweep, Rule::Line, "axes of the sweep"}};
}

Fields fields_of(Text& text) {
  return {
    {"c", &text.context, Rule::Any, "tokens that the caches have room for"},
    {"h", &text.digest, Rule::Hex16, "of the tokens that must come, their logits and cycles"},
    {"i", &text.ids, Rule::Any, "ids of the prompt"},
    {"n", &text.count, Rule::Any, "tokens to come"},
    {"r", &text.seed, Rule::Any, "seed of the choices"},
    {"t", &text.temperature, Rule::Any, "temperature in thousandths; none: the likeliest token"}};
}
Fields fields_of(View& view) {
  return {
    {"a", &view.prediction, Rule::Any, "what the closed-form models were asked"},
    {"c", &view.cycle, Rule::Any, "cycle"},
    {"n", &view.node, Rule::Any, "node"},
    {"p", &view.pc, Rule::Any, "instruction"},
    {"t", &view.tab, Rule::Word, "panel in front"}};
}
Fields fields_of(Way& way) {
  return {
    {"a", &way.edits, Rule::Any, "edits of the compiled program's text"},
    {"c", &way.options, Rule::Word, "compile options that were chosen"},
    {"d", &way.digests, Rule::Any, "what must come of it"},
    {"i", &way.inputs, Rule::Any, "inputs that files give"},
    {"m", &way.model, Rule::Any, "the model; none: a program that stands alone, in `a`"},
    {"n", &way.dims, Rule::Line, "sizes of symbolic dimensions"},
    {"p", &way.part, Rule::Any, "part of a transformer"},
    {"r", &way.seed, Rule::Any, "seed of inputs that are made up"},
    {"s", &way.settings, Rule::Any, "the machine"},
    {"x", &way.stop, Rule::Any, "the run stops after so many instructions"}};
}
Fields fields_of(Recipe& recipe) {
  Fields fields = fields_of(static_cast<Way&>(recipe));
  fields.push_back({"b", &recipe.baseline, Rule::Any, "what it is compared with: only what differs"}
  );
  fields.push_back({"e", &recipe.release, Rule::Release, "release of the engine that made it"});
  fields.push_back({"t", &recipe.text, Rule::Any, "a text that the model goes on with"});
  fields.push_back({"v", &recipe.view, Rule::Any, "where the reader was; has no part in the result"}
  );
  return fields;
}

/// Discarded when it is no JSON. By the iterators that importers use: another kind would be another
/// parser.
Json json_of(std::string_view text) {
  const io::Bytes bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  return Json::parse(bytes.begin(), bytes.end(), nullptr, false);
}

// ---- writing

/// Members that are not those of `usual`, which has the same fields. `whole`: the recipe itself.
Json object_json(const Fields& fields, const Fields& usual, Way* whole = nullptr);

template <class T> Json to_json(T& value) {
  T usual{};
  return object_json(fields_of(value), fields_of(usual));
}
Json to_json(Values& values) {
  Json object = Json::object();
  for (const auto& [name, scalar] : values) {
    object[name] = std::visit([](const auto& one) { return Json(one); }, scalar);
  }
  return object;
}
template <class T> Json list_json(std::vector<T>& list) {
  Json array = Json::array();
  for (T& one : list) {
    array.push_back(to_json(one));
  }
  return array;
}

struct Writer {
  Rule rule;
  Way* whole;

  Json operator()(std::string* value) const {
    return rule == Rule::Model ? json_of(*value) : Json(*value);
  }
  Json operator()(std::uint64_t* value) const { return *value; }
  Json operator()(std::optional<std::uint64_t>* value) const {
    return *value ? Json(**value) : Json(nullptr);
  }
  Json operator()(std::vector<std::uint64_t>* value) const { return *value; }
  Json operator()(std::vector<std::string>* value) const { return *value; }
  Json operator()(std::vector<Input>* value) const { return list_json(*value); }
  Json operator()(std::vector<Edit>* value) const { return list_json(*value); }
  /// Of the baseline only what differs from the recipe itself.
  Json operator()(std::optional<Way>* value) const {
    return object_json(fields_of(**value), fields_of(*whole));
  }
  template <class T> Json operator()(T* value) const { return to_json(*value); }
};

Json object_json(const Fields& fields, const Fields& usual, Way* whole) {
  Json object = Json::object();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const bool same = std::visit(
      [&](auto* value) { return *value == *std::get<decltype(value)>(usual[i].place); },
      fields[i].place
    );
    if (!same) {
      object[fields[i].key] = std::visit(Writer{fields[i].rule, whole}, fields[i].place);
    }
  }
  return object;
}

// ---- reading

class Reader {
 public:
  explicit Reader(std::string_view file) : file_(file) {}

  void error(std::string code, std::string where, std::string message, std::string hint) {
    if (diagnostics.size() < max_errors) {
      diagnostics.push_back(
        {.code = std::move(code),
         .message = std::move(message),
         .hint = std::move(hint),
         .file = file_,
         .where = std::move(where)}
      );
    }
  }
  void mistyped(const std::string& path, std::string_view article_and_type) {
    error(
      "E_RECIPE_TYPE",
      path,
      fmt::format("this is not {}", article_and_type),
      "`plena docs recipe` lists every field"
    );
  }

  void read(std::string& value, const Json& json, const std::string& path, Rule rule) {
    if (rule == Rule::Model) {
      if (json.is_object()) {
        value = json.dump();
      } else {
        mistyped(path, "a model as a JSON object");
      }
      return;
    }
    if (!json.is_string()) {
      return mistyped(path, "a text");
    }
    value = json.get<std::string>();
    if (!fits(rule, value)) {
      bad_value(path, rule);
    }
  }
  void read(std::uint64_t& value, const Json& json, const std::string& path, Rule) {
    if (!json.is_number_unsigned()) {
      return mistyped(path, "a whole number that is not negative");
    }
    value = json.get<std::uint64_t>();
  }
  void
  read(std::optional<std::uint64_t>& value, const Json& json, const std::string& path, Rule rule) {
    value.reset();
    if (!json.is_null()) {
      std::uint64_t number = 0;
      read(number, json, path, rule);
      value = number;
    }
  }
  void
  read(std::vector<std::uint64_t>& list, const Json& json, const std::string& path, Rule rule) {
    list.clear();
    if (is_list(json, path, max_ids)) {
      for (std::size_t i = 0; i < json.size(); ++i) {
        list.emplace_back();
        read(list.back(), json[i], fmt::format("{}/{}", path, i), rule);
      }
    }
  }
  void read(Values& values, const Json& json, const std::string& path, Rule rule) {
    values.clear();
    if (!json.is_object()) {
      return mistyped(path, "an object");
    }
    if (json.size() > max_items) {
      return too_many(path, max_items);
    }
    for (const auto& [name, value] : json.items()) {
      const std::string inner = path + "/" + io::pointer_step(name);
      if (!fits(rule, name)) {
        bad_value(inner, rule);
      } else if (value.is_boolean()) {
        values[name] = value.get<bool>();
      } else if (value.is_number_unsigned()) {
        values[name] = value.get<std::uint64_t>();
      } else if (value.is_string() && fits(Rule::Line, value.get_ref<const std::string&>())) {
        values[name] = value.get<std::string>();
      } else {
        mistyped(inner, "true, false, a whole number or a short text");
      }
    }
  }
  template <class T>
  void read(std::vector<T>& list, const Json& json, const std::string& path, Rule rule) {
    list.clear();
    if (is_list(json, path, max_items)) {
      for (std::size_t i = 0; i < json.size(); ++i) {
        list.emplace_back();
        read(list.back(), json[i], fmt::format("{}/{}", path, i), rule);
      }
    }
  }
  template <class T> void read(T& value, const Json& json, const std::string& path, Rule) {
    value = T{};
    object(fields_of(value), json, path);
  }
  /// Read when the recipe itself has been.
  void read(std::optional<Way>&, const Json&, const std::string&, Rule) {}
  /// What is wrong with a view costs the view alone.
  void read(View& value, const Json& json, const std::string& path, Rule) {
    Reader own(file_);
    View view;
    own.object(fields_of(view), json, path);
    own.check(view.prediction, path + "/a");
    if (own.diagnostics.empty()) {
      value = view;
      return;
    }
    warnings.push_back(
      {.severity = Severity::Warning,
       .code = "W_RECIPE_VIEW",
       .message = "the view cannot be read; what is computed is not touched by that",
       .hint = own.diagnostics.front().message,
       .file = file_,
       .where = own.diagnostics.front().where}
    );
  }

  /// Members that are absent stay as they are. A key `beside` may stand there, too.
  void object(
    const Fields& fields, const Json& json, const std::string& path, std::string_view beside = {}
  ) {
    if (!json.is_object()) {
      return mistyped(path, "an object");
    }
    for (const auto& [key, value] : json.items()) {
      const std::string inner = path + "/" + io::pointer_step(key);
      const auto field =
        std::find_if(fields.begin(), fields.end(), [&, &key = key](const Field& one) {
          return key == one.key;
        });
      if (field != fields.end()) {
        std::visit(
          [&, &value = value](auto* place) { read(*place, value, inner, field->rule); },
          field->place
        );
      } else if (key != beside) {
        error(
          "E_RECIPE_KEY",
          inner,
          fmt::format("there is no field '{}' here", key),
          "the link may be of a later release, or was written by hand; `plena docs recipe` lists "
          "every field"
        );
      }
    }
  }

  void check(const Prediction& asked, const std::string& path, bool spelled = false) {
    if (asked == Prediction{}) {
      return;
    }
    if (asked.shown.empty()) {
      error(
        "E_RECIPE_MISSING",
        path,
        "what was shown of the closed-form models is not said",
        "name the table that was in front"
      );
    }
    if (!asked.model.empty() && !asked.dims.empty()) {
      error("E_RECIPE_VALUE", path, "dimensions are given twice", "keep one of the two");
    }
    for (const auto& [name, number] : asked.numbers) {
      if (!std::holds_alternative<std::uint64_t>(number)) {
        mistyped(
          fmt::format("{}/{}/{}", path, spelled ? "numbers" : "n", io::pointer_step(name)),
          "a whole number that is not negative"
        );
      }
    }
    for (const auto& [name, price] : asked.prices) {
      if (!std::holds_alternative<std::string>(price)) {
        mistyped(
          fmt::format("{}/{}/{}", path, spelled ? "prices" : "c", io::pointer_step(name)),
          "an expression as a text"
        );
      }
    }
  }

  void check(const Text& text, const std::string& path) {
    if (text == Text{}) {
      return;
    }
    if (text.ids.empty()) {
      error("E_RECIPE_MISSING", path + "/i", "the text has no prompt", "give the ids of its tokens");
    }
    for (const auto& [key, number] :
         {std::pair{"/r", text.seed}, std::pair{"/t", text.temperature}}) {
      if (number > max_exact) {
        error(
          "E_RECIPE_VALUE",
          path + key,
          fmt::format("{} is more than a page can count to", number),
          fmt::format("write a number up to {}", max_exact)
        );
      }
    }
    if (text.context > max_context || text.ids.size() > text.context ||
        text.count > text.context - text.ids.size()) {
      error(
        "E_RECIPE_VALUE",
        path + "/c",
        fmt::format(
          "{} tokens and {} to come do not fit into {}", text.ids.size(), text.count, text.context
        ),
        fmt::format("give a context of as many, at most {}", max_context)
      );
    }
  }

  void check(const Way& way, const std::string& path) {
    const Model& model = way.model;
    const int kinds = static_cast<int>(!model.gallery.empty()) +
                      static_cast<int>(!model.address.empty()) +
                      static_cast<int>(!model.file.empty() && model.json.empty()) +
                      static_cast<int>(!model.json.empty());
    const std::string where = path + "/m";
    if (kinds > 1) {
      error(
        "E_RECIPE_VALUE",
        where,
        "the model is given in several ways",
        "keep one of `f`, `g`, `j` and `u`"
      );
    } else if (kinds == 0 && model != Model{}) {
      error(
        "E_RECIPE_MISSING", where, "the model is not named", "give one of `f`, `g`, `j` and `u`"
      );
    } else if (kinds == 1 && model.json.empty()) {
      const std::size_t digits = model.gallery.empty() ? 64 : 16;
      if (model.sha256.empty()) {
        error(
          "E_RECIPE_MISSING", where + "/h", "the model's hash is not given", "give its SHA-256"
        );
      } else if (model.sha256.size() != digits) {
        error(
          "E_RECIPE_VALUE",
          where + "/h",
          fmt::format("this must be {} hexadecimal digits", digits),
          "give the model's SHA-256"
        );
      }
    }
    if (way.settings.preset.empty()) {
      error(
        "E_RECIPE_MISSING", path + "/s/p", "the machine is not named", "give the name of a preset"
      );
    }
    for (const auto& [name, size] : way.dims) {
      if (!std::holds_alternative<std::uint64_t>(size)) {
        mistyped(path + "/n/" + io::pointer_step(name), "a whole number that is not negative");
      }
    }
    for (std::size_t i = 0; i < way.edits.size(); ++i) {
      if (way.edits[i].line == 0 || way.edits[i].anchor.empty()) {
        error(
          "E_RECIPE_MISSING",
          fmt::format("{}/a/{}", path, i),
          "an edit needs its line, from 1, and its anchor",
          "give `l` and `h`"
        );
      }
    }
    for (std::size_t i = 0; i < way.inputs.size(); ++i) {
      const Input& input = way.inputs[i];
      if (input.name.empty() || (input.values.empty() && input.sha256.size() != 64)) {
        error(
          "E_RECIPE_MISSING",
          fmt::format("{}/i/{}", path, i),
          "an input needs its name, and its values or their SHA-256",
          "give `f` and `h`, or `f` and `v`"
        );
      } else if (!input.values.empty() && (input.bytes != 0 || !input.sha256.empty())) {
        error(
          "E_RECIPE_VALUE",
          fmt::format("{}/i/{}", path, i),
          "the values of an input are given in two ways",
          "keep `v`, or `h` and `n`"
        );
      }
    }
  }

  Diagnostics diagnostics;
  Diagnostics warnings;

 private:
  void bad_value(const std::string& path, Rule rule) {
    error(
      "E_RECIPE_VALUE", path, fmt::format("this must be {}", wanted(rule)), "make the link again"
    );
  }
  void too_many(const std::string& path, std::size_t most) {
    error(
      "E_RECIPE_VALUE",
      path,
      fmt::format("there are more than {} of them", most),
      "a recipe is small: put the rest into a file"
    );
  }
  bool is_list(const Json& json, const std::string& path, std::size_t most) {
    if (!json.is_array()) {
      mistyped(path, "a list");
    } else if (json.size() > most) {
      too_many(path, most);
    }
    return json.is_array() && json.size() <= most;
  }

  std::string file_;
};

Diagnostic refused(std::string code, std::string message, std::string hint, std::string_view file) {
  return {
    .code = std::move(code),
    .message = std::move(message),
    .hint = std::move(hint),
    .file = std::string(file)};
}

void describe(std::string& page, std::string_view place, const Fields& fields) {
  for (const Field& field : fields) {
    fmt::format_to(std::back_inserter(page), "| `{}{}` | {} |\n", place, field.key, field.meaning);
  }
}

} // namespace

Result<Recipe> parse(std::string_view text, std::string_view name) {
  io::ImportOptions limits;
  limits.max_json_bytes = max_json_bytes;
  const io::Bytes bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  if (const Status syntax = io::check_json_syntax(name, bytes, limits); !syntax) {
    return syntax.diagnostics();
  }
  Json json = json_of(text);
  if (!json.is_object() || !json.contains(version_key)) {
    return refused(
      "E_RECIPE_FOREIGN",
      fmt::format("this is no recipe: it has no `{}`", version_key),
      "a recipe is what `plena link -o` or the page's Share dialog writes",
      name
    );
  }
  const Json version = json[version_key];
  if (!version.is_number_unsigned() || version == 0u) {
    Diagnostic problem = refused(
      "E_RECIPE_VALUE", "the version is not a whole number from 1", "make the link again", name
    );
    problem.where = fmt::format("/{}", version_key);
    return problem;
  }
  const auto number = version.get<std::uint64_t>();
  if (number > current_version) {
    return refused(
      "E_RECIPE_NEWER",
      fmt::format(
        "this is a recipe of version {}, and versions up to {} are known here",
        number,
        current_version
      ),
      "open it with the release that made it, or a later one",
      name
    );
  }
  lift(json, number, upgrades());
  Recipe recipe;
  Reader reader(name);
  reader.object(fields_of(recipe), json, "", version_key);
  if (reader.diagnostics.empty()) {
    reader.check(static_cast<const Way&>(recipe), "");
    reader.check(recipe.text, "/t");
    if (recipe.release.empty()) {
      reader.error(
        "E_RECIPE_MISSING", "/e", "the release that made it is not named", "give it as `e`"
      );
    }
  }
  if (const auto baseline = json.find("b"); baseline != json.end() && reader.diagnostics.empty()) {
    recipe.baseline = static_cast<const Way&>(recipe);
    reader.object(fields_of(*recipe.baseline), *baseline, "/b");
    if (reader.diagnostics.empty()) {
      reader.check(*recipe.baseline, "/b");
    }
  }
  if (!reader.diagnostics.empty()) {
    return std::move(reader.diagnostics);
  }
  return {std::move(recipe), std::move(reader.warnings)};
}

std::string write(const Recipe& recipe) {
  Recipe copy = recipe; // fields are places that could be read into
  Recipe usual;
  Json json = object_json(fields_of(copy), fields_of(usual), &copy);
  json[version_key] = current_version;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Status check(const Recipe& recipe) {
  const std::string text = write(recipe);
  if (text.size() > max_json_bytes) {
    return refused(
      "E_RECIPE_VALUE",
      fmt::format(
        "the recipe would have {} bytes, and no more than {} are read", text.size(), max_json_bytes
      ),
      "name the model as a file instead",
      {}
    );
  }
  const Result<Recipe> read = parse(text);
  return read ? Status(Done{}) : Status(read.diagnostics());
}

std::optional<std::string> canonical_json(std::string_view text) {
  const Json json = json_of(text);
  return json.is_object() ? std::optional(json.dump()) : std::nullopt;
}

std::optional<Recipe> baseline_of(const Recipe& recipe) {
  if (!recipe.baseline) {
    return std::nullopt;
  }
  Recipe other;
  static_cast<Way&>(other) = *recipe.baseline;
  other.release = recipe.release;
  return other;
}

bool is_recipe(std::string_view text) {
  const Json json = json_of(text);
  return json.is_object() && json.contains(version_key);
}

Result<Wish> parse_wish(std::string_view json) {
  const Json given = json_of(json);
  const auto refused = [](std::string where) {
    return Diagnostic{
      .code = "E_ARGUMENT",
      .message = "this says nothing about a recipe",
      .hint = "an object with `gallery`, `address` or `json`, `view`, `text` and `baseline`",
      .where = std::move(where)};
  };
  if (!given.is_object()) {
    return refused("");
  }
  Wish wish;
  for (const auto& [key, value] : given.items()) {
    std::string* text = key == "gallery"   ? &wish.gallery
                        : key == "address" ? &wish.address
                        : key == "json"    ? &wish.json
                                           : nullptr;
    if (text != nullptr && value.is_string()) {
      *text = value.get<std::string>();
    } else if (key == "text" && value.is_object()) {
      Reader reader({});
      reader.object(fields_of(wish.text), value, "/text");
      if (reader.diagnostics.empty()) {
        reader.check(wish.text, "/text");
      }
      if (!reader.diagnostics.empty()) {
        return std::move(reader.diagnostics);
      }
    } else if (key == "baseline" && value.is_object()) {
      const Result<Recipe> read = parse(value.dump());
      if (!read) {
        Diagnostics errors = read.diagnostics();
        for (Diagnostic& one : errors) {
          one.where = "/baseline" + one.where;
        }
        return errors;
      }
      wish.baseline = static_cast<const Way&>(*read);
    } else if (key == "view" && value.is_object()) {
      const auto number = [&, &value = value](const char* name) {
        const auto found = value.find(name);
        return found != value.end() && found->is_number_unsigned()
                 ? std::optional(found->get<std::uint64_t>())
                 : std::nullopt;
      };
      const auto tab = value.find("tab");
      wish.view = {
        .tab = tab != value.end() && tab->is_string() ? tab->get<std::string>() : "",
        .pc = number("pc"),
        .node = number("node"),
        .cycle = number("cycle")};
      if (const auto asked = value.find("prediction"); asked != value.end()) {
        const std::string where = "/view/prediction";
        Reader reader("");
        reader.object(fields_of(wish.view.prediction, true), *asked, where);
        reader.check(wish.view.prediction, where, true);
        if (!reader.diagnostics.empty()) {
          return std::move(reader.diagnostics);
        }
      }
    } else {
      return refused("/" + key);
    }
  }
  return wish;
}

std::string prediction_json(const Prediction& prediction) {
  Prediction copy = prediction; // fields are places that could be read into
  Prediction usual;
  return copy == usual ? ""
                       : object_json(fields_of(copy, true), fields_of(usual, true))
                           .dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string fields_markdown() {
  std::string page = fmt::format(
    "| field | meaning |\n|---|---|\n| `{}` | version of the recipe: {} |\n",
    version_key,
    current_version
  );
  Recipe recipe;
  Input input;
  Edit edit;
  Text text;
  describe(page, "", fields_of(recipe));
  describe(page, "m.", fields_of(recipe.model));
  describe(page, "s.", fields_of(recipe.settings));
  describe(page, "p.", fields_of(recipe.part));
  describe(page, "i[].", fields_of(input));
  describe(page, "a[].", fields_of(edit));
  describe(page, "d.", fields_of(recipe.digests));
  describe(page, "t.", fields_of(text));
  describe(page, "v.", fields_of(recipe.view));
  describe(page, "v.a.", fields_of(recipe.view.prediction));
  return page;
}

} // namespace plena::recipe
