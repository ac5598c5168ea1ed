/** Adds items to a list. To `push` each is an argument, and of some hundred thousand the stack has no room for. */
export function append<T>(list: { push(item: T): unknown }, items: Iterable<T>): void {
  for (const item of items) list.push(item)
}
