// Bytes that links of format 1 are written against: names that recipes and their texts are made of,
// those that most recipes have last. They are frozen, whatever becomes of the tables that the names were
// taken from: a change here breaks every link there is. Other bytes go with another format character.
#include "recipe/link.h"

namespace plena::recipe {

// clang-format off
std::string_view dictionary() {
  static constexpr std::string_view bytes =
    R"(.json.onnx.asm.safetensors"u":"https://example.com/""attention":"activation":"norm":"rms)"
    R"(_norm":"layer_norm":"vocab":"hidden":"intermediate":"layers":"heads":"kv_heads":"head_di)"
    R"(m":"theta":"eps":"tokens":"op":"silu","op":"gelu","op":"gated","op":"clamp","op":"add",")"
    R"(op":"sub","op":"mul","op":"add_vec","op":"mul_vec","op":"scale","op":"rms_norm","op":"la)"
    R"(yer_norm","op":"softmax","op":"rope","op":"conv2d","op":"attention","op":"embedding","op)"
    R"(":"rows","op":"store","op":"top_k","op":"argmax","op":"moe","op":"view","attrs":{"mask":)"
    R"("causal","window":"kv_heads":"heads":"layout":"in_out""transposed":1,"memory":"vector_sr)"
    R"(am","dtype":"i32","values":[{"constants":{"bias":{"shape":[64]},"weight":{"shape":[64,12)"
    R"(8]},"gain":{"shape":[128]}},"inputs":[{"name":"x","shape":[64,64]}],"nodes":[{"inputs":[)"
    R"("x","weight"],"name":"linear","op":"linear","outputs":["y"]}],"outputs":["y"]},"descript)"
    R"(ion":"","family":"graph","graph":{"input":{"kind":"tensor","tensor":[{"generator":"ih4",)"
    R"("name":"x","seed":42,"shape":[64,128],"std":1}]},"name":"","plena_model":1,"run":{"opt":)"
    R"("dense","unroll":"all","hardware":{"mlen":64,"blen":4}},"weights":{"generator":"ih4","se)"
    R"(ed":1,"source":"seed","std":{"bias":0.5,"matrix":"1/sqrt(fan_in"x-title":""SYSTOLIC_PROC)"
    R"(ESSING_OVERHEAD.dc_lib_en":1,"SYSTOLIC_PROCESSING_OVERHEAD.dc_lib_dis":2,"VECTOR_ADD_CYC)"
    R"(LES.dc_lib_en":"VECTOR_MUL_CYCLES.dc_lib_en":"VECTOR_EXP_CYCLES.dc_lib_en":"VECTOR_RECI_)"
    R"(CYCLES.dc_lib_en":"VECTOR_MAX_CYCLES.dc_lib_en":"VECTOR_SUM_CYCLES.dc_lib_en":"VECTOR_PR)"
    R"(EFIX_SCAN_CYCLES.dc_lib_en":"VECTOR_SHIFT_CYCLES.dc_lib_en":"VECTOR_LONGEST_OPERATE_CYCL)"
    R"(ES.dc_lib_en":"VECTOR_BASIC_CYCLES.dc_lib_en":"SCALAR_FP_LONGEST_OPERATE_CYCLES.dc_lib_e)"
    R"(n":"SCALAR_FP_BASIC_CYCLES.dc_lib_en":"SCALAR_FP_EXP_CYCLES.dc_lib_en":"SCALAR_FP_SQRT_C)"
    R"(YCLES.dc_lib_en":"SCALAR_FP_RECI_CYCLES.dc_lib_en":"SCALAR_INT_BASIC_CYCLES.dc_lib_en":")"
    R"(COST_PROFILE":"MEMORY_MODEL":"SCHEDULE":"FIXED_LATENCY":"FIXED_BANDWIDTH":"analytic","ov)"
    R"(erlap","ideal","fixed","hbm2","emulator","serial""MLEN":"VLEN":"BLEN":"HLEN":"BROADCAST_)"
    R"(AMOUNT":"HBM_SIZE":"HBM_WIDTH":"MATRIX_SRAM_SIZE":"VECTOR_SRAM_SIZE":"HBM_M_Prefetch_Amo)"
    R"(unt":"HBM_V_Prefetch_Amount":"HBM_V_Writeback_Amount":"MAX_LOOP_INSTRUCTIONS":"DC_EN":"M)"
    R"(ATRIX_SRAM_TYPE":"VECTOR_SRAM_TYPE":"HBM_M_WEIGHT_TYPE":"HBM_M_KV_TYPE":"HBM_V_ACT_TYPE")"
    R"(:"HBM_V_KV_TYPE":"HBM_V_INT_TYPE":"SCALAR_FP":"e4m3x8/ue8m0","e5m2x16/ue8m0","e8m7","i32)"
    R"("INVALID_OPCODE\nM_MM\nM_TMM\nM_BMM\nM_BTMM\nM_BMM_WO\nM_MM_WO\nM_MV\nM_TMV\nM_BMV\nM_BT)"
    R"(MV\nM_MV_WO\nM_BMV_WO\nV_ADD_VV\nV_ADD_VF\nV_SUB_VV\nV_SUB_VF\nV_MUL_VV\nV_MUL_VF\nV_EXP)"
    R"(_V\nV_RECI_V\nV_RED_SUM\nV_RED_MAX\nV_MAX_VF\nV_MIN_VF\nV_TOPK\nV_SHFT_V\nV_PS_V\nS_ADD_)"
    R"(FP\nS_SUB_FP\nS_MAX_FP\nS_MUL_FP\nS_EXP_FP\nS_RECI_FP\nS_SQRT_FP\nS_LD_FP\nS_ST_FP\nS_MA)"
    R"(P_V_FP\nS_ADD_INT\nS_ADDI_INT\nS_SUB_INT\nS_MUL_INT\nS_LUI_INT\nS_LD_INT\nS_ST_INT\nH_PR)"
    R"(EFETCH_M\nH_PREFETCH_V\nH_STORE_V\nC_SET_ADDR_REG\nC_SET_SCALE_REG\nC_SET_STRIDE_REG\nC_)"
    R"(SET_V_MASK_REG\nC_LOOP_START\nC_LOOP_END\nC_HADAMARD_TRANSFORM\nC_BREAK\n; linear -> y\n)"
    R"(C_BREAK\nS_LUI_INT gp1, \nS_LD_FP f1, gp0, 3\nS_ST_FP f1, gp0, 1\nS_MUL_FP f1, f1, f2\nC)"
    R"(_SET_SCALE_REG gp1\nC_SET_STRIDE_REG gp2\nC_SET_ADDR_REG a0, gp0, gp1\nC_SET_V_MASK_REG )"
    R"(gp3\nH_PREFETCH_M gp0, gp2, a0, 1, 0\nH_PREFETCH_V gp5, gp4, a0, 1, 0\nH_STORE_V gp1, gp)"
    R"(2, a1, 1, 0\nM_MM 0, gp5, gp6\nM_TMM 0, gp7, gp8\nM_MM_WO gp11, gp0, 0\nV_RED_MAX f1, gp)"
    R"(4, 0\nV_RED_SUM f1, gp4, 0\nV_SUB_VF gp4, gp2, f0, 0, 1\nV_EXP_V gp4, gp4, 0\nV_RECI_V g)"
    R"(p4, gp4, 0\nV_MUL_VF gp4, gp2, f1, 0\nV_ADD_VF gp4, gp4, f1, 0\nV_MUL_VV gp5, gp4, gp2, )"
    R"(0\nV_ADD_VV gp4, gp1, gp3, 0\nC_LOOP_START gp10, 16\nC_LOOP_END gp10\nS_ADDI_INT gp1, gp)"
    R"(0, 4096\nS_ADDI_INT gp2, gp2, 64\n"c":{"opt":"dense","opt":"auto","unroll":"all","unroll)"
    R"(":"ops","unroll":"attention","keep_stages":true}"x":1000,"v":{"c":0,"n":0,"p":0,"t":"ass)"
    R"(embly""t":"report""t":"time""t":"graph""t":"registers""t":"diagnostics"}"p":{"f":0,"i":[)"
    R"(1,2,3],"l":0,"n":64},"n":{"batch":1,"seq":64},"r":42,"g":"attention_cross","g":"attentio)"
    R"(n_gqa","g":"attention_mha","g":"attention_sliding","g":"classifier","g":"deep_mlp","g":")"
    R"(embedding","g":"film","g":"gelu_mlp","g":"kv_store","g":"linear","g":"lora","g":"patch_e)"
    R"(mbedding","g":"routed_experts","g":"router","g":"softmax","g":"swiglu_block","g":"tied_h)"
    R"(ead","i":[{"f":"x","h":""m":{"f":"model.onnx","h":"","n":1024},"m":{"j":{"b":{"c":{"opt")"
    R"(:"auto"},"d":{"c":"{"a":[{"d":0,"h":"","i":"S_ADDI_INT gp1, gp1, 64\n","l":10},{"d":1,"h)"
    R"(":"","l":100}],"c":{"opt":"dense"},"},"plena_recipe":1,"s":{"k":{"MLEN":128,"BLEN":16},")"
    R"(p":"m16b4"}}"},"plena_recipe":1,"s":{"k":{"MLEN":128,"BLEN":16},"p":"m256b64"}}"},"plena)"
    R"(_recipe":1,"s":{"k":{"MLEN":128,"BLEN":16},"p":"m32b8"}}"},"plena_recipe":1,"s":{"k":{"M)"
    R"(LEN":128,"BLEN":16},"p":"m64b16"}}"},"plena_recipe":1,"s":{"k":{"MLEN":128,"BLEN":16},"p)"
    R"(":"upstream"}}{"d":{"c":"0123456789abcdef","s":"","w":""},"e":"0.1.0","m":{"g":"linear",)"
    R"("h":""},"plena_recipe":1,"s":{"p":"m64b4"}})";
  return bytes;
}
// clang-format on

} // namespace plena::recipe
