#include "analytic/prediction.h"

#include "analytic/refuse.h"

#include <algorithm>
#include <fmt/format.h>

namespace plena::analytic {

namespace {

struct Field {
  std::string_view key;
  std::uint64_t Workload::*member;
  std::uint64_t least;
  std::uint64_t most;
};
constexpr Field fields[] = {
  {"batch_size", &Workload::batch, 1, max_batch},
  {"input_seq", &Workload::input, 1, max_tokens},
  {"output_seq", &Workload::output, 1, max_tokens},
  {"device_num", &Workload::devices, 1, max_batch},
  {"diffusion_steps", &Workload::steps, 1, max_tokens},
  {"seq_len", &Workload::rows, 0, max_tokens},
};

double seconds(std::uint64_t cycles) { return static_cast<double>(cycles) / clock_hz; }

/// Upstream's names of the parts: those of its functions, and where a model has two kinds of a
/// part, of the kind.
class Parts {
 public:
  Parts(const Dims& dims, Form form, const Hardware& hardware)
      : dims_(dims),
        form_(form),
        hardware_(hardware) {
    const bool gpt = form == Form::GptOss;
    const auto count = [](const std::vector<bool>& list) {
      return static_cast<std::uint64_t>(std::count(list.begin(), list.end(), true));
    };
    sliding_ = gpt ? count(dims.sliding) : 0;
    full_ = dims.layers - sliding_;
    routed_ = !gpt                   ? 0
              : !dims.routed.empty() ? count(dims.routed)
              : dims.experts > 1     ? dims.layers
                                     : 0;
    plain_ = dims.layers - routed_;
  }

  std::vector<PartCycles> block(const Call& call) const {
    const std::uint64_t N = dims_.layers;
    const bool gpt = form_ == Form::GptOss;
    std::vector<PartCycles> parts;
    add(parts, Layer::rms_layer, "rms", 2 * N, call);
    add(parts, Layer::projection, "projection", N, call);
    add(parts, Layer::flash_attention, gpt ? "attention_full" : "flash_attention", full_, call);
    add(parts, Layer::sliding_window_attention, "attention_sliding", sliding_, call);
    // Upstream counts one residual of LLaMA's two.
    add(parts, Layer::residual, "residual", gpt ? 2 * N : N, call);
    add(parts, Layer::mlp_moe, "moe", routed_, call);
    add(parts, Layer::feed_forward, "feed_forward", plain_, call);
    return parts;
  }

  void add(
    std::vector<PartCycles>& parts,
    Layer layer,
    std::string_view name,
    std::uint64_t times,
    const Call& call
  ) const {
    if (times != 0) {
      parts.push_back({layer, name, cycles(layer, call, hardware_).value, times});
    }
  }

  /// Cycles of attention in all layers, for one token after `keys` others.
  Count attention(Call call, std::uint64_t keys) const {
    call.keys = keys;
    Count sum;
    if (full_ != 0) {
      sum += cycles(Layer::flash_attention, call, hardware_) * full_;
    }
    if (sliding_ != 0) {
      sum += cycles(Layer::sliding_window_attention, call, hardware_) * sliding_;
    }
    return sum;
  }
  /// The next number of keys from which attention may cost something else.
  std::uint64_t next_change(std::uint64_t keys) const {
    if (sliding_ != 0 && keys < dims_.window) {
      return keys + 1;
    }
    return ceil_quotient(keys, hardware_.mlen) * hardware_.mlen + 1;
  }

