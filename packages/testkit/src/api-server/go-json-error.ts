/**
 * What Go's JSON scanner says of a text that is not JSON (`encoding/json`, scanner.go): the API server puts it into its
 * answer. Undefined: the text is JSON. Works on bytes, as Go does.
 */
export function goJsonError(bytes: Buffer): string | undefined {
  // One char a byte, so that positions and characters in messages are Go's.
  const scanner = new Scanner(bytes.toString("latin1"));
  try {
    scanner.document();
    return undefined;
  } catch (error) {
    if (error instanceof ScanError) return error.message;
    throw error;
  }
}

class ScanError extends Error {}

class Scanner {
  #at = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  document(): void {
    this.#value();
    this.#space();
    if (this.#at < this.#text.length) this.#fail("after top-level value");
  }

  #value(): void {
    const char = this.#token();
    if (char === "{") this.#object();
    else if (char === "[") this.#array();
    else if (char === '"') this.#string();
    else if (char === "-" || isDigit(char)) this.#number();
    else if (char === "t") this.#literal("true");
    else if (char === "f") this.#literal("false");
    else if (char === "n") this.#literal("null");
    else this.#fail("looking for beginning of value");
  }

  #object(): void {
    this.#at += 1;
    if (this.#token() === "}") return this.#step();
    for (;;) {
      if (this.#token() !== '"') this.#fail("looking for beginning of object key string");
      this.#string();
      if (this.#token() !== ":") this.#fail("after object key");
      this.#at += 1;
      this.#value();
      const next = this.#token();
      if (next === "}") return this.#step();
      if (next !== ",") this.#fail("after object key:value pair");
      this.#at += 1;
    }
  }

  #array(): void {
    this.#at += 1;
    if (this.#token() === "]") return this.#step();
    for (;;) {
      this.#value();
      const next = this.#token();
      if (next === "]") return this.#step();
      if (next !== ",") this.#fail("after array element");
      this.#at += 1;
    }
  }

  #string(): void {
    this.#at += 1;
    for (;;) {
      const char = this.#char();
      if (char === '"') return this.#step();
      if (char < " ") this.#fail("in string literal");
      this.#at += 1;
      if (char !== "\\") continue;
      const escaped = this.#char();
      if (!'bfnrt\\/"u'.includes(escaped)) this.#fail("in string escape code");
      this.#at += 1;
      if (escaped === "u") this.#hexadecimal();
    }
  }

  #hexadecimal(): void {
    for (let digit = 0; digit < 4; digit++) {
      if (!/[0-9a-fA-F]/.test(this.#char())) this.#fail("in \\u hexadecimal character escape");
      this.#at += 1;
    }
  }

  #number(): void {
    if (this.#text[this.#at] === "-") {
      this.#at += 1;
      if (!isDigit(this.#char())) this.#fail("in numeric literal");
    }
    if (this.#text[this.#at] === "0") this.#at += 1;
    else this.#digits();
    if (this.#text[this.#at] === ".") {
      this.#at += 1;
      if (!isDigit(this.#char())) this.#fail("after decimal point in numeric literal");
      this.#digits();
    }
    if (this.#text[this.#at] === "e" || this.#text[this.#at] === "E") {
      this.#at += 1;
      if (this.#char() === "+" || this.#char() === "-") this.#at += 1;
      if (!isDigit(this.#char())) this.#fail("in exponent of numeric literal");
      this.#digits();
    }
  }

  #digits(): void {
    while (isDigit(this.#text[this.#at] ?? "")) this.#at += 1;
  }

  #literal(word: string): void {
    for (const char of word) {
      if (this.#char() !== char) this.#fail(`in literal ${word} (expecting '${char}')`);
      this.#at += 1;
    }
  }

  #space(): void {
    while (" \t\r\n".includes(this.#text[this.#at] ?? "x")) this.#at += 1;
  }

  #step(): void {
    this.#at += 1;
  }

  /** The next character that is no space. */
  #token(): string {
    this.#space();
    return this.#char();
  }

  #char(): string {
    const char = this.#text[this.#at];
    if (char === undefined) throw new ScanError("unexpected end of JSON input");
    return char;
  }

  #fail(context: string): never {
    throw new ScanError(`invalid character ${quote(this.#text[this.#at] ?? "")} ${context}`);
  }
}

function isDigit(char: string): boolean {
  return char >= "0" && char <= "9";
}

/** Go's quoteChar. */
function quote(char: string): string {
  if (char === "'") return "'\\''";
  if (char === '"') return "'\"'";
  if (char >= " " && char < "\x7f") return `'${char === "\\" ? "\\\\" : char}'`;
  const named: Record<string, string> = {
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\b": "\\b",
    "\f": "\\f",
    "\v": "\\v",
  };
  const code = char.charCodeAt(0);
  if (named[char] !== undefined) return `'${named[char]}'`;
  if (code >= 0xa1 && code !== 0xad) return `'${char}'`;
  return `'\\${code < 0x80 ? `x${hex(code, 2)}` : `u${hex(code, 4)}`}'`;
}

function hex(code: number, length: number): string {
  return code.toString(16).padStart(length, "0");
}
