// Numbers worked out by hand, for where the records are not at hand.
#include "analytic/memory.h"
#include "analytic/roofline.h"
#include "analytic/static_profile.h"
#include "analytic/sweep.h"
#include "config/config.h"
#include "io/model_dims_json.h"

#include <catch2/catch.hpp>

using namespace plena;
using namespace plena::analytic;

namespace {

Scenario llama8b() {
  Scenario made;
  for (const ShippedDims& shipped : shipped_dims()) {
    if (shipped.name == "llama-3.1-8b") {
      made.dims = *io::read_model_dims(
        shipped.name,
        {reinterpret_cast<const std::uint8_t*>(shipped.json.data()), shipped.json.size()}
      );
    }
  }
  made.settings = settings_of(
    *config::load(config::find_preset("upstream")->toml, "")->analytic, latency_profiles()[0]
  );
  return made;
}

std::uint64_t each(const std::vector<PartCycles>& parts, Layer layer) {
  for (const PartCycles& part : parts) {
    if (part.layer == layer) {
      return part.each;
    }
  }
  return 0;
}

} // namespace

TEST_CASE("LLaMA 3.1 8B on upstream's machine", "[analytic][own]") {
  const auto made = predict(llama8b());
  REQUIRE(made.ok());
  // 3 + 8192 rows of 2 transfers; 10 + 2 * 8 * 8192 (the 134217728 elements of the SRAM hold all
  // rows).
  CHECK(each(made->prefill, Layer::embeddings) == 16387);
  CHECK(each(made->prefill, Layer::rms_layer) == 131082);
  // 64 tiles of 128 rows, 2 steps of 2048, 224 columns of 128, twice; 7 rows of 2048, 6 operations,
  // 8192 times; down.
  CHECK(
    each(made->prefill, Layer::feed_forward) ==
    2 * 64 * 2 * 112 * 128 + 7 * 6 * 8192 + 64 * 7 * 32 * 128
  );
  CHECK(each(made->decode, Layer::residual) == 4 * 2 * 4);
  CHECK(made->prefill_cycles == 369670787);
  CHECK(made->decode_cycles == 9209548800);
  CHECK(made->ttft_seconds == 0.377260931);
  CHECK(made->tokens_per_second == Approx(444.75577348588456).epsilon(1e-12));
}

TEST_CASE("tokens are counted one by one", "[analytic][own]") {
  // The sum over runs of tokens that cost the same against each token by itself.
  for (const std::uint64_t window : {0u, 100u, 3000u}) {
    Scenario one = llama8b();
    one.dims.layers = 2;
    if (window != 0) {
      one.dims.window = window;
      one.dims.sliding = {true, false};
    }
    one.workload.input = 2000;
    one.workload.output = 4500;
    std::uint64_t sum = 0;
    const std::uint64_t all = predict(one)->decode_cycles;
    one.workload.output = 1;
    for (std::uint64_t token = 0; token < 4500; ++token) {
      one.workload.input = 2000 + token;
      sum += predict(one)->first_token_cycles;
    }
    CHECK(sum == all);
  }
}

TEST_CASE("a part without a gate has one product less", "[analytic][own]") {
  Scenario one = llama8b();
  const std::uint64_t gated = each(predict(one)->prefill, Layer::feed_forward);
  one.dims.gated = false;
  CHECK(gated - each(predict(one)->prefill, Layer::feed_forward) == 64 * 2 * 112 * 128);
}

TEST_CASE("bytes of LLaMA 3.1 8B", "[analytic][own]") {
  Scenario one = llama8b();
  one.workload.output = 128;
  const MemoryModel made = memory_model(one.dims, one.workload, *one.hardware(), Bits{});
  CHECK(made.embedding.value == 128256ull * 4096 * 9 / 8);
  CHECK(made.ffn.value == 32ull * 3 * 4096 * 14336 * 9 / 8);
  CHECK(made.kv.value == 32ull * 2 * 8 * 128 * 2176 * 4 * 9 / 8);
  CHECK(made.required().value == 9034039296 + 641728512 + 150994944);
  CHECK(made.prefill.total().read.value + made.prefill.total().write.value == 33281409024);
  CHECK(made.decode.total().read.value + made.decode.total().write.value == 9047605248);
  CHECK(made.peak_bytes_per_second == 64e9);
  one.dims.tied = true;
  CHECK(memory_model(one.dims, one.workload, *one.hardware(), Bits{}).lm_head.value == 0);
}

TEST_CASE("utilisation of LLaMA 3.1 8B", "[analytic][own]") {
  const Scenario one = llama8b();
  const Utilisation made = utilisation(one.dims, one.workload, *one.hardware());
  CHECK(made.prefill_attention.ratio() == Approx(0.6327713657663474).epsilon(1e-9));
  CHECK(made.decode_ffn.ratio() == Approx(0.022622644526548785).epsilon(1e-9));
  CHECK(made.overall == Approx(0.5327590351761462).epsilon(1e-9));
  const CompilerUtilisation compiler = compiler_utilisation(one.dims, 4, {});
  CHECK(compiler.operations[1].value == 131072);
  CHECK(compiler.theoretical[3].value == 33621540864);
}

