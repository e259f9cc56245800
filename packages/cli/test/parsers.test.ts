import { describe, expect, it } from "vitest";
import { parseAuth } from "../src/options/auth.ts";
import { parseByteSize } from "../src/options/byte-size.ts";
import { durationBetween } from "../src/options/duration.ts";
import { formatHostPort, parseHostPort } from "../src/options/listen-address.ts";
import { oneOf, parseNamespaces } from "../src/options/names.ts";
import { decimalNumber, wholeNumber } from "../src/options/number.ts";
import { ParseError } from "../src/options/parse-error.ts";
import { parseServerUrl } from "../src/options/server-url.ts";

describe("parseHostPort", () => {
  it.each([
    ["127.0.0.1:8003", { host: "127.0.0.1", port: 8003 }],
    ["[::1]:0", { host: "::1", port: 0 }],
    ["localhost:65535", { host: "localhost", port: 65_535 }],
  ])("reads %s, and writes it back", (text, address) => {
    expect(parseHostPort(text)).toEqual(address);
    expect(formatHostPort(address)).toBe(text);
  });

  it.each(["", "8003", ":8003", "127.0.0.1", "::1:8003", "[nix]:1", "a:65536", "a:b", "http://a:1", "a:1 "])(
    "refuses %j and says how to write it",
    (text) => {
      expect(() => parseHostPort(text)).toThrow(/is not an address: write HOST:PORT/);
    },
  );
});

describe("durations", () => {
  const parse = durationBetween({ min: 1000, max: 3_600_000 });

  it.each([
    ["5m", 300_000],
    ["1s", 1000],
    ["59m60s", 3_600_000],
  ])("reads %s", (text, ms) => {
    expect(parse(text)).toBe(ms);
  });

  it.each(["5", "", "-5m", "5 m", "m", "1s1m"])("refuses %j", (text) => {
    expect(() => parse(text)).toThrow(ParseError);
  });

  it("refuses what is out of bounds, and names them", () => {
    expect(() => parse("999ms")).toThrow('"999ms" is out of bounds: from 1s to 1h');
    expect(() => parse("2h")).toThrow(ParseError);
  });

  it("refuses what a timer cannot hold, which would fire at once", () => {
    expect(() => durationBetween({ min: 1 })("1000h")).toThrow("from 1ms to 168h");
  });
});

describe("sizes", () => {
  it.each([
    ["0", 0],
    ["1048576", 1_048_576],
    ["500k", 500_000],
    ["64Mi", 67_108_864],
    ["2Gi", 2_147_483_648],
    ["3G", 3_000_000_000],
  ])("reads %s", (text, bytes) => {
    expect(parseByteSize(text)).toBe(bytes);
  });

  it.each(["", "Mi", "64MB", "64mi", "1.5Mi", "-1", "1e3", " 1", "1 Mi", "999999999999Gi", "1constructor"])(
    "refuses %j and says how to write it",
    (text) => {
      expect(() => parseByteSize(text)).toThrow(/is not a number of bytes: write it like 64Mi/);
    },
  );
});

describe("numbers", () => {
  it("reads within bounds", () => {
    expect(wholeNumber({ min: 0, max: 10 })("10")).toBe(10);
    expect(decimalNumber({ min: 0, max: 10 })("0.25")).toBe(0.25);
  });

  it.each(["11", "-1", "1.5", "1e1", "0x1", "", " 1", "NaN"])("refuses %j as a whole number from 0 to 10", (text) => {
    expect(() => wholeNumber({ min: 0, max: 10 })(text)).toThrow("is not a whole number from 0 to 10");
  });
});

describe("names", () => {
  it("reads several namespaces at once", () => {
    expect(parseNamespaces("team-a, team-b")).toEqual(["team-a", "team-b"]);
  });

  it.each(["", "Team", "a/b", "a,", "-a", "x".repeat(64)])("refuses %j as a namespace", (text) => {
    expect(() => parseNamespaces(text)).toThrow("is not a namespace");
  });

  it("lists the words there are", () => {
    expect(() => oneOf(["json", "yaml"]).parse("xml")).toThrow('"xml" is not one of json, yaml');
  });
});

describe("who may read", () => {
  it("reads every form", () => {
    expect(parseAuth("none")).toEqual({ type: "none" });
    expect(parseAuth("tokenreview")).toEqual({ type: "tokenreview", audiences: [] });
    const audiences = ["krm", "https://kubernetes.default.svc"];
    expect(parseAuth(`tokenreview:${audiences.join(",")}`)).toEqual({ type: "tokenreview", audiences });
    expect(parseAuth("static:/etc/tokens:1")).toEqual({ type: "static", file: "/etc/tokens:1" });
  });

  it.each(["", "static:", "static", "tokenreview:", "tokenreview:a,", "tokenreview:a b", "tokenreviews"])(
    "refuses %j",
    (text) => {
      expect(() => parseAuth(text)).toThrow("is not a way to authenticate: write tokenreview");
    },
  );
});

describe("URLs of servers", () => {
  it("takes the slash from the end of a server's URL", () => {
    expect(parseServerUrl("https://krm.example.com/a/")).toBe("https://krm.example.com/a");
  });

  it.each(["127.0.0.1:8003", "ftp://a", "http://a/?b=c", ""])("refuses %j as a server", (text) => {
    expect(() => parseServerUrl(text)).toThrow("write it like http://127.0.0.1:8003");
  });

  it("refuses a password in a URL without repeating it", () => {
    expect(() => parseServerUrl("http://u:secret@a")).toThrow(/^(?!.*secret).*--token-file/);
  });
});
