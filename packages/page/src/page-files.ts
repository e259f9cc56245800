import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

/** What the page is made of, as it was built. */
export interface BuiltPage {
  /** Names `page.js` and `page.css`, each once, as files beside it. */
  readonly html: string;
  readonly script: Uint8Array;
  readonly style: Uint8Array;
}

/** One file of the page, in every form in which it is sent. */
export interface PageFile {
  readonly contentType: string;
  /** Of its content, to be quoted: an entity tag. */
  readonly hash: string;
  readonly bytes: Buffer;
  readonly gzip: Buffer;
  readonly brotli: Buffer;
}

/** The page. */
export interface PageFiles {
  /** The document. Its references are relative: it must be answered at a path that ends with a slash. */
  readonly document: PageFile;
  /**
   * What it refers to, by name; the document names them as `FOLDER/NAME` of {@link PAGE_FOLDER}. A name holds a hash of the
   * content, so that what it stands for never changes.
   */
  readonly files: ReadonlyMap<string, PageFile>;
}

/** Where the document looks for its files, relative to itself. */
export const PAGE_FOLDER = "page";

/**
 * What a page may do, as a Content-Security-Policy: run and show what its own server sends, ask that server, and nothing
 * else; not be shown within another page.
 */
export const PAGE_POLICY: string = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

const HASH_LENGTH = 16;
const compressBrotli = promisify(brotliCompress);
const compressGzip = promisify(gzip);

/** Names what was built after its content, and compresses it, off the main thread. */
export async function toPageFiles({ html, script, style }: BuiltPage): Promise<PageFiles> {
  const [js, css] = await Promise.all([
    fileOf("text/javascript; charset=utf-8", script),
    fileOf("text/css; charset=utf-8", style),
  ]);
  const named = new Map([
    ["page.js", `page-${js.hash}.js`],
    ["page.css", `page-${css.hash}.css`],
  ]);
  const text = html.replace(/"(page\.(?:js|css))"/gu, (_, name: string) => `"${PAGE_FOLDER}/${named.get(name)}"`);
  return {
    document: await fileOf("text/html; charset=utf-8", Buffer.from(text)),
    files: new Map([
      [`page-${js.hash}.js`, js],
      [`page-${css.hash}.css`, css],
    ]),
  };
}

async function fileOf(contentType: string, content: Uint8Array): Promise<PageFile> {
  const bytes = Buffer.from(content);
  const best = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };
  const [gzipped, brotli] = await Promise.all([
    compressGzip(bytes, { level: constants.Z_BEST_COMPRESSION }),
    compressBrotli(bytes, best),
  ]);
  const hash = createHash("sha256").update(bytes).digest("base64url").slice(0, HASH_LENGTH);
  return { contentType, hash, bytes, gzip: gzipped, brotli };
}
