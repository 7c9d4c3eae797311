// What can be said of a program without running it.
#pragma once

#include "isa/program.h"
#include "report/documents.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plena::driver {

inline constexpr std::uint32_t no_node = 0xFFFFFFFF;

/// Number of enclosing loops of each word; the start and the end of a loop count as outside of it.
std::vector<std::uint32_t> loop_depths(std::span<const std::uint32_t> words);

std::uint64_t count_loops(std::span<const std::uint32_t> words);

/// Instructions that the program executes from start to end, when its loops are properly nested and
/// no loop's counter is written inside it; else nothing. Faults are not foreseen.
std::optional<std::uint64_t> expected_executions(std::span<const std::uint32_t> words);

/// Runs of words with the same node, without those that have none.
std::vector<report::NodeRange> node_ranges(std::span<const std::uint32_t> node_of_word);

/// Carries the nodes of a compiled program over to an edited one. One of as many words keeps them
/// where they are; else equal words at the start and at the end keep theirs, and words between take
/// the node of the word before.
std::vector<std::uint32_t> carry_nodes(
  std::span<const std::uint32_t> old_words,
  std::span<const std::uint32_t> old_nodes,
  std::span<const std::uint32_t> new_words
);

/// `WORD ..` of an instruction and its neighbours, by which it is found again in an edited program;
/// empty where there is none.
std::string anchor_of(std::span<const std::uint32_t> words, std::uint32_t pc);
/// The place whose instruction is the anchor's and whose neighbours are most like its; nothing when
/// the instruction is gone. Of places alike the one nearest to where it was.
std::optional<std::uint32_t>
find_anchor(std::span<const std::uint32_t> words, std::string_view anchor);

struct TextCounts {
  std::uint64_t lines = 0;
  std::uint64_t comments = 0; ///< lines that hold nothing but a comment
};
TextCounts count_text(std::string_view text);

} // namespace plena::driver
