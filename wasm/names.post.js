// Emscripten's loader leaves a function of its own under this name; ours is registered later.
delete Module["run"];
