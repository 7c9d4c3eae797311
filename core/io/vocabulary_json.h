// What stands beside a trained model: how people's input becomes the model's (vocabulary.json), and
// held-out data to measure it with (holdout.json). models/trained/README.md describes both files.
#pragma once

#include "base/result.h"
#include "io/importer.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plena::io {

/// Of a model of pictures: how the values of pixels become its input.
struct Picture {
  std::string input;  ///< of the graph, with one element for each pixel, rows first
  std::string output; ///< of the graph, with one logit for each label
  std::int64_t width = 0;
  std::int64_t height = 0;
  double low = 0; ///< of a pixel without ink
  double high = 1;
  double scale = 1; ///< the input is value * scale + shift
  double shift = 0;

  std::size_t pixels() const { return static_cast<std::size_t>(width * height); }
};

struct Vocabulary {
  std::vector<std::string> tokens; ///< by id; UTF-8 of one character each, or labels of pictures
  std::map<std::string, std::int64_t, std::less<>> id_of{}; ///< by token
  std::optional<std::int64_t> begin{}; ///< stands before every text
  std::optional<std::int64_t> end{};   ///< after which a text is complete
  std::int64_t context = 0; ///< tokens that a text may have; 0: the model is none of texts
  std::vector<std::string> prompts{}; ///< to try
  std::optional<Picture> picture{};

  /// With `begin`. E_VOCABULARY for the first character that there is no token for, and for an
  /// empty text where there is no `begin`; E_KV_CACHE for a text longer than `context`.
  Result<std::vector<std::int64_t>> ids_of(std::string_view text) const;
  /// Ids that there are not are left out.
  std::string text_of(std::span<const std::int64_t> ids) const;
  /// The model's input. E_INPUT for a wrong number of pixels, or values that are not from `low` to
  /// `high`.
  Result<std::vector<float>> input_of(std::span<const double> pixels) const;
};

/// E_VOCABULARY where the file does not say what a vocabulary is; whatever the JSON reader says.
Result<Vocabulary> read_vocabulary(std::string_view name, Bytes bytes);

struct Answer {
  std::string prompt;
  std::string answer;
};
struct LabelledPicture {
  std::int64_t label = 0; ///< id
  std::vector<double> pixels;
};

/// Of these three, one is not empty.
struct Holdout {
  std::vector<std::string> texts;
  std::vector<Answer> answers;
  std::vector<LabelledPicture> pictures;

  std::size_t size() const { return texts.size() + answers.size() + pictures.size(); }
};

/// Everything in it is checked against the vocabulary: E_VOCABULARY, E_KV_CACHE, E_INPUT, with the
/// place.
Result<Holdout> read_holdout(std::string_view name, Bytes bytes, const Vocabulary& vocabulary);

} // namespace plena::io
