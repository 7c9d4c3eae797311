/// <reference types="vite/client" />

declare module 'plena-wasm-url' {
  /** Address of the compiled engine. */
  const url: string;
  export default url;
}

/** Version of the page, from package.json. */
declare const PLENA_VERSION: string;
