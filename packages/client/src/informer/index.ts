export { makeInformer } from "./make-informer.ts";
export type { MirrorInformer } from "./mirror-informer.ts";
