const HIDDEN_MS = 250;

/** Return a function that has `run` called once at the next frame, however often it is called before. */
export function batched(run: () => void): () => void {
  let waits = false;
  return () => {
    if (waits) return;
    waits = true;
    const once = () => {
      if (!waits) return;
      waits = false;
      run();
    };
    requestAnimationFrame(once);
    // Hidden tabs have no frames, but their frames would pile up.
    setTimeout(once, HIDDEN_MS);
  };
}
