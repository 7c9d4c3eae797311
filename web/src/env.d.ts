/// <reference types="vite/client" />

/** Addresses of the compiled engine's two parts. */
declare module 'plena-first-url' {
  const url: string;
  export default url;
}
declare module 'plena-rest-url' {
  const url: string;
  export default url;
}

/** Version of the page, from package.json. */
declare const PLENA_VERSION: string;