TEST_CASE("roofs", "[analytic][own]") {
  const Scenario one = llama8b();
  const Hardware hardware = *one.hardware();
  const Roof roof = roof_of(hardware);
  CHECK(roof.flops_per_second == 2.0 * 2048 * 128 * 1e9);
  CHECK(roof.bytes_per_second == 64e9);
  CHECK(roof.ceiling(roof.ridge() / 2) == roof.flops_per_second / 2);
  CHECK(roof.ceiling(roof.ridge() * 2) == roof.flops_per_second);
  const auto prediction = predict(one);
  const auto points = roofline_points(
    one.dims, one.workload, *prediction, memory_model(one.dims, one.workload, hardware, Bits{})
  );
  REQUIRE(points.size() == 4);
  CHECK((points[0].phase == "prefill" && points[0].part == "attention"));
  CHECK(points[1].flops == 2.0 * 3 * 8192 * 4096 * 14336 * 32);
  CHECK(points[1].seconds == Approx(5849088.0 * 32 / 1e9).epsilon(1e-12));
  CHECK(points[1].achieved() <= roof.flops_per_second);

  // 8 * 64 * 64 * 64 + 4 * 64 * 64 * 64 + 6 * 64 * 64 * 128 + 4 * 64 * 64 operations.
  const FormerRoofline former = former_roofline(hardware, 156099, 106496);
  CHECK(former.flops == 6307840);
  CHECK(former.intensity == 6307840.0 / 106496);
  CHECK_FALSE(former.memory_bound == (former.intensity >= 64)); // 4096 / 64
  CHECK(former.ceiling == former.intensity * 64e9);
  CHECK(former.efficiency == Approx(6307840 / 156099e-9 / former.ceiling));
}

TEST_CASE("profiles of a text", "[analytic][own]") {
  const std::string text = "; RMS Norm\n"
                           "V_RED_SUM f1, gp1\n"
                           "; Normalize (rms) again, in the same norm\n"
                           "C_LOOP_START gp1, 10\n"
                           "  M_MM 0, gp1, gp2\n"
                           "  C_LOOP_START gp2, 3\n"
                           "    V_ADD_VV gp1, gp1, gp2, 0\n"
                           "  C_LOOP_END gp2\n"
                           "C_LOOP_END gp1\n"
                           "\n"
                           "; FFN Gate\n"
                           "V_MAX_VF gp1, gp1, f1, 0\n"
                           "S_MAP_V_FP gp1, gp2, 0\n"
                           "H_PREFETCH_V gp1, gp2, a1, 0, 0\n"
                           "; RMS Norm\n"
                           "S_ADDI_INT gp1, gp0, 1\n";
  const Settings settings =
    settings_of(*config::load(config::find_preset("upstream")->toml, ""), latency_profiles()[0]);
  const auto made = static_profile(text, settings);
  REQUIRE(made.ok());
  // 8 + 1 + 10 * (64 + 1 + 3 * (1 + 1) + 1) + 1 + 64 + 0 + 1
  CHECK(made->cycles.value == 8 + 1 + 10 * (64 + 1 + 3 * 2 + 1) + 1 + 64 + 1);
  CHECK(made->source_lines == 16);
  CHECK(made->static_instructions == 11);
  CHECK(made->comments == 4);
  CHECK(made->opcodes.at("V_ADD_VV").value == 30);
  CHECK(made->opcode_cycles.at("M_MM").value == 640);
  CHECK(made->lines.empty());
  const auto former = former_profile(text);
  REQUIRE(former.ok());
  REQUIRE(former->sections.size() == 3);
  CHECK(
    (former->sections[0].name == "rms_norm_1" && former->sections[1].name == "ffn" &&
     former->sections[2].name == "rms_norm_2")
  );
  CHECK(former->sections[0].instructions.value == 1 + 1 + 10 * (1 + 1 + 3 * 2 + 1));
  CHECK(former->sections[1].cycles.value == 64 + 1 + 64);
}

TEST_CASE("lines of a text, one by one", "[analytic][own]") {
  const std::string text = "; RMS Norm\n"
                           "V_RED_SUM f1, gp1\n"
                           "C_LOOP_START gp1, 10\n"
                           "\n"
                           "  M_MM 0, gp1, gp2\n"
                           "C_LOOP_END gp1\n"
                           "; FFN Gate\n"
                           "M_MM 0, gp1, gp2\n";
  const Settings settings =
    settings_of(*config::load(config::find_preset("upstream")->toml, ""), latency_profiles()[0]);
  const auto whole = static_profile(text, settings, {0, 100});
  const auto before = former_profile(text, {0, 100});
  REQUIRE((whole && before));
  REQUIRE(whole->lines.size() == 5);
  REQUIRE(before->lines.size() == 5);
  const std::uint32_t lines[] = {2, 3, 5, 6, 8};
  const std::uint64_t times[] = {1, 1, 10, 10, 1};
  Count cycles;
  Count former;
  for (std::size_t i = 0; i < 5; ++i) {
    INFO(i);
    CHECK(whole->lines[i].line == lines[i]);
    CHECK(whole->lines[i].times.value == times[i]);
    CHECK(before->lines[i].line == lines[i]);
    cycles += whole->lines[i].cycles;
    former += before->lines[i].cycles;
  }
  // Nothing is told beside the lines.
  CHECK(cycles.value == whole->cycles.value);
  CHECK(former.value == before->cycles.value);
  CHECK(before->lines[0].section == "rms_norm_1");
  CHECK(before->lines[4].section == "ffn");

  const auto some = static_profile(text, settings, {3, 1});
  REQUIRE(some);
  REQUIRE(some->lines.size() == 1);
  CHECK(some->lines[0].line == 6);
  CHECK(static_profile(text, settings, {5, 100})->lines.empty());
  CHECK(static_profile(text, settings, {4, ~std::uint64_t{0}})->lines.size() == 1);
}
