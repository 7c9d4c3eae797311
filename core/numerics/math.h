// Elementary functions in plain double arithmetic, so that native and WebAssembly results are equal
// to the bit; no libm function but sqrt reaches a compared result. Relative error of the double
// functions: below 2^-49 (tests measure it), so that rounding to f32 is right but for about one
// argument in 2^25. The sine, cosine and power are below 1e-12, as said with each.
#pragma once

#include <cstdint>

namespace plena::numerics {

double exp_f64(double x);
double expm1_f64(double x);
double tanh_f64(double x);
double erf_f64(double x);
/// 1 / (1 + exp(-x)).
double sigmoid_f64(double x);
/// The natural logarithm; minus infinity at 0, NaN below.
double log_f64(double x);
/// base^exponent with the special values of IEEE 754 pow. Whole exponents up to 64 multiply, so
/// that results of few bits are exact. Relative error below 1e-12 where the result is a normal
/// number.
double pow_f64(double base, double exponent);

/// Arguments of sine and cosine that are reduced without loss.
inline constexpr double max_angle = 0x1p20;
/// Radians. Relative error below 1e-12, also beside the zeros; NaN beyond `max_angle`.
double sin_f64(double x);
double cos_f64(double x);

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
