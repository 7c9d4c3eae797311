#include "cli/help.h"

#include <algorithm>
#include <fmt/format.h>
#include <string_view>

namespace plena::cli {

namespace {

/// A command's manual: what it does and leaves behind, then lines that can be typed.
struct Manual {
  std::string_view command;
  std::string_view text;
  std::string_view examples;
};

constexpr Manual manuals[] = {
  {"asm",
   "Writes one 32-bit word a line, in the .mem form of upstream's assembler. All errors of a file "
   "are\n"
   "told at once, with line and column. Without --strict, text that upstream would silently take "
   "for\n"
   "something else (immediates that are too wide, masks that are dropped) is warned about and "
   "gets\n"
   "upstream's word.",
   "plena asm program.asm -o program.mem\n"
   "plena asm --strict program.asm > program.mem"},
  {"disasm",
   "The text assembles to the same words again. Words that are no instruction are errors, with "
   "their line.",
   "plena disasm program.mem -o program.asm"},
  {"emulate",
   "Flags and files are those of upstream's emulator. Under the name transactional_emulator the "
   "program takes\n"
   "exactly its flags, writes the *_dump.bin files to the working directory, honours RUST_LOG and "
   "prints the\n"
   "lines that its harness reads; README.md has the one line that makes the harness call it.\n"
   "--dump-dir gets vram_dump.bin, mram_dump.bin, fpsram_dump.bin, intsram_dump.bin and "
   "hbm_dump.bin.",
   "plena emulate --opcode program.mem --hbm hbm.bin --fpsram fp_sram.bin --settings s.toml --json "
   "-\n"
   "plena emulate --opcode p.mem --hbm /dev/null --fpsram /dev/null --dump-dir out"},
  {"compile",
   "MODEL is an .onnx or .json file, or the folder of a checkpoint (config.json and .safetensors). "
   "The folder\n"
   "gets program.asm, program.mem, hbm.bin, fp_sram.bin, int_sram.bin, layout.json (where every "
   "tensor lies and\n"
   "in which format) and map.json (the node of each instruction).",
   "plena compile models/swiglu_block.json -o out\n"
   "plena compile decoder.onnx --bind sequence=64 --settings m64b16 --opt dense -o out"},
  {"verify",
   "Compiles, runs and compares with two references: fp32, and one with every rounding of the "
   "machine, which\n"
   "judges. Inputs that are not given are seeded. When the check does not hold, the first wrong "
   "stage and\n"
   "element are named, and a link is printed that shows the same in the playground.",
   "plena verify models/swiglu_block.json --stages\n"
   "plena verify decoder.onnx --inputs in --expect out --json report.json"},
  {"generate",
   "Goes on with a text token by token; keys and values of earlier tokens stay in the machine's "
   "HBM. Both\n"
   "references run beside the machine unless --no-check is given.",
   "plena generate checkpoint --ids 1,2,3 --tokens 8\n"
   "plena generate checkpoint --ids 1,2,3 --tokens 8 --temperature 0.8 --seed 7 --json -"},
  {"evaluate",
   "Runs the held-out part of a trained model's data on the machine and by both references, and "
   "says how often\n"
   "each was right and how sure of what came. With --formats also for other formats in HBM;\n"
   "`all` are those that are known, MXINT8 among them, which the machine cannot have: the reference "
   "has it as it is\n"
   "defined. Exits 1 when the machine loses more than --loss allows.",
   "plena evaluate models/trained/digits --settings m64b16 --loss 1\n"
   "plena evaluate models/trained/verses --settings m64b16 --items 8 --formats all"},
  {"profile",
   "Every cycle has one cause, and every table adds up to the run. Takes a model, a folder of "
   "`compile`, an\n"
   ".asm or .mem file, or a link. --trace is for https://ui.perfetto.dev, --konata for the Konata "
   "viewer.",
   "plena profile models/swiglu_block.json --by node\n"
   "plena profile out/program.asm --trace trace.json"},
  {"compare",
   "A and B are models, folders of `compile`, programs, recipes or links. Prints a Markdown table "
   "that can be\n"
   "pasted into a pull request. --fail-if is a gate: NAME>+X% or NAME>+X, NAME a row of the table; "
   "exit\n"
   "status 1 when it does not hold.",
   "plena compare before after --fail-if 'cycles>+0.5%'\n"
   "plena compare model.json model.json --unroll all --diff real"},
  {"link",
   "Prints an address that ends in #1...: who opens it computes the same and is told whether it is "
   "the same to\n"
   "the bit. FILES are a model, settings (.toml) and an edited program (.asm), by their suffixes; "
   "a recipe or a\n"
   "link is made into a link again. Models of the project are named, small JSON models are in the "
   "link, others\n"
   "are named by their hash. Links of more than 8,000 characters are not made: -o writes the "
   "recipe instead.",
   "plena link models/swiglu_block.json --settings m64b4 --base https://example.com/\n"
   "plena link model.onnx settings.toml edited.asm -o case.plena.json"},
  {"run",
   "Says one of: reproduced (exit status 0); differs, and in which stage first (1); cannot be run "
   "here, and why\n"
   "(2). Nothing is fetched: a model at an address, of a file or of a checkpoint's folder is given "
   "with --file,\n"
   "and another one than the link's is refused by its hash.",
   "plena run 'https://example.com/#1jdPBCcAg...'\n"
   "plena run case.plena.json --file model.onnx --json -"},
  {"analytic",
   "Closed-form prediction for models too large to run: time to first token, tokens per second or "
   "diffusion\n"
   "steps. MODEL is a config.json, a model, or an .asm, which is profiled by its text.",
   "plena analytic config.json --settings s.toml --json -\n"
   "plena analytic config.json --sweep mlen=64,128,256"},
  {"docs",
   "Generated from the tables that the engine itself uses.",
   "plena docs isa > ISA.md\n"
   "plena docs recipe\n"
   "plena docs reports"},
  {"bench",
   "Times are ratios against a baseline in the same process, so that they mean something on any "
   "machine.",
   "plena bench"},
  {"completion",
   "Prints what the shell is to source; made from the options themselves.",
   "plena completion bash >> ~/.bash_completion\n"
   "plena completion fish > ~/.config/fish/completions/plena.fish"},
};

constexpr std::string_view status_text =
  "EXIT STATUS\n"
  "  0    done, and what was checked holds\n"
  "  1    what was checked does not hold\n"
  "  2    wrong use or unreadable input; one line says code, place, reason and remedy\n"
  "  3    the emulated program faulted; reports are written all the same\n"
  "  130  interrupted; no half-written file is left";

constexpr std::string_view environment_text =
  "ENVIRONMENT\n"
  "  PLENA_PLAYGROUND     address that links begin with\n"
  "  PLENA_SETTINGS_TOML  settings of `emulate` where --settings is not given\n"
  "  ATEN_OPS_UNROLL      1: --unroll all, 0: --unroll none, where --unroll is not given\n"
  "  RUST_LOG             log level under the name transactional_emulator";

std::string indented(std::string_view lines, std::string_view indent) {
  std::string text;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    fmt::format_to(std::back_inserter(text), "{}{}\n", indent, lines.substr(0, end));
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  return text;
}

} // namespace

void add_help(CLI::App& app) {
  for (CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    const auto manual =
      std::find_if(std::begin(manuals), std::end(manuals), [&](const Manual& one) {
        return one.command == command->get_name();
      });
    if (manual != std::end(manuals)) {
      command->footer(fmt::format(
        "DESCRIPTION\n{}\nEXAMPLES\n{}\n{}",
        indented(manual->text, "  "),
        indented(manual->examples, "  "),
        status_text
      ));
    }
  }
  app.footer(fmt::format(
    "plena COMMAND --help describes a command, with examples. `--json FILE` writes a report (- for "
    "standard\n"
    "output); plena docs reports lists what reports hold.\n\n{}\n\n{}",
    status_text,
    environment_text
  ));
}

} // namespace plena::cli
