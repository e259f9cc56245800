/** What the process ends with. Ended by a signal before the work was done: 128 and the signal's number, as shells have it. */
export const EXIT: { readonly ok: 0; readonly failure: 1; readonly usage: 2; readonly interrupted: 130 } = {
  ok: 0,
  failure: 1,
  usage: 2,
  interrupted: 130,
};
