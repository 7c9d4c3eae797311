// From a picture to the values that a vision model takes: one plane per channel, scaled.

/** Values are (channel / 255 - mean) / std, per channel or the same for all. */
export interface PictureScale {
  mean: readonly number[];
  std: readonly number[];
}

/** From -1 to 1, for models that do not say otherwise. */
export const SYMMETRIC: PictureScale = { mean: [0.5], std: [0.5] };

const isNumbers = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length > 0 && value.every((one) => Number.isFinite(one));

/** Of the file that comes with a checkpoint; null when it says nothing that can be used. */
export function readPreprocessor(text: string): PictureScale | null {
  try {
    const document: unknown = JSON.parse(text);
    if (typeof document !== 'object' || document === null) return null;
    const { image_mean: mean, image_std: std } = document as Record<string, unknown>;
    return isNumbers(mean) && isNumbers(std) && std.every((one) => one > 0) ? { mean, std } : null;
  } catch {
    return null;
  }
}

export interface PictureShape {
  channels: 1 | 3;
  height: number;
  width: number;
}

/** The shape of an input that takes a picture: planes of grey or of red, green and blue. */
export function pictureShape(shape: readonly number[]): PictureShape | null {
  const [channels, height, width] = shape.slice(-3);
  const one = shape.slice(0, -3).every((size) => size === 1);
  const planes = channels === 1 || channels === 3 ? channels : null;
  return shape.length >= 3 && one && planes && height && width && height >= 8 && width >= 8
    ? { channels: planes, height, width }
    : null;
}

/** Parts of red, green and blue in grey, as in ITU-R BT.601. */
const GREY = [0.299, 0.587, 0.114] as const;

export function planes(
  rgba: ArrayLike<number>,
  { channels, height, width }: PictureShape,
  { mean, std }: PictureScale,
): Float32Array {
  const count = height * width;
  const values = new Float32Array(channels * count);
  for (let channel = 0; channel < channels; channel++) {
    const shift = mean[channel % mean.length] ?? 0;
    const scale = std[channel % std.length] ?? 1;
    for (let at = 0; at < count; at++) {
      const pixel = (part: number) => rgba[at * 4 + part] ?? 0;
      const level =
        channels === 3
          ? pixel(channel)
          : GREY.reduce((sum, weight, part) => sum + weight * pixel(part), 0);
      values[channel * count + at] = (level / 255 - shift) / scale;
    }
  }
  return values;
}
