/** Something was looked at and is not as it should be, which has been told already: exit code 1, without another word. */
export class CheckFailed extends Error {
  override readonly name = "CheckFailed";

  constructor() {
    super("a check failed");
  }
}
