// What TypeScript is told of hashes.wasm: to import it is to get it compiled, not yet running.

declare const hashes: WebAssembly.Module;
export default hashes;
