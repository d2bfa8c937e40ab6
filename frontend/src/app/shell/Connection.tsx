/** Whether what is shown is live. The live layer says so; nothing is shown while all is well. */
export function Connection() {
  return null;
}
