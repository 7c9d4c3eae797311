#include "io/vocabulary_json.h"

#include "io/json_fields.h"
#include "io/json_syntax.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace plena::io {

namespace {

constexpr std::size_t max_file_bytes = std::size_t{16} << 20;
constexpr std::size_t max_tokens = std::size_t{1} << 16;
constexpr std::size_t max_named = 200; ///< in a message
constexpr double max_side = 4096;
constexpr double max_context = 1 << 20;

/// Bytes of the UTF-8 character at the start of a text that is not empty; those of broken ones are
/// one.
std::size_t character_bytes(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t bytes = first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (bytes > text.size()) {
    return 1;
  }
  const std::string_view rest = text.substr(1, bytes - 1);
  const bool whole = std::all_of(rest.begin(), rest.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
  });
  return whole ? bytes : 1;
}

/// For messages: the character, or the number of what cannot be printed.
std::string shown(std::string_view character) {
  const auto first = static_cast<unsigned char>(character.front());
  if (first >= 0x20 && first != 0x7f && (first < 0x80 || character.size() > 1)) {
    return "\"" + std::string(character) + "\"";
  }
  return "with the byte " + std::to_string(first);
}

/// A document that is an object of this version, read by `read`.
template <class T, class Read>
Result<T> read_document(std::string_view name, Bytes bytes, const char* version, const Read& read) {
  if (bytes.size() > max_file_bytes) {
    return Diagnostic{
      .code = "E_JSON",
      .message = "the file is longer than 16 MiB",
      .hint = "give a smaller one",
      .file = std::string(name)};
  }
  if (Status syntax = check_json_syntax(name, bytes, {}); !syntax) {
    return std::move(syntax).diagnostics();
  }
  Problems problems(name);
  JsonFields fields(problems);
  const json document = json::parse(bytes.begin(), bytes.end(), nullptr, false);
  T result;
  if (fields.object(document, "")) {
    const json* given = fields.member(document, "", version, true);
    if (given != nullptr && *given != 1) {
      fields.error(
        "E_VERSION", child("", version), "it is " + given->dump(), "1 is the version that is read"
      );
    } else if (given != nullptr) {
      read(fields, document, result);
    }
  }
  if (problems.any_error()) {
    return problems.take();
  }
  return {std::move(result), problems.take()};
}

class VocabularyReader {
 public:
  VocabularyReader(JsonFields& fields, const json& document, Vocabulary& result)
      : fields_(fields),
        document_(document),
        result_(result) {}

  void read() {
    const auto kind = fields_.choice(document_, "", "kind", {"characters", "labels"});
    if (!kind) {
      (void)fields_.member(document_, "", "kind", true);
      return;
    }
    const bool characters = *kind == "characters";
    // Lists of models show these; here they are only checked.
    for (const char* shown : {"title", "summary"}) {
      (void)fields_.text(document_, "", shown);
    }
    tokens(characters);
    if (characters) {
      fields_.check_keys(
        document_,
        "",
        {"plena_vocabulary", "title", "summary", "kind", "tokens", "begin", "end", "context", "prompts"},
        false
      );
      result_.begin = id("begin");
      result_.end = id("end");
      result_.context =
        static_cast<std::int64_t>(whole(document_, "", "context", max_context).value_or(1));
      prompts();
    } else {
      fields_.check_keys(
        document_, "", {"plena_vocabulary", "title", "summary", "kind", "tokens", "picture"}, false
      );
      picture();
    }
  }

