// What time is counted in (core/cost), under the names of this module.
#pragma once

#include "cost/causes.h"
#include "cost/costs.h"

namespace plena::emu {

using cost::at;
using cost::Cause;
using cost::cause_count;
using cost::cause_of;
using cost::cause_rows;
using cost::CauseCycles;
using cost::CauseRow;
using cost::cost_class;
using cost::CostClass;
using cost::cycles;
using cost::is_dropped;
using cost::is_price_assumed;
using cost::is_price_of_opcode;
using cost::is_transfer;
using cost::Lane;
using cost::lane_count;
using cost::lane_of;
using cost::lane_rows;
using cost::LaneRow;
using cost::row_of;
using cost::to_string;
using cost::latency_key;
using cost::topk_chosen;
using cost::topk_logits;
using cost::topk_policies;
using cost::total;

} // namespace plena::emu
