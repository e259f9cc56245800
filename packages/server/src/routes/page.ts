import { notFoundPath } from "@krm/apimachinery";
import { loadPage, PAGE_FOLDER, PAGE_POLICY, type PageFile, type PageFiles } from "@krm/page";
import type { FastifyReply, FastifyRequest } from "fastify";
import { addVary } from "../answer/vary.ts";
import { matchesEtag } from "../body/etag.ts";
import { prefersHtml } from "../request/prefers-html.ts";
import { weightsOf } from "../request/weights.ts";

/** Whoever holds a file of that name has it for ever: a name is a hash. */
const FOR_EVER = "public, max-age=31536000, immutable";

/**
 * The page for people. It is open to all, as it holds nothing but code: what it shows it asks for, with the token of who
 * looks at it.
 */
export class Page {
  readonly #documentUrls: readonly string[];
  readonly #fileUrl: string;
  #loaded: Promise<PageFiles> | undefined;

  /** @param prefix under which the server is mounted, without a slash at the end */
  constructor(prefix: string) {
    this.#documentUrls = [prefix, `${prefix}/`];
    this.#fileUrl = `${prefix}/${PAGE_FOLDER}/:file`;
  }

  /** Whether a request is answered from here: for a file of the page, or from a browser that opens it. */
  isFor({ headers, routeOptions: { url = "" } }: FastifyRequest): boolean {
    if (url === this.#fileUrl) return true;
    return this.#documentUrls.includes(url) && prefersHtml(headers.accept);
  }

  /** Answers the document. What stands behind a `?` is nobody's, and passed over. */
  async answerDocument(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const [path = "/"] = (request.raw.url ?? "/").split("?");
    // Its references are relative, so that they lead through a proxy that mounts the server elsewhere.
    if (!path.endsWith("/")) {
      const last = path.slice(path.lastIndexOf("/") + 1);
      return reply.code(308).header("location", `${last}/`).send();
    }
    const { document } = await this.#files();
    reply.header("content-security-policy", PAGE_POLICY).header("referrer-policy", "no-referrer");
    return send(document, request, reply);
  }

  /** Answers a file of the page. @throws StatusError 404 for one that this version of the page has not */
  async answerFile(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { files } = await this.#files();
    const file = files.get((request.params as { readonly file: string }).file);
    if (file === undefined) throw notFoundPath();
    reply.header("cache-control", FOR_EVER).header("referrer-policy", "no-referrer");
    return send(file, request, reply);
  }

  /** What fails once is tried again. */
  async #files(): Promise<PageFiles> {
    this.#loaded ??= loadPage();
    try {
      return await this.#loaded;
    } catch (error) {
      this.#loaded = undefined;
      throw error;
    }
  }
}

function send(file: PageFile, { headers }: FastifyRequest, reply: FastifyReply): FastifyReply {
  addVary(reply, "Accept-Encoding");
  // Weak, as it is the same for all encodings.
  const etag = `W/"${file.hash}"`;
  reply.header("etag", etag);
  if (matchesEtag(headers["if-none-match"], etag)) return reply.code(304).send();
  reply.header("content-type", file.contentType);
  const accepted = weightsOf(headers["accept-encoding"]);
  const takes = (coding: string): boolean => (accepted.get(coding) ?? 0) > 0;
  if (takes("br")) return reply.header("content-encoding", "br").send(file.brotli);
  if (takes("gzip")) return reply.header("content-encoding", "gzip").send(file.gzip);
  return reply.send(file.bytes);
}
