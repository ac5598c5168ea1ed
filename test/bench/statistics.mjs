/** The middle of some numbers; of an even count, the mean of the middle two. */
export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/**
 * How `ys` grow with `xs`: the slope of the straight line that fits their logarithms best. 1 is linear, 2 quadratic.
 */
export function growthExponent(xs, ys) {
  const points = xs.map((x, i) => [Math.log(x), Math.log(ys[i])])
  const [meanX, meanY] = [0, 1].map((axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length)
  let above = 0
  let below = 0
  for (const [x, y] of points) {
    above += (x - meanX) * (y - meanY)
    below += (x - meanX) ** 2
  }
  return above / below
}
