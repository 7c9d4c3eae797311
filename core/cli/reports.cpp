#include "cli/reports.h"

#include <fmt/format.h>
#include <string_view>

namespace plena::cli {

namespace {

struct Key {
  std::string_view name;
  std::string_view meaning;
};

struct Report {
  std::string_view command;
  std::string_view meaning;
  const Key* begin;
  const Key* end;
};

constexpr Key common[] = {
  {"schema", "raised when a key changes its meaning; keys may be added without that"},
  {"diagnostics[].severity", "error, warning or note"},
  {"diagnostics[].code", "stable, E_, W_ or N_ and what it is"},
  {"diagnostics[].where", "place: file, line and column, tensor, JSON pointer"},
  {"diagnostics[].message", "what is the matter"},
  {"diagnostics[].remedy", "what to do"},
  {"diagnostics[].hint", "the same"},
  {"diagnostics[].file", "the file that it is about, or empty"},
  {"diagnostics[].span", "lines and columns in it, or null"},
  {"diagnostics[].span.*", "line, column, endLine, endColumn"},
};

constexpr Key assembly[] = {
  {"words", "machine words, of asm"},
  {"lines", "lines of text, of disasm"},
};

constexpr Key compiled[] = {
  {"words", "machine words"},
  {"options.*", "how it was compiled, by the name of the option"},
  {"products", "both kinds of matrix products under both cost profiles; null where there are none"},
  {"products.profile", "the cost profile that chose"},
  {"products.cycles.*",
   "cycles of products, by kind and profile; null where a kind is not possible"},
  {"products.nodes[]", "operators that are matrix products"},
  {"products.dense[]", "those of them on whole tiles"},
};

constexpr Key executed[] = {
  {"cycles", "of the whole run, as `timing` counts them"},
  {"timing.*", "how cycles are counted: cost profile, memory, schedule"},
  {"causes.*", "cycles by cause; they add up to `cycles`"},
  {"memory.read_bytes", "bytes read from HBM"},
  {"memory.written_bytes", "bytes written to HBM"},
  {"instructions.lines", "lines of the program's text"},
  {"instructions.comments", "lines that are comments"},
  {"instructions.static", "machine words"},
  {"instructions.dynamic", "executed instructions"},
  {"instructions.loops", "loops in the text"},
  {"fault", "null, or why the program stopped"},
  {"fault.code", "stable name of the kind"},
  {"fault.*", "place, instruction, operands and address"},
  {"digests.words", "SHA-256 of the machine words"},
  {"digests.state", "SHA-256 of all memories at the end"},
  {"digests.cycles", "SHA-256 of the cycles and how they are counted"},
};

constexpr Key verified[] = {
  {"model", "name of the model"},
  {"settings", "name of the settings"},
  {"verdict", "pass or fail"},
  {"precision", "which reference `golden` is"},
  {"time_s.*", "seconds that each step took on this computer"},
  {"outputs[].name", "output of the model"},
  {"outputs[].shape[]", "its sizes"},
  {"outputs[].bound", "relative RMS that the machine may be off"},
  {"outputs[].pass", "whether it is within"},
  {"outputs[].expected_vs_fp32.*", "--expect against the fp32 reference: measures by name"},
  {"outputs[].fp32_vs_golden.*", "what the formats cost"},
  {"outputs[].golden_vs_machine.*", "what the machine is off"},
  {"outputs[].fp32_vs_machine.*", "both together"},
  {"outputs[].sample.*", "the first numbers, of both references and of the machine"},
  {"stages[].name", "tensor that an operator makes"},
  {"stages[].node", "the operator"},
  {"stages[].bound", "as of outputs"},
  {"stages[].pass", "false only where both comparisons are beyond the bound"},
  {"stages[].chained_pass", "against the reference from the model's inputs"},
  {"stages[].local_pass", "against the reference of this operator alone"},
  {"stages[].golden_vs_machine.*", "measures by name"},
  {"stages[].local_vs_machine.*", "measures by name"},
  {"stages[].price", "relative RMS that the formats cost up to here"},
  {"first_bad_stage", "name of the first stage that does not pass, or null"},
  {"first_bad", "its first wrong element, or null"},
  {"first_bad.*",
   "place in the tensor and in memory, expected and found, and the instruction that wrote it"},
};

constexpr Key ablated[] = {
  {"model", "name of the model"},
  {"settings", "name of the settings"},
  {"tolerance.*", "what `match` of a row allows, absolute and relative"},
  {"rows[].precision", "which roundings are left out"},
  {"rows[].meaning", "the same for people"},
  {"rows[].outputs[].name", "output of the model"},
  {"rows[].outputs[].match", "share of its numbers that agree with fp32"},
  {"rows[].outputs[].fp32_vs_golden.*", "measures by name"},
};

constexpr Key evaluated[] = {
  {"model", "its folder's name"},
  {"data", "file of the held-out data"},
  {"kind", "pictures, answers or texts"},
  {"items", "that were run"},
  {"ofItems", "that there are"},
  {"settings", "name of them"},
  {"timing", "what cycles are counted by"},
  {"rows[].formats", "of what lies in HBM; null: as the settings say"},
  {"rows[].title", "what people call these formats; null for others"},
  {"rows[].refused", "why the machine cannot have them: nothing else is told then; else null"},
  {"rows[].machine.*",
   "accuracy of predictions, share of items of which all were right, perplexity: all of the "
   "machine; "
   "null for integer elements, which it cannot have"},
  {"rows[].hardware.*", "the same of the reference that rounds as the machine does"},
  {"rows[].fp32.*", "the same of the exact reference"},
  {"rows[].predictions", "of all items"},
  {"rows[].sameChoices", "in which machine and fp32 choose alike"},
  {"rows[].compared", "numbers of the machine's results"},
  {"rows[].differing", "that are not to the bit those of the hardware reference"},
  {"rows[].instructions", "executed"},
  {"rows[].cycles", "of all runs together"},
  {"rows[].emulationSeconds", "in the emulator alone"},
  {"rows[].seconds", "of the whole row"},
};
constexpr Key generated[] = {
  {"model", "name of the model"},
  {"settings", "name of the settings"},
  {"timing", "how cycles are counted"},
  {"by", "whose logits choose: machine, golden or fp32"},
  {"temperature", "0: the largest logit"},
  {"seed", "of the draw"},
  {"capacity", "tokens that the caches hold"},
  {"cacheBytes", "of keys and values in HBM"},
  {"prompt[]", "ids that were given"},
  {"ids[]", "ids that were chosen"},
  {"programs[].*", "tokens, words and seconds of each program"},
  {"prefill[].*", "runs of the prompt: cycles, instructions, bytes, and what the check found"},
  {"decode[].*", "the same for each token"},
};

constexpr Key profiled[] = {
  {"cycles", "of the whole run"},
  {"executed", "executed instructions"},
  {"serialCycles", "of the same run one instruction after the other; null where it is that"},
  {"by.*", "tables by cause, unit, opcode, node and loop; each adds up to `cycles`"},
  {"hottest[].pc", "instruction"},
  {"hottest[].text", "its text"},
  {"hottest[].executions", "how often it was executed"},
  {"hottest[].cycles", "cycles of all of them"},
  {"hottest[].cause", "number of the cause with most of them"},
};

constexpr Key compared[] = {
  {"timing", "how the cycles of both are counted"},
  {"a.*", "the first side: its name, its fault, and numbers by name"},
  {"b.*", "the second side"},
  {"difference.*", "b less a, under the same names"},
  {"conditions[].condition", "of --fail-if"},
  {"conditions[].holds", "false: exit status 1; null: one side does not have the number"},
};

constexpr Key linked[] = {
  {"link", "the address; null when it would be too long"},
  {"characters", "how long it is, or would be"},
  {"recipe.*", "what the link says; `plena docs recipe` has its fields"},
};

constexpr Key judged[] = {
  {"outcome", "reproduced, differs, unchecked or cannot_run"},
  {"stages[].name", "words, state or cycles"},
  {"stages[].title", "the same for people"},
  {"stages[].expected", "first 16 digits of the digest; null where the link does not say"},
  {"stages[].found", "of this run"},
  {"stages[].same", "whether they agree"},
  {"first", "the first stage that differs, or null"},
  {"text", "all of this as a sentence"},
  {"release.made", "release that made the link"},
  {"release.here", "release that ran it"},
};

constexpr Key predicted[] = {
  {"*",
   "the names of upstream's closed-form model, with --sweep and --against-run tables beside them"},
};

template <std::size_t Size>
constexpr Report
report(std::string_view command, std::string_view meaning, const Key (&keys)[Size]) {
  return {command, meaning, keys, keys + Size};
}

constexpr Report reports[] = {
  report("every report", "what all of them have, `diagnostics` where there can be any", common),
  report("asm, disasm", "", assembly),
  report("emulate", "", executed),
  report("compile", "", compiled),
  report("verify", "besides what `emulate` and `compile` have", verified),
  report("verify --ablation", "", ablated),
  report("evaluate", "", evaluated),
  report("generate", "", generated),
  report("profile", "besides `timing` of `emulate` and `products` of `compile`", profiled),
  report("compare", "", compared),
  report("link", "", linked),
  report("run", "", judged),
  report("analytic", "", predicted),
};

} // namespace

std::string reports_markdown() {
  std::string page;
  for (const Report& one : reports) {
    fmt::format_to(std::back_inserter(page), "{}## {}\n\n", page.empty() ? "" : "\n", one.command);
    if (!one.meaning.empty()) {
      fmt::format_to(std::back_inserter(page), "{}\n\n", one.meaning);
    }
    page += "| key | meaning |\n|---|---|\n";
    for (const Key* key = one.begin; key != one.end; ++key) {
      fmt::format_to(std::back_inserter(page), "| `{}` | {} |\n", key->name, key->meaning);
    }
  }
  return page;
}

} // namespace plena::cli
