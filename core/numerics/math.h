// Elementary functions in plain double arithmetic, so that native and WebAssembly results are equal
// to the bit; no libm function but sqrt reaches a compared result. Relative error of the double
// functions: below 2^-49 (tests measure it), so that rounding to f32 is right but for about one
// argument in 2^25.
#pragma once

#include <cstdint>

namespace plena::numerics {

double exp_f64(double x);
double expm1_f64(double x);
double tanh_f64(double x);
double erf_f64(double x);
/// 1 / (1 + exp(-x)).
double sigmoid_f64(double x);

/// Each rounds the double result once.
float exp_f32(float x);
float tanh_f32(float x);
float erf_f32(float x);
float sigmoid_f32(float x);

/// The machine's exponential: exp(clamp(x, -88, 88)) with the f32 result; NaN stays.
float exp_clamped(float x);

/// One fused multiply and add in f32, whatever the operands; NaN bits are settled in the order
/// accumulator, x, w.
float fma_exact(float x, float w, float accumulator);

} // namespace plena::numerics
