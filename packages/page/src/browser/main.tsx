import { render } from "preact";
import { App } from "./app.tsx";

const root = document.querySelector("#page");
// The document stands at a path that ends with a slash, wherever the server is mounted.
const base = new URL(".", document.baseURI).href.replace(/\/$/u, "");
if (root !== null) {
  root.replaceChildren();
  render(<App base={base} />, root);
}