 private:
  void tokens(bool characters) {
    const json* list = fields_.array_member(document_, "", "tokens", true);
    if (list == nullptr) {
      return;
    }
    if (list->empty() || list->size() > max_tokens) {
      fields_.error(
        "E_VOCABULARY",
        "/tokens",
        "there are " + std::to_string(list->size()) + " tokens",
        "from 1 to " + std::to_string(max_tokens)
      );
      return;
    }
    for (std::size_t i = 0; i < list->size(); ++i) {
      const std::optional<std::string> token = fields_.as_text((*list)[i], child("/tokens", i));
      if (!token) {
        return;
      }
      if (token->empty() || (characters && character_bytes(*token) != token->size())) {
        fields_.error(
          "E_VOCABULARY",
          child("/tokens", i),
          "the token is not one character",
          "write one character"
        );
        return;
      }
      if (!result_.id_of.emplace(*token, static_cast<std::int64_t>(i)).second) {
        fields_.error(
          "E_VOCABULARY",
          child("/tokens", i),
          "the token " + shown(*token) + " is there twice",
          "drop one"
        );
        return;
      }
      result_.tokens.push_back(*token);
    }
  }

  std::optional<double>
  whole(const json& parent, const std::string& path, const char* key, double most) {
    const json* value = fields_.member(parent, path, key, true);
    if (value == nullptr) {
      return std::nullopt;
    }
    const double number = value->is_number_integer() ? value->get<double>() : 0;
    if (!(number >= 1 && number <= most)) {
      fields_.error(
        "E_RANGE",
        child(path, key),
        std::string(key) + " is " + value->dump(),
        "whole numbers from 1 to " + std::to_string(static_cast<std::int64_t>(most))
      );
      return std::nullopt;
    }
    return number;
  }

  std::optional<std::int64_t> id(const char* key) {
    const json* value = fields_.member(document_, "", key, false);
    if (value == nullptr) {
      return std::nullopt;
    }
    if (!value->is_number_unsigned() || value->get<std::uint64_t>() >= result_.tokens.size()) {
      fields_.error(
        "E_VOCABULARY",
        child("", key),
        "it is " + value->dump(),
        "write the id of a token, from 0 on"
      );
      return std::nullopt;
    }
    return static_cast<std::int64_t>(value->get<std::uint64_t>());
  }

  void prompts() {
    const json* list = fields_.array_member(document_, "", "prompts", false);
    if (list == nullptr || fields_.problems().any_error()) {
      return;
    }
    for (std::size_t i = 0; i < list->size(); ++i) {
      const std::string at = child("/prompts", i);
      const std::optional<std::string> prompt = fields_.as_text((*list)[i], at);
      if (!prompt) {
        return;
      }
      if (const auto ids = result_.ids_of(*prompt); !ids) {
        const Diagnostic& why = ids.diagnostics().front();
        fields_.error(why.code, at, why.message, why.hint);
        return;
      }
      result_.prompts.push_back(*prompt);
    }
  }

  void picture() {
    const json* object = fields_.object_member(document_, "", "picture", true);
    if (object == nullptr) {
      return;
    }
    const std::string at = "/picture";
    fields_.check_keys(
      *object, at, {"input", "output", "width", "height", "low", "high", "scale", "shift"}, false
    );
    Picture picture;
    for (const auto& [key, name] :
         {std::pair{"input", &picture.input}, std::pair{"output", &picture.output}}) {
      (void)fields_.member(*object, at, key, true);
      *name = fields_.text(*object, at, key).value_or("");
    }
    for (const auto& [key, side] :
         {std::pair{"width", &picture.width}, std::pair{"height", &picture.height}}) {
      *side = static_cast<std::int64_t>(whole(*object, at, key, max_side).value_or(1));
    }
    picture.low = fields_.number(*object, at, "low").value_or(0);
    picture.high = fields_.number(*object, at, "high").value_or(1);
    picture.scale = fields_.number(*object, at, "scale").value_or(1);
    picture.shift = fields_.number(*object, at, "shift").value_or(0);
    if (!(picture.low < picture.high)) {
      fields_.error(
        "E_RANGE", child(at, "high"), "high is not above low", "background is low, ink is high"
      );
    }
    for (const double value : {picture.low, picture.high}) {
      if (!std::isfinite(static_cast<float>(value * picture.scale + picture.shift))) {
        fields_.error(
          "E_RANGE",
          child(at, "scale"),
          "low or high becomes an input that is not finite",
          "the input is value * scale + shift, an f32"
        );
        break;
      }
    }
    result_.picture = picture;
  }

