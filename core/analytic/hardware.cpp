#include "analytic/hardware.h"

#include "analytic/refuse.h"
#include "config/keys.h"

#include <algorithm>
#include <bit>
#include <fmt/format.h>

namespace plena::analytic {

namespace {

constexpr std::string_view insn_names[] = {
#define PRICE(name, alone, pipelined) #name,
#include "analytic/prices.def"
};

struct PriceText {
  std::string_view alone;
  std::string_view pipelined;
};
constexpr PriceText texts[] = {
#define PRICE(name, alone, pipelined) {alone, pipelined},
#include "analytic/prices.def"
};

enum class ProfileId : std::uint8_t {
#define PROFILE(name, base, clock_mhz, meaning) name,
#include "analytic/latencies.def"
};
constexpr bool enabled = true;
constexpr bool disabled = false;
constexpr LatencyProfile profiles[] = {
#define PROFILE(name, base, clock_mhz, meaning) {#name, base, clock_mhz, meaning},
#include "analytic/latencies.def"
};
struct ProfileLatency {
  ProfileId profile;
  std::string_view key;
  std::uint32_t cycles;
};
constexpr ProfileLatency latencies[] = {
#define LATENCY(profile, KEY, cycles) {ProfileId::profile, #KEY, cycles},
#include "analytic/latencies.def"
};

constexpr std::string_view accumulation = "SA_ACC_CYCLES";

Diagnostic impossible(std::string_view key, std::string message, std::string_view hint) {
  return refuse("E_ANALYTIC_MACHINE", key, std::move(message), hint);
}

/// Positions of the settings that the layers read by themselves.
struct Read {
  std::size_t mlen = setting_index("MLEN");
  std::size_t blen = setting_index("BLEN");
  std::size_t vlen = setting_index("VLEN");
  std::size_t hlen = setting_index("HLEN");
  std::size_t v_prefetch = setting_index("HBM_V_Prefetch_Amount");
  std::size_t vector_sram = setting_index("VECTOR_SRAM_SIZE");
  std::size_t matrix_sram = setting_index("MATRIX_SRAM_SIZE");
  std::size_t hbm_size = setting_index("HBM_SIZE");
  std::size_t hbm_width = setting_index("HBM_WIDTH");
  std::size_t accumulate = setting_index(accumulation);
};

} // namespace

std::string_view to_string(Insn insn) { return insn_names[static_cast<std::size_t>(insn)]; }

std::span<const std::string_view> setting_names() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> list;
    for (const config::ConfigKey& key : config::config_keys()) {
      list.push_back(key.key);
    }
    for (const config::LatencyKey& key : config::latency_keys()) {
      list.push_back(key.key);
    }
    list.push_back(accumulation);
    return list;
  }();
  return names;
}

std::size_t setting_index(std::string_view name) {
  const auto names = setting_names();
  return static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
}

std::span<const LatencyProfile> latency_profiles() { return profiles; }

Result<const LatencyProfile*> find_latency_profile(std::string_view name) {
  std::vector<std::string_view> names;
  for (const LatencyProfile& profile : profiles) {
    if (name.empty() || profile.name == name) {
      return &profile;
    }
    names.push_back(profile.name);
  }
  return refuse(
    "E_ANALYTIC_LATENCY",
    "latencies",
    fmt::format("there are no latencies '{}'", name),
    "choose one of " + list(names)
  );
}

Settings settings_of(const config::Machine& machine, const LatencyProfile& profile) {
  Settings values;
  values.reserve(setting_names().size());
  for (const config::ConfigKey& key : config::config_keys()) {
    values.push_back(static_cast<std::int64_t>(config::get(machine, key)));
  }
  for (const config::LatencyKey& key : config::latency_keys()) {
    const config::Latency& latency = machine.*key.member;
    values.push_back(profile.enabled ? latency.dc_lib_en : latency.dc_lib_dis);
  }
  values.push_back(0);
  for (const ProfileLatency& latency : latencies) {
    if (profiles[static_cast<std::size_t>(latency.profile)].name == profile.name) {
      values[setting_index(latency.key)] = latency.cycles;
    }
  }
  return values;
}

const PriceTable& PriceTable::standard() {
  static const PriceTable table = with({}).value();
  return table;
}

