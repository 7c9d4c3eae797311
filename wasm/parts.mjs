// The module from its two parts: the first has what the first result needs, the rest takes its places in the
// function table when it comes. One memory, one state: whoever calls the engine need not know of it.

/**
 * Starts the module that `createPlena` makes. `first(imports)` instantiates the first part and yields
 * `{ instance, module }`; `rest()` brings the rest, compiled. `restNow()` brings it at once: it is called when
 * the engine comes upon a function that is not there, in the middle of a call.
 */
export async function startInParts(createPlena, { first, rest, restNow }) {
  let exports;
  let table;
  let whole = false;
  let lost = null;
  let coming = null;

  const complete = (compiled) => {
    if (!whole) new WebAssembly.Instance(compiled, { primary: exports });
    whole = true;
  };
  // A place in the table whose function is in the rest.
  const stand_in = (place) => (...args) => {
    try {
      complete(restNow());
    } catch (error) {
      // Thrown through the engine's own frames it may be caught there.
      lost = error;
      throw error;
    }
    return table.get(place)(...args);
  };
  const placeholder = new Proxy({}, { get: (_, place) => stand_in(Number(place)) });

  const module = await new Promise((resolve, reject) => {
    const instantiateWasm = (imports, receive) => {
      first({ ...imports, placeholder }).then((made) => {
        exports = made.instance.exports;
        table = Object.values(exports).find((one) => one instanceof WebAssembly.Table);
        receive(made.instance, made.module);
      }).catch(reject);
      return {};
    };
    createPlena({ instantiateWasm }).then(resolve, reject);
  });
  return {
    module,
    isWhole: () => whole,
    /** Resolves when the rest is there; after a failure it can be asked for again. */
    whole() {
      coming ??= rest().then(complete).catch((error) => {
        coming = null;
        throw error;
      });
      return coming;
    },
    /** Why the rest could not be had in the middle of a call: the module's state is then of no use. */
    lost: () => lost,
  };
}