  JsonFields& fields_;
  const json& document_;
  Vocabulary& result_;
};

class HoldoutReader {
 public:
  HoldoutReader(
    JsonFields& fields, const json& document, const Vocabulary& vocabulary, Holdout& result
  )
      : fields_(fields),
        document_(document),
        vocabulary_(vocabulary),
        result_(result) {}

  void read() {
    const Keys kinds = vocabulary_.picture ? Keys{"pictures"} : Keys{"texts", "answers"};
    const auto kind = fields_.choice(document_, "", "kind", kinds);
    if (!kind) {
      (void)fields_.member(document_, "", "kind", true);
      return;
    }
    fields_.check_keys(document_, "", {"plena_holdout", "kind", *kind}, false);
    const json* list = fields_.array_member(document_, "", kind->c_str(), true);
    if (list == nullptr) {
      return;
    }
    if (list->empty()) {
      fields_.error("E_MISSING", child("", *kind), "there is nothing in it", "give at least one");
    }
    for (std::size_t i = 0; i < list->size() && !fields_.problems().any_error(); ++i) {
      const std::string at = child(child("", *kind), i);
      if (*kind == "texts") {
        text((*list)[i], at);
      } else if (*kind == "answers") {
        answer((*list)[i], at);
      } else {
        picture((*list)[i], at);
      }
    }
  }

 private:
  void check(const Diagnostics& diagnostics, const std::string& at) {
    for (const Diagnostic& one : diagnostics) {
      fields_.error(one.code, at, one.message, one.hint);
    }
  }

  void text(const json& value, const std::string& at) {
    if (const std::optional<std::string> text = fields_.as_text(value, at)) {
      const auto ids = vocabulary_.ids_of(*text);
      check(ids.diagnostics(), at);
      if (ids && ids->size() < 2) {
        fields_.error(
          "E_VOCABULARY", at, "there is nothing to predict in it", "give a longer text"
        );
      }
      result_.texts.push_back(*text);
    }
  }

  void answer(const json& value, const std::string& at) {
    if (!fields_.object(value, at)) {
      return;
    }
    fields_.check_keys(value, at, {"prompt", "answer"}, false);
    (void)fields_.member(value, at, "prompt", true);
    (void)fields_.member(value, at, "answer", true);
    Answer answer{
      fields_.text(value, at, "prompt").value_or(""),
      fields_.text(value, at, "answer").value_or("")};
    check(vocabulary_.ids_of(answer.prompt).diagnostics(), child(at, "prompt"));
    check(vocabulary_.ids_of(answer.prompt + answer.answer).diagnostics(), child(at, "answer"));
    if (answer.answer.empty()) {
      fields_.error(
        "E_VOCABULARY", child(at, "answer"), "there is nothing to predict in it", "give an answer"
      );
    }
    result_.answers.push_back(std::move(answer));
  }

  void picture(const json& value, const std::string& at) {
    if (!fields_.object(value, at)) {
      return;
    }
    fields_.check_keys(value, at, {"label", "pixels"}, false);
    LabelledPicture picture;
    (void)fields_.member(value, at, "label", true);
    const std::string label = fields_.text(value, at, "label").value_or("");
    const auto found = vocabulary_.id_of.find(label);
    if (found == vocabulary_.id_of.end()) {
      fields_.error(
        "E_VOCABULARY",
        child(at, "label"),
        "\"" + label + "\" is no label",
        "labels are the vocabulary's tokens"
      );
      return;
    }
    picture.label = found->second;
    if (const json* pixels = fields_.array_member(value, at, "pixels", true)) {
      for (const json& pixel : *pixels) {
        picture.pixels.push_back(pixel.is_number() ? pixel.get<double>() : std::nan(""));
      }
      check(vocabulary_.input_of(picture.pixels).diagnostics(), child(at, "pixels"));
    }
    result_.pictures.push_back(std::move(picture));
  }