Result<PriceTable> PriceTable::with(const std::map<std::string, std::string>& changes) {
  PriceTable table;
  Diagnostics errors;
  std::size_t used = 0;
  const auto read = [&](std::string_view insn, std::string_view form, std::string_view standard) {
    const std::string name = fmt::format("{}.{}", insn, form);
    const auto change = changes.find(name);
    used += change != changes.end() ? 1u : 0u;
    Result<Expression> made = Expression::parse(
      change != changes.end() ? std::string_view(change->second) : standard,
      setting_names(),
      "PLAYGROUND.PRICES." + name
    );
    if (!made) {
      errors.insert(errors.end(), made.diagnostics().begin(), made.diagnostics().end());
      return Expression();
    }
    return std::move(*made);
  };
  for (std::size_t i = 0; i < insn_count; ++i) {
    Expression alone = read(insn_names[i], "alone", texts[i].alone);
    table.rows_.push_back({std::move(alone), read(insn_names[i], "pipelined", texts[i].pipelined)});
  }
  if (used != changes.size()) {
    for (const auto& [name, text] : changes) {
      const std::string_view insn = std::string_view(name).substr(0, name.find('.'));
      const std::string_view form =
        std::string_view(name).substr(std::min(insn.size() + 1, name.size()));
      const bool known =
        std::find(std::begin(insn_names), std::end(insn_names), insn) != std::end(insn_names);
      if (known && (form == "alone" || form == "pipelined")) {
        continue;
      }
      errors.push_back(refuse(
        "E_ANALYTIC_PRICE",
        "PLAYGROUND.PRICES." + name.substr(0, 100),
        "there is no price " + name.substr(0, 100),
        known ? "an instruction has `alone` and `pipelined`"
              : meant(insn, insn_names, "the instructions with prices are " + list(insn_names))
      ));
    }
  }
  if (!errors.empty()) {
    return errors;
  }
  return table;
}

Result<Hardware> make_hardware(Settings settings, const PriceTable& table) {
  static const Read at;
  const auto number = [&](std::size_t index) {
    return static_cast<std::uint64_t>(settings[index]);
  };
  for (const std::size_t index :
       {at.mlen, at.blen, at.vlen, at.hlen, at.vector_sram, at.v_prefetch}) {
    if (settings[index] < 1) {
      return impossible(
        setting_names()[index],
        fmt::format("{} is {}", setting_names()[index], settings[index]),
        "at least 1"
      );
    }
  }
  Hardware hardware;
  hardware.mlen = number(at.mlen);
  hardware.blen = number(at.blen);
  hardware.vlen = number(at.vlen);
  hardware.hlen = number(at.hlen);
  hardware.v_prefetch = number(at.v_prefetch);
  hardware.vector_sram_rows = number(at.vector_sram);
  hardware.vector_sram_elems = number(at.vector_sram) * hardware.vlen;
  hardware.matrix_sram_rows = number(at.matrix_sram);
  hardware.hbm_bytes = number(at.hbm_size);
  hardware.hbm_width = number(at.hbm_width);
  if (hardware.mlen % hardware.blen != 0) {
    return impossible(
      "BLEN",
      fmt::format("MLEN {} is not a multiple of BLEN {}", hardware.mlen, hardware.blen),
      "an M_MM takes MLEN in steps of BLEN"
    );
  }
  if (hardware.vlen < hardware.blen) {
    return impossible(
      "VLEN",
      fmt::format("VLEN {} is less than BLEN {}", hardware.vlen, hardware.blen),
      "a row holds at least the columns of one M_MM result"
    );
  }
  if (hardware.hlen > hardware.mlen) {
    return impossible(
      "HLEN",
      fmt::format("HLEN {} is more than MLEN {}", hardware.hlen, hardware.mlen),
      "at least one head fits into a row"
    );
  }
  struct Memory {
    std::string_view key;
    std::uint64_t rows;
  };
  for (const Memory& memory :
       {Memory{"MATRIX_SRAM_SIZE", hardware.matrix_sram_rows},
        Memory{"VECTOR_SRAM_SIZE", hardware.vector_sram_rows}}) {
    if (memory.rows < hardware.blen) {
      return impossible(
        memory.key,
        fmt::format(
          "{} is {}, but an M_MM reads a tile of BLEN {} rows",
          memory.key,
          memory.rows,
          hardware.blen
        ),
        fmt::format("at least {}", hardware.blen)
      );
    }
  }
  settings[at.accumulate] =
    static_cast<std::int64_t>(std::bit_width(hardware.mlen / hardware.blen));
  for (std::size_t i = 0; i < insn_count; ++i) {
    const Expression& price = table.row(static_cast<Insn>(i)).pipelined;
    const Result<std::int64_t> cycles = price.evaluate(settings);
    if (!cycles) {
      return cycles.diagnostics();
    }
    if (*cycles <= 0) {
      return refuse(
        "E_ANALYTIC_PRICE",
        fmt::format("PLAYGROUND.PRICES.{}.pipelined", insn_names[i]),
        fmt::format("the price of {}, `{}`, is {}", insn_names[i], price.text(), *cycles),
        "a price is at least 1: change the expression, or the latencies that it reads"
      );
    }
    hardware.prices[i] = static_cast<std::uint64_t>(*cycles);
  }
  if (hardware.matrix_sram_rows < hardware.mlen) {
    Diagnostic note = refuse(
      "W_ANALYTIC_TILE",
      "MATRIX_SRAM_SIZE",
      fmt::format(
        "MATRIX_SRAM_SIZE {} holds no whole tile of MLEN {} rows",
        hardware.matrix_sram_rows,
        hardware.mlen
      ),
      "the closed-form model has no memories and counts on; a program for this machine could not "
      "be made"
    );
    note.severity = Severity::Note;
    return {hardware, {std::move(note)}};
  }
  return hardware;
}

} // namespace plena::analytic
