/** Text without the user and the password that stand in a URL: `redis://user:secret@host` is `redis://[redacted]@host`. */
export function withoutLogins(text: string): string {
  return text.replaceAll(/:\/\/[^\s'"/?#]*@/gu, "://[redacted]@");
}
