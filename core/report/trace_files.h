// Traces in the forms of other tools, written while the run goes on: memory does not grow with it.
// Pieces that a writer hands to its sink are joined; `begin` once before, `end` once after the
// steps.
#pragma once

#include "config/timing.h"
#include "emu/stage_profile.h"
#include "emu/timing.h"
#include "isa/program.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace plena::report {

using TextSink = std::function<void(std::string_view)>;

struct TraceSource {
  const isa::Program& program;
  std::span<const std::uint32_t> nodes{};    ///< node of each word; more than the names: none
  std::span<const std::string> node_names{}; ///< by node
  config::Timing timing{};
};

class TraceWriter : public emu::TimingListener {
 public:
  virtual void begin() = 0;
  /// Hands on what is written so far.
  virtual void flush() = 0;
  virtual void end() = 0;
};

/// JSON trace events, as Perfetto and Chrome's viewer read them: one thread per lane, one complete
/// event per instruction that takes time; a microsecond of the viewer is a cycle.
std::unique_ptr<TraceWriter> make_perfetto_writer(const TraceSource& source, TextSink sink);

/// Konata's log, version 4: one instruction per step, its stage named after its lane.
std::unique_ptr<TraceWriter> make_konata_writer(const TraceSource& source, TextSink sink);

/// Upstream's JSON of a stage profile (timing.md 3.3).
std::string stage_profile_json(const emu::StageProfile& profile);

} // namespace plena::report