 private:
  const Dims& dims_;
  Form form_;
  const Hardware& hardware_;
  std::uint64_t sliding_ = 0;
  std::uint64_t full_ = 0;
  std::uint64_t routed_ = 0;
  std::uint64_t plain_ = 0;
};

Count total(const std::vector<PartCycles>& parts) {
  Count sum;
  for (const PartCycles& part : parts) {
    sum += Count(part.each) * part.times;
  }
  return sum;
}

bool is_attention(Layer layer) {
  return layer == Layer::flash_attention || layer == Layer::sliding_window_attention;
}

/// Cycles of `tokens` tokens, the first after `keys` others, not doubled.
Count decode_cycles(
  const Parts& parts,
  const std::vector<PartCycles>& first,
  const Call& call,
  std::uint64_t keys,
  std::uint64_t tokens,
  std::uint64_t& steps
) {
  Count rest;
  for (const PartCycles& part : first) {
    if (!is_attention(part.layer)) {
      rest += Count(part.each) * part.times;
    }
  }
  Count sum = rest * tokens;
  const std::uint64_t end = keys + tokens;
  while (keys < end) {
    const std::uint64_t next = std::min(parts.next_change(keys), end);
    sum += parts.attention(call, keys) * (next - keys);
    keys = next;
    ++steps;
  }
  return sum;
}

Diagnostic too_many() {
  return refuse(
    "E_ANALYTIC_RANGE",
    "cycles",
    fmt::format("the model takes more than {} cycles", max_cycles),
    "fewer tokens, a smaller batch, or smaller dimensions"
  );
}

} // namespace

bool set_workload(Workload& workload, std::string_view key, std::uint64_t value) {
  for (const Field& field : fields) {
    if (field.key == key) {
      workload.*field.member = value;
      return true;
    }
  }
  return false;
}

std::vector<std::string_view> workload_keys() {
  std::vector<std::string_view> keys;
  for (const Field& field : fields) {
    keys.push_back(field.key);
  }
  return keys;
}

Status check(const Workload& workload) {
  Diagnostics errors;
  for (const Field& field : fields) {
    const std::uint64_t value = workload.*field.member;
    if (value < field.least || value > field.most) {
      errors.push_back(refuse(
        "E_RANGE",
        field.key,
        fmt::format("{} is {}", field.key, value),
        fmt::format("{} to {}", field.least, field.most)
      ));
    }
  }
  if (errors.empty() && workload.devices > workload.batch) {
    errors.push_back(refuse(
      "E_RANGE",
      "device_num",
      fmt::format("{} devices share a batch of {}", workload.devices, workload.batch),
      "at most as many devices as sequences: a device takes whole ones"
    ));
  }
  return errors.empty() ? Status(Done{}) : Status(std::move(errors));
}

Call call_of(const Dims& dims, const Workload& workload, Form form, Mode mode) {
  Call call;
  call.mode = mode;
  call.hidden = dims.hidden;
  call.heads = dims.heads;
  call.kv_heads = dims.kv_heads;
  call.head_dim = dims.head_dim_of(form);
  call.inner = dims.inner;
  call.vocabulary = std::max<std::uint64_t>(dims.vocabulary, 1);
  call.rows = mode == Mode::Decode ? 1 : form == Form::Llada ? workload.sequence() : workload.input;
  call.keys = form == Form::Llada ? workload.sequence() : workload.input;
  call.batch = workload.device_batch();
  call.window = std::max<std::uint64_t>(dims.window, 1);
  call.sinks = 1;
  call.experts = dims.experts;
  call.chosen = dims.chosen;
  call.gated = dims.gated;
  return call;
}

Result<Prediction>
predict(const Dims& dims, const Workload& workload, Form form, const Hardware& hardware) {
  const Parts parts(dims, form, hardware);
  Prediction made;
  made.form = form;
  made.steps = 1 + dims.sliding.size() + dims.routed.size();
  const Call prefill = call_of(dims, workload, form, Mode::Prefill);
  parts.add(made.prefill, Layer::embeddings, "embeddings", 1, prefill);
  const std::vector<PartCycles> block = parts.block(prefill);
  made.prefill.insert(made.prefill.end(), block.begin(), block.end());
  if (form == Form::Llada && dims.vocabulary != 0) {
    parts.add(made.prefill, Layer::lm_head_full_seq, "lm_head_full_seq", 1, prefill);
    parts.add(made.prefill, Layer::softmax_full_seq, "softmax_full_seq", 1, prefill);
  } else if (form == Form::GptOss && dims.vocabulary != 0) {
    parts.add(made.prefill, Layer::lm_head, "lm_head", 1, prefill);
  }
  const Count sum = total(made.prefill);
  Count request = sum;
  made.prefill_cycles = sum.value;
  made.prefill_seconds = seconds(sum.value);
  const auto batch = static_cast<double>(workload.batch);
  const auto devices = static_cast<double>(workload.devices);
  if (form == Form::Llada) {
    request = sum * workload.steps;
    made.total_seconds = static_cast<double>(workload.steps) * made.prefill_seconds / devices;
    made.tokens_per_second = batch * static_cast<double>(workload.sequence()) / made.total_seconds;
  } else {
    const Call decode = call_of(dims, workload, form, Mode::Decode);
    made.decode = parts.block(decode);
    const Count all =
      Count(2) *
      decode_cycles(parts, made.decode, decode, workload.input, workload.output, made.steps);
    made.first_token_cycles = (Count(2) * total(made.decode)).value;
    made.decode_cycles = all.value;
    request += all;
    made.first_token_seconds = seconds(made.first_token_cycles);
    made.decode_seconds = seconds(made.decode_cycles);
    made.ttft_seconds = (made.prefill_seconds + made.first_token_seconds) / devices;
    made.tokens_per_second = batch * static_cast<double>(workload.output) / made.decode_seconds;
  }
  made.request_cycles = request.value;
  if (request.value >= max_cycles) {
    return too_many();
  }
  return made;
}

} // namespace plena::analytic