  JsonFields& fields_;
  const json& document_;
  const Vocabulary& vocabulary_;
  Holdout& result_;
};

} // namespace

Result<std::vector<std::int64_t>> Vocabulary::ids_of(std::string_view text) const {
  std::vector<std::int64_t> ids;
  if (begin) {
    ids.push_back(*begin);
  }
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view character = text.substr(at, character_bytes(text.substr(at)));
    const auto token = id_of.find(character);
    if (token == id_of.end()) {
      const std::size_t named = std::min(tokens.size(), max_named);
      std::string known;
      for (std::size_t i = 0; i < named; ++i) {
        known += tokens[i] == "\n" ? "" : tokens[i];
      }
      if (named < tokens.size()) {
        known += " and " + std::to_string(tokens.size() - named) + " others";
      }
      return Diagnostic{
        .code = "E_VOCABULARY",
        .message = "the model does not know the character " + shown(character) +
                   ", which is at byte " + std::to_string(at) + " of the text",
        .hint = "it knows " + known};
    }
    ids.push_back(token->second);
    at += character.size();
  }
  if (ids.empty()) {
    return Diagnostic{
      .code = "E_VOCABULARY",
      .message = "the text is empty, and the model has no token for the beginning of a text",
      .hint = "give at least one character"};
  }
  if (context > 0 && ids.size() > static_cast<std::size_t>(context)) {
    return Diagnostic{
      .code = "E_KV_CACHE",
      .message = "the text has " + std::to_string(ids.size()) +
                 " tokens, and the model was trained for at most " + std::to_string(context),
      .hint = "give a shorter text"};
  }
  return ids;
}

std::string Vocabulary::text_of(std::span<const std::int64_t> ids) const {
  std::string text;
  for (const std::int64_t id : ids) {
    if (id >= 0 && static_cast<std::uint64_t>(id) < tokens.size()) {
      text += tokens[static_cast<std::size_t>(id)];
    }
  }
  return text;
}

Result<std::vector<float>> Vocabulary::input_of(std::span<const double> pixels) const {
  const auto refused = [](std::string message, std::string hint) {
    return Diagnostic{.code = "E_INPUT", .message = std::move(message), .hint = std::move(hint)};
  };
  if (!picture) {
    return refused("the model takes no pictures", "give it a text");
  }
  if (pixels.size() != picture->pixels()) {
    return refused(
      "the picture has " + std::to_string(pixels.size()) + " pixels",
      std::to_string(picture->height) + " rows of " + std::to_string(picture->width) + " are needed"
    );
  }
  std::vector<float> values;
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    if (!(pixels[i] >= picture->low && pixels[i] <= picture->high)) {
      return refused(
        "pixel " + std::to_string(i) + " is no number from low to high of the vocabulary",
        "low is the background, high is ink"
      );
    }
    values.push_back(static_cast<float>(pixels[i] * picture->scale + picture->shift));
  }
  return values;
}

Result<Vocabulary> read_vocabulary(std::string_view name, Bytes bytes) {
  return read_document<Vocabulary>(
    name,
    bytes,
    "plena_vocabulary",
    [](JsonFields& fields, const json& document, Vocabulary& result) {
      VocabularyReader(fields, document, result).read();
    }
  );
}

Result<Holdout> read_holdout(std::string_view name, Bytes bytes, const Vocabulary& vocabulary) {
  return read_document<Holdout>(
    name,
    bytes,
    "plena_holdout",
    [&](JsonFields& fields, const json& document, Holdout& result) {
      HoldoutReader(fields, document, vocabulary, result).read();
    }
  );
}

} // namespace plena::io
