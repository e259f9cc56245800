import { expect, it } from "vitest";
import { asksForLastContact } from "@krm/protocol";

it.each([
  ["last-contact", true],
  ["drift, Last-Contact ,more", true],
  ["last-contacts", false],
  ["", false],
])("KRM-Tell: %j asks for the last contact: %s", (value, asks) => {
  expect(asksForLastContact({ "krm-tell": value })).toBe(asks);
  expect(asksForLastContact(new Headers({ "KRM-Tell": value }))).toBe(asks);
});

it("without the header nothing is asked for", () => {
  expect(asksForLastContact({})).toBe(false);
});
