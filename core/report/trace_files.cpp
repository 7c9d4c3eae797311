#include "report/trace_files.h"

#include "isa/codec.h"

#include <algorithm>
#include <deque>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <vector>

namespace plena::report {

namespace {

using Json = nlohmann::ordered_json;

/// Text that is handed on in pieces of about this size.
constexpr std::size_t piece_bytes = 1 << 16;

std::string json_text(std::string_view text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// What both forms say of an instruction; views into the source, which outlives the writer.
class Writer : public TraceWriter {
 public:
  Writer(const TraceSource& source, TextSink sink) : source_(source), sink_(std::move(sink)) {}
  void flush() override {
    if (!buffer_.empty()) {
      sink_(buffer_);
      buffer_.clear();
    }
  }

 protected:
  std::string_view node_of(std::uint32_t pc) const {
    const std::uint32_t node = pc < source_.nodes.size() ? source_.nodes[pc] : UINT32_MAX;
    return node < source_.node_names.size() ? std::string_view(source_.node_names[node])
                                            : std::string_view();
  }
  isa::Opcode opcode(std::uint32_t pc) const {
    return isa::decode_word(source_.program.words[pc]).instr.op;
  }
  std::string text(std::uint32_t pc) const { return isa::disassemble(source_.program.words[pc]); }
  template <class... T> void write(fmt::format_string<T...> format, T&&... values) {
    fmt::format_to(std::back_inserter(buffer_), format, std::forward<T>(values)...);
    if (buffer_.size() >= piece_bytes) {
      flush();
    }
  }

  const TraceSource source_;

 private:
  TextSink sink_;
  std::string buffer_;
};

class Perfetto final : public Writer {
 public:
  using Writer::Writer;

  void begin() override {
    write(
      "{{\"displayTimeUnit\":\"ns\",\"otherData\":{{\"timing\":{},\"unit\":\"1 us is 1 cycle\"}},"
      "\"traceEvents\":[\n{{\"ph\":\"M\",\"pid\":1,\"name\":\"process_name\",\"args\":{{\"name\":"
      "\"PLENA\"}}}}",
      json_text(source_.timing.title())
    );
    for (std::size_t lane = 0; lane < emu::lane_count; ++lane) {
      write(
        ",\n{{\"ph\":\"M\",\"pid\":1,\"tid\":{},\"name\":\"thread_name\",\"args\":{{\"name\":{}}}}"
        "}",
        lane,
        json_text(emu::lane_rows[lane].title)
      );
    }
  }

  void stepped(const emu::Step& step) override {
    if (step.end == step.start) {
      return; // nothing to draw
    }
    const isa::Opcode op = opcode(step.pc);
    write(
      ",\n{{\"ph\":\"X\",\"pid\":1,\"tid\":{},\"ts\":{},\"dur\":{},\"name\":\"{}\",\"args\":{{"
      "\"pc\":{},\"text\":{}",
      static_cast<int>(emu::lane_of(op)),
      step.start,
      step.end - step.start,
      isa::to_string(op),
      step.pc,
      json_text(text(step.pc))
    );
    if (const std::string_view node = node_of(step.pc); !node.empty()) {
      write(",\"node\":{}", json_text(node));
    }
    if (step.waits != nullptr) {
      for (std::size_t i = 0; i < emu::cause_count; ++i) {
        if ((*step.waits)[i] > 0) {
          write(",\"{}\":{}", emu::cause_rows[i].name, (*step.waits)[i]);
        }
      }
    }
    write("}}}}");
  }

  void end() override {
    write("\n]}}\n");
    flush();
  }
};

class Konata final : public Writer {
 public:
  using Writer::Writer;

  void begin() override { write("Kanata\t0004\nC=\t0\n"); }

  void stepped(const emu::Step& step) override {
    // The log goes forward in time: what ends before this start is told first.
    retire(step.start);
    advance(step.start);
    const std::string_view stage = lane_name(step.pc);
    write("I\t{0}\t{0}\t0\nL\t{0}\t0\t{1}: {2}\n", next_, step.pc, text(step.pc));
    if (const std::string_view node = node_of(step.pc); !node.empty()) {
      write("L\t{}\t1\tnode {}\n", next_, one_line(node));
    }
    write("S\t{}\t0\t{}\n", next_, stage);
    const Running running{step.end, next_, step.pc};
    running_.insert(
      std::upper_bound(
        running_.begin(),
        running_.end(),
        running,
        [](const Running& a, const Running& b) { return a.end < b.end; }
      ),
      running
    );
    ++next_;
  }

  void end() override {
    retire(UINT64_MAX);
    flush();
  }

 private:
  struct Running {
    std::uint64_t end;
    std::uint64_t id;
    std::uint32_t pc;
  };

  std::string_view lane_name(std::uint32_t pc) const {
    return emu::lane_rows[static_cast<std::size_t>(emu::lane_of(opcode(pc)))].name;
  }
  static std::string one_line(std::string_view text) {
    std::string line(text);
    std::replace_if(
      line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' '
    );
    return line;
  }
  void advance(std::uint64_t cycle) {
    if (cycle > now_) {
      write("C\t{}\n", cycle - now_);
      now_ = cycle;
    }
  }
  void retire(std::uint64_t cycle) {
    while (!running_.empty() && running_.front().end <= cycle) {
      const Running done = running_.front();
      running_.pop_front();
      advance(done.end);
      write("E\t{}\t0\t{}\nR\t{}\t{}\t0\n", done.id, lane_name(done.pc), done.id, retired_++);
    }
  }

  std::uint64_t now_ = 0;
  std::uint64_t next_ = 0;
  std::uint64_t retired_ = 0;
  std::deque<Running> running_; // by end
};

/// A number as Rust's serde_json prints it: the shortest digits, `0.0`, `1e-7`, no exponent from
/// 1e-5 on.
std::string rust_number(double value) {
  std::string text = fmt::format("{}", value);
  const std::size_t e = text.find('e');
  if (e == std::string::npos) {
    return text.find('.') == std::string::npos ? text + ".0" : text;
  }
  const int exponent = std::stoi(text.substr(e + 1));
  const std::string digits = text.substr(0, e);
  if (exponent == -5) {
    std::string all;
    std::copy_if(digits.begin(), digits.end(), std::back_inserter(all), [](char c) {
      return c != '.';
    });
    return "0.0000" + all;
  }
  return fmt::format("{}e{}", digits, exponent);
}

double share(double part, double whole) { return whole == 0 ? 0 : part / whole; }

void sums(std::string& out, const emu::StageSums& sums, std::string_view indent) {
  fmt::format_to(
    std::back_inserter(out),
    "{0}\"instructions\": {1},\n{0}\"seconds\": {2},\n",
    indent,
    sums.instructions,
    rust_number(sums.seconds)
  );
}

void bytes(std::string& out, const emu::StageSums& sums, std::string_view indent) {
  fmt::format_to(
    std::back_inserter(out),
    "{0}\"hbm_bytes_read\": {1},\n{0}\"hbm_bytes_written\": {2}",
    indent,
    sums.hbm_read_bytes,
    sums.hbm_written_bytes
  );
}

/// `totals` when the shares are to be told.
void stages(
  std::string& out, const emu::Stages& all, const emu::StageSums* totals, const std::string& indent
) {
  for (std::size_t i = 0; i < all.size(); ++i) {
    out += fmt::format("{}\"{}\": {{\n", indent, emu::stage_names[i]);
    sums(out, all[i], indent + "  ");
    if (totals != nullptr) {
      out += fmt::format(
        "{0}  \"instruction_fraction\": {1},\n{0}  \"time_fraction\": {2},\n",
        indent,
        rust_number(
          share(static_cast<double>(all[i].instructions), static_cast<double>(totals->instructions))
        ),
        rust_number(share(all[i].seconds, totals->seconds))
      );
    }
    bytes(out, all[i], indent + "  ");
    out += fmt::format("\n{}}}{}\n", indent, i + 1 < all.size() ? "," : "");
  }
}

} // namespace

std::unique_ptr<TraceWriter> make_perfetto_writer(const TraceSource& source, TextSink sink) {
  return std::make_unique<Perfetto>(source, std::move(sink));
}

std::unique_ptr<TraceWriter> make_konata_writer(const TraceSource& source, TextSink sink) {
  return std::make_unique<Konata>(source, std::move(sink));
}

std::string stage_profile_json(const emu::StageProfile& profile) {
  const emu::StageSums& totals = profile.totals();
  std::string out = fmt::format(
    "{{\n  \"schema_version\": 1,\n  \"label_count\": {},\n  \"total_instructions_executed\": {},\n"
    "  \"total_profiled_seconds\": {},\n  \"total_hbm_bytes_read\": {},\n"
    "  \"total_hbm_bytes_written\": {},\n  \"stages\": {{\n",
    profile.label_count(),
    totals.instructions,
    rust_number(totals.seconds),
    totals.hbm_read_bytes,
    totals.hbm_written_bytes
  );
  stages(out, profile.stages(), &totals, "    ");
  out += "  },\n  \"pairs\": {";
  bool first = true;
  for (const auto& [number, pair] : profile.pairs()) {
    out += fmt::format("{}\n    \"{}\": {{\n", first ? "" : ",", number);
    first = false;
    sums(out, pair.totals, "      ");
    bytes(out, pair.totals, "      ");
    out += ",\n      \"stages\": {\n";
    stages(out, pair.stages, nullptr, "        ");
    out += "      }\n    }";
  }
  out +=
    fmt::format("{}}},\n  \"caveat\": {}\n}}\n", first ? "" : "\n  ", json_text(emu::stage_caveat));
  return out;
}

} // namespace plena::report
