// The package's own declaration uses `export =`, which a module cannot have.
declare const vectors: { readonly [name: string]: Uint8Array }
export default vectors
